"""Options by which a command names a person, and reading them: with `--identifiers` none stands on the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import click

from bridge.cli.files.input_files import INPUT_FILE, read_input_text
from bridge.cli.options import ADVICE, Decorator
from bridge.rules.index.request_identifiers import MAX_TEXT_CHARS, parse_identifiers
from bridge.rules.scanning.personal_text import has_value_of_person

IDENTIFIERS_HELP = (
    "A file, or - for stdin, with customer_id, email, phone and order_id: a JSON object, or lines name: value."
)
PERSON_FAULTS = {
    "nobody_named": "give --customer-id, --email, --phone, --order-id or --identifiers",
    "customer_repeated": "give one customer id; open a request for each customer",
    "customer_unreadable": "--customer-id must be Shopify's number of the customer",
    "email_unreadable": "--email is not an e-mail address",
    "phone_unreadable": "--phone is not a phone number; write it with its country code",
}


def person_options(phone_help: str) -> Decorator:
    """Return the options: `customer_id`, `emails`, `phones`, `orders` and `source`."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        for option in (
            click.option("--customer-id", default="", help="Shopify's number of the customer."),
            click.option("--email", "emails", multiple=True, help="May be repeated; each is searched."),
            click.option("--phone", "phones", multiple=True, help=phone_help),
            click.option(
                "--order-id", "--order", "orders", multiple=True, help="Shopify's number of an order; may be repeated."
            ),
            click.option("--identifiers", "source", type=INPUT_FILE, help=IDENTIFIERS_HELP),
        )[::-1]:
            command = option(command)
        return command

    return decorate


def add_identifiers(identifiers: Mapping[str, Iterable[str]], source: Path | None, reason: str) -> dict[str, list[str]]:
    """Return these identifiers and those that the source holds. Raises UsageError that repeats none of them."""
    text = read_input_text(source, max_bytes=4 * MAX_TEXT_CHARS) if source else ""
    try:
        read = parse_identifiers(text)
    except (ValueError, TypeError, RecursionError):
        raise click.UsageError(
            "--identifiers is no JSON object and no lines of: customer_id, email, phone, order_id"
        ) from None
    if source and not read:
        raise click.UsageError("--identifiers is empty")
    if has_value_of_person(reason, [value for values in read.values() for value in values]):
        raise click.UsageError(f"--reason repeats an identifier that the command was given. {ADVICE}")
    return {name: [*given, *read.get(name, ())] for name, given in identifiers.items()}
