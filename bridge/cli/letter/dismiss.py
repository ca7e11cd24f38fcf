"""`letter dismiss`: end a letter that nobody needs any more."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_with_error, open_command_context
from bridge.cli.letter.letter_view import find_letter_or_exit
from bridge.cli.options import REASON_OPTION
from bridge.cli.printing import show
from bridge.cli.shared.ids import LETTER_ID
from bridge.model import LetterState
from bridge.steps.letters.dismiss_letter import UNSENT_STATES, dismiss_letter


@json_command(
    example="letter dismiss ltr_01M84N6EY20CZ9W2PB73FKRKAY --reason 'told by telephone' --yes",
    irreversible="The letter is not sent any more.",
)
@click.argument("letter_id", type=LETTER_ID, metavar="ID")
@REASON_OPTION
def dismiss(letter_id: str, reason: str) -> None:
    """End a letter that has not reached the person, because they were told another way. This is recorded."""
    with open_command_context() as context, context.store.transaction() as tx:
        letter = find_letter_or_exit(tx, letter_id)
        if letter.state not in UNSENT_STATES:
            exit_with_error(f"{letter_id} is {letter.state} already.")
        if not dismiss_letter(letter, tx=tx, actor=context.operator, reason=reason):
            exit_with_error(f"{letter_id} is being sent at this moment: look again.")
    show({"id": letter_id, "state": LetterState.DISMISSED}, f"{letter_id} is not sent any more.")
