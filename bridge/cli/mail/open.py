"""`mail open`: make a request of a mail; its clock runs since the mail arrived."""

from __future__ import annotations

from pathlib import Path

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_on_refusal, open_command_context
from bridge.cli.dsr.open import OPENING_FAULTS
from bridge.cli.files.input_files import INPUT_FILE, read_input_text
from bridge.cli.files.particulars import PARTICULARS_HELP, read_request_details
from bridge.cli.mail.mail_view import find_open_mail_or_exit
from bridge.cli.options import OPTIONAL_SHOP_OPTION
from bridge.cli.printing import show
from bridge.cli.shared.dates import format_time
from bridge.cli.shared.ids import MAIL_ID
from bridge.model import Language, RequestKind
from bridge.rules.index.request_identifiers import MAX_TEXT_CHARS, build_principal, parse_identifiers
from bridge.steps.mailbox.open_mail import MAIL_FAULTS, open_mail
from bridge.steps.requests.open_for_person import PERSON_KINDS

IDENTIFIERS_HELP = (
    "A file, or - for stdin, with customer_id, email, phone and order_id of the person. [default: the sender's address]"
)


@json_command(
    "open",
    example="mail open mal_01M84N6EY20CZ9W2PB73FKRKAY access\n"
    "mail open mal_01M84N6EY20CZ9W2PB73FKRKAY erasure --identifiers - < person.json",
)
@click.argument("mail_id", type=MAIL_ID, metavar="ID")
@click.argument("kind", type=click.Choice([kind.value for kind in PERSON_KINDS]))
@OPTIONAL_SHOP_OPTION
@click.option("--identifiers", "source", type=INPUT_FILE, help=IDENTIFIERS_HELP)
@click.option("--particulars", "particulars_file", type=INPUT_FILE, help=PARTICULARS_HELP)
@click.option(
    "--language",
    type=click.Choice([language.value for language in Language]),
    default=Language.ENGLISH.value,
    show_default=True,
    help="The language of our letters.",
)
def open_mail_command(
    mail_id: str, kind: str, shop: str | None, source: Path | None, particulars_file: Path | None, language: str
) -> None:
    """Make a request of a mail. It counts from the mail's arrival, and letters go to the mail's sender.

    It joins an open request of the same kind and person. A request to erase waits for `dsr approve`, like any that came
    by the merchant's doors.
    """
    identifiers = _read_identifiers(source)
    with open_command_context() as context:
        with context.store.read() as tx:
            mail = find_open_mail_or_exit(mail_id, tx)
        with exit_on_refusal("Not opened", OPENING_FAULTS | MAIL_FAULTS):
            request = open_mail(
                mail,
                RequestKind(kind),
                shop=shop or mail.shop or context.choose_shop(None),
                principal=build_principal(identifiers) if identifiers else None,
                details=read_request_details(RequestKind(kind), particulars_file, {}),
                language=Language(language),
                actor=context.operator,
                services=context.services,
            )
    shown = {
        "id": request.id,
        "mail": mail_id,
        "kind": kind,
        "received_at": request.received_at,
        "due_at": request.due_at,
    }
    show(shown, f"{mail_id} is {request.id} now, due {format_time(request.due_at)} ({request.due_governed_by}).")


def _read_identifiers(source: Path | None) -> dict[str, list[str]]:
    if source is None:
        return {}
    try:
        read = parse_identifiers(read_input_text(source, max_bytes=4 * MAX_TEXT_CHARS))
    except (ValueError, TypeError, RecursionError):
        read = {}
    if not read:
        raise click.UsageError("--identifiers is no JSON object and no lines of: customer_id, email, phone, order_id")
    return read
