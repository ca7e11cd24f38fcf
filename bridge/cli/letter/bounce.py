"""`letter bounce`: record that a letter to a person did not arrive."""

from __future__ import annotations

from pathlib import Path

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_with_error, open_command_context
from bridge.cli.files.input_files import INPUT_FILE, name_input, read_whole_input
from bridge.cli.letter.letter_view import find_letter_or_exit
from bridge.cli.printing import show
from bridge.cli.shared.ids import LETTER_ID
from bridge.connectors.smtp import find_bounced_message_id
from bridge.model import LetterState
from bridge.steps.letters.operate_letters import record_letter_bounce


@json_command(example="letter bounce ltr_01M84N6EY20CZ9W2PB73FKRKAY\nletter bounce --mail report.eml")
@click.argument("letter_id", type=LETTER_ID, metavar="[ID]", required=False)
@click.option("--mail", type=INPUT_FILE, help="The report that came back (.eml, or - for stdin), in place of the id.")
def bounce(letter_id: str | None, mail: Path | None) -> None:
    """Record that a letter which was sent did not arrive. What it told counts as not told, until it is sent again."""
    if (letter_id is None) is (mail is None):
        raise click.UsageError("Give the id of the letter, or --mail.")
    message_id = find_bounced_message_id(read_whole_input(mail)) if mail else ""
    if mail and not message_id:
        exit_with_error(f"{name_input(mail)} does not report a failed letter.")
    with open_command_context() as context, context.store.transaction() as tx:
        letter = (
            find_letter_or_exit(tx, letter_id) if letter_id else tx.person_letters.find_letter_by_message_id(message_id)
        )
        if letter is None:
            exit_with_error(f"No letter to a person was sent as {message_id}.")
        if letter.state is not LetterState.SENT:
            exit_with_error(f"{letter.id} is {letter.state}: only a letter that was sent can come back.")
        record_letter_bounce(letter, tx=tx, actor=context.operator)
    shown = {"id": letter.id, "state": LetterState.BOUNCED}
    show(shown, f"{letter.id} has bounced. Find another address, then `letter resend {letter.id} --to -`.")
