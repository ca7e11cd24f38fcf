"""`disclosure add`: record what was given to an authority."""

from __future__ import annotations

from pathlib import Path

import click

from bridge.cli.command import json_command
from bridge.cli.context import open_command_context
from bridge.cli.disclosure.disclosure_view import (
    SECRET_OPTION,
    UNTIL_OPTION,
    build_disclosure_rows,
    describe_secrecy,
    exit_on_invalid_disclosure,
)
from bridge.cli.files.identifiers import add_identifiers, person_options
from bridge.cli.files.input_files import INPUT_FILE, STDIN
from bridge.cli.files.particulars import read_mapping
from bridge.cli.options import OPTIONAL_SHOP_OPTION, REASON_OPTION
from bridge.cli.printing import show
from bridge.cli.shared.dates import When, when_option
from bridge.cli.shared.ids import REQUEST_ID
from bridge.model import Secrecy
from bridge.rules.desk.disclosures import parse_disclosure
from bridge.rules.index.request_identifiers import build_principal
from bridge.steps.desk.record_disclosure import record_disclosure

PARTICULARS_HELP = (
    "A file, or - for stdin, with a JSON object: authority, law (the law or order that demanded it) and, where it is not "
    "IN, country."
)


@json_command(
    "add",
    example="disclosure add --order-id 5123456789 --given-on 2026-11-20 --category address --particulars - "
    "--no-secrecy --reason 'notice of 18 Nov' < notice.json\n"
    "disclosure add --request req_01M84N6EY20CZ9W2PB73FKRKAY --given-on 2026-11-20 --category contact --particulars n.json "
    "--non-disclosable-until 2027-05-31 --reason 'order of 18 Nov'",
)
@OPTIONAL_SHOP_OPTION
@click.option("--request", "request_id", type=REQUEST_ID, metavar="ID", help="The person of this request.")
@person_options("With country code; may be repeated. It counts only if nothing else is given.")
@when_option("--given-on", required=True, meaning="The day on which the data were given.")
@click.option(
    "--category", "categories", multiple=True, required=True, help="Of the retention file: what was given. Repeat it."
)
@click.option("--particulars", "particulars_source", type=INPUT_FILE, required=True, help=PARTICULARS_HELP)
@click.option("--no-secrecy", "is_open", is_flag=True, help="No law forbids to tell the person.")
@UNTIL_OPTION
@SECRET_OPTION
@REASON_OPTION
def add_disclosure_command(
    shop: str | None,
    request_id: str | None,
    customer_id: str,
    emails: tuple[str, ...],
    phones: tuple[str, ...],
    orders: tuple[str, ...],
    source: Path | None,
    given_on: When,
    categories: tuple[str, ...],
    particulars_source: Path,
    is_open: bool,
    until: When | None,
    is_open_ended: bool,
    reason: str,
) -> None:
    """Record that personal data of a person, or of orders, were given to a public authority.

    The person's next copy tells it, unless a law forbids that: then no copy does before the secrecy ends. Name the
    customer number wherever it is known: what is recorded under a phone alone may be found by nothing else.
    """
    if [is_open, bool(until), is_open_ended].count(True) != 1:
        raise click.UsageError("give one of --no-secrecy, --non-disclosable-until and --secret")
    if source == particulars_source == STDIN:
        raise click.UsageError("--identifiers and --particulars cannot both be read from stdin")
    named = {"customer_id": [customer_id] if customer_id else [], "email": emails, "phone": phones, "order_id": orders}
    identifiers = add_identifiers(named, source, reason)
    if request_id and any(identifiers.values()):
        raise click.UsageError("give --request or identifiers: the request names its person")
    with open_command_context() as context, exit_on_invalid_disclosure(request_id or ""):
        services, zone = context.services, context.merchant_zone
        recorded = record_disclosure(
            parse_disclosure(read_mapping(particulars_source), categories),
            given_on=given_on.resolve_day(zone),
            secrecy=None if is_open else Secrecy(until=until.resolve_day(zone) if until else None),
            actor=context.operator,
            reason=reason,
            services=services,
            request_id=request_id or "",
            shop="" if request_id else context.resolve_shop(context.choose_shop(shop)),
            principal=build_principal(identifiers),
        )
        with context.store.read() as tx:
            [row] = build_disclosure_rows([recorded], tx, services)
    show(row, f"Recorded {recorded.id}: {describe_secrecy(row)}.")
