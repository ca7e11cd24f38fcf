"""`letter list`: list the letters to persons."""

from __future__ import annotations

import click

from bridge.cli.command import is_json_wanted, json_command
from bridge.cli.context import name_shops, open_command_context
from bridge.cli.letter.letter_view import LETTER_COLUMNS, build_letter_row
from bridge.cli.printing import print_table, show
from bridge.cli.shared.ids import LETTER_ID
from bridge.model import LetterKind, LetterState
from bridge.steps.letters.dismiss_letter import UNSENT_STATES

PAGE_ROWS = 200


@json_command("list", example="letter list --unsent\nletter list --state bounced --json")
@click.option("--state", type=click.Choice([each.value for each in LetterState]), help="Only in this state.")
@click.option("--kind", type=click.Choice([each.value for each in LetterKind]), help="Only of this kind.")
@click.option("--unsent", is_flag=True, help="Only what has not reached the person: queued, withheld, bounced.")
@click.option("--after", default="", type=LETTER_ID, help="Begin after this letter, the last of the page before.")
@click.option("--limit", type=click.IntRange(1, 1000), default=PAGE_ROWS, show_default=True, help="Rows at most.")
def list_letters_command(state: str | None, kind: str | None, unsent: bool, after: str, limit: int) -> None:
    """List the letters to persons, newest first. No address is shown."""
    states = UNSENT_STATES if unsent else ()
    with open_command_context() as context, context.store.read() as tx:
        found = tx.person_letters.select_letters(
            (LetterState(state),) if state else states, LetterKind(kind) if kind else None, after=after, limit=limit + 1
        )
        rows = name_shops([build_letter_row(each) for each in found[:limit]], tx)
    show(rows, lambda shown: print_table(shown, LETTER_COLUMNS, empty="No letters."))
    if len(found) > limit:
        click.echo(f"There are more. The next page: --after {rows[-1]['id']}", err=is_json_wanted())
