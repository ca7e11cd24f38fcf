"""`letter show`: show one letter, and how it reads."""

from __future__ import annotations

from pathlib import Path

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_with_error, name_shops, open_command_context
from bridge.cli.letter import letter_view as view
from bridge.cli.options import REVEAL_REASON, free_text_option
from bridge.cli.printing import print_fields, show
from bridge.cli.shared.ids import LETTER_ID
from bridge.steps.letters.send_letter import read_letter_input


@json_command("show", example="letter show ltr_01M84N6EY20CZ9W2PB73FKRKAY --text --reason 'the person called'")
@click.argument("letter_id", type=LETTER_ID, metavar="ID")
@view.form_options
@free_text_option("--reason", "Why you read it; required with a form. No names.", required=False, kind=REVEAL_REASON)
def show_letter_command(
    letter_id: str, text: bool, html: Path | None, pdf: Path | None, force: bool, reason: str
) -> None:
    """Show where a letter stands; with a form, how it reads now, before it is sent too. Reading it is recorded.

    A link is for the person alone and is not shown. The SHA-256 is of the text that was sent.
    """
    forms = view.Forms(text=text, html=html, pdf=pdf, force=force, reason=reason)
    is_read = forms.check()
    with open_command_context() as context, context.store.transaction() as tx:
        letter = view.find_letter_or_exit(tx, letter_id)
        [row] = name_shops([view.build_letter_row(letter)], tx)
        row |= {"message_id": letter.message_id, "text_sha256": letter.text_sha256, "values": dict(letter.values)}
        given = read_letter_input(letter.request_id, letter, tx=tx, services=context.services) if is_read else None
        if given is not None:
            view.record_reading(given, reason, context, tx)
    if not is_read:
        show(row, lambda shown: print_fields(shown, width=14))
    elif given is None:
        exit_with_error(f"{letter_id} cannot be written any more: its request is gone.")
    else:
        view.show_form(given, forms, row)
