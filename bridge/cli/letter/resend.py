"""`letter resend`: send a letter again, also to another address."""

from __future__ import annotations

from pathlib import Path

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_on_refusal, exit_with_error, open_command_context
from bridge.cli.files.input_files import INPUT_FILE, read_input_text
from bridge.cli.letter.letter_view import find_letter_or_exit
from bridge.cli.options import REASON_OPTION
from bridge.cli.printing import show
from bridge.cli.shared.ids import LETTER_ID
from bridge.model import Language
from bridge.rules.index.email_addresses import read_email_addresses
from bridge.steps.letters.acknowledge import enqueue_letters
from bridge.steps.letters.operate_letters import change_contact, explain_no_letter_resend, resend_letter

MAX_ADDRESS_BYTES = 400
CONTACT_FAULTS = {
    "request_unknown": "its request is gone",
    "no_contact": "nobody knows an address of the person; give it with --to",
}


@json_command(
    example="letter resend ltr_01M84N6EY20CZ9W2PB73FKRKAY --reason 'the mailbox was full'\n"
    "letter resend ltr_01M84N6EY20CZ9W2PB73FKRKAY --to - --reason 'a new address, by telephone' < address.txt"
)
@click.argument("letter_id", type=LETTER_ID, metavar="ID")
@click.option(
    "--to", "source", type=INPUT_FILE, help="A file, or - for stdin, with the address that letters go to from now on."
)
@click.option("--language", type=click.Choice([each.value for each in Language]), help="The language from now on.")
@REASON_OPTION
def resend(letter_id: str, source: Path | None, language: str | None, reason: str) -> None:
    """Send a letter again: after a bounce, when it was withheld, or when the person lost it.

    A new address or language counts for all further letters of the request, while it is stored. It never stands on the
    command line, where others on the machine would see it.
    """
    address = _read_new_address(source) if source else ""
    with open_command_context() as context, exit_on_refusal(f"{letter_id}: not sent", CONTACT_FAULTS):
        with context.store.transaction() as tx:
            letter = find_letter_or_exit(tx, letter_id)
            if address or language:
                change_contact(
                    letter, address, Language(language) if language else None, tx=tx, services=context.services
                )
            elif why := explain_no_letter_resend(letter):
                exit_with_error(f"{letter_id}: {why}.")
            if not resend_letter(letter, tx=tx, actor=context.operator, reason=reason):
                exit_with_error(f"{letter_id} is being sent at this moment, or has changed: look again.")
        enqueue_letters(letter.request_id, services=context.services)
    show({"id": letter_id, "state": "queued"}, f"{letter_id} is sent again within seconds.")


def _read_new_address(source: Path) -> str:
    addresses, is_whole = read_email_addresses(read_input_text(source, max_bytes=MAX_ADDRESS_BYTES).strip())
    if len(addresses) != 1 or not is_whole:
        raise click.UsageError("--to must hold one e-mail address and nothing else.")
    return addresses[0]
