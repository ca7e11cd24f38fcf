"""`letter preview`: show how a letter would read that nobody has queued."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_with_error, open_command_context
from bridge.cli.dsr.dsr_view import find_request_or_exit
from bridge.cli.letter import letter_view as view
from bridge.cli.options import reading_reason_option
from bridge.cli.shared.ids import REQUEST_ID
from bridge.model import Language, LetterKind, LetterState, PersonLetter
from bridge.steps.letters.send_letter import read_letter_input


@json_command(
    example="letter preview req_01M84N6EY20CZ9W2PB73FKRKAY refusal --value reason=identity_not_proven --reason 'to approve it'"
)
@click.argument("request_id", type=REQUEST_ID, metavar="REQUEST")
@click.argument("kind", type=click.Choice([each.value for each in LetterKind]))
@click.option("--language", type=click.Choice([each.value for each in Language]), help="[default: the person's]")
@click.option(
    "--value",
    "values",
    multiple=True,
    help="What the letter says beside the request, such as reason=identity_not_proven.",
)
@view.form_options
@reading_reason_option("Why you read it. No names.")
def preview(
    request_id: str,
    kind: str,
    language: str | None,
    values: tuple[str, ...],
    text: bool,
    html: Path | None,
    pdf: Path | None,
    force: bool,
    reason: str,
) -> None:
    """Show how a letter to the person of REQUEST would read. Nothing is queued or sent; reading it is recorded."""
    if any("=" not in each for each in values):
        raise click.UsageError("--value must be of the form name=value.")
    forms = view.Forms(text=text, html=html, pdf=pdf, force=force, reason=reason)
    forms.check()
    with open_command_context() as context, context.store.transaction() as tx:
        request = find_request_or_exit(tx, request_id)
        letter = PersonLetter(
            id="",
            shop=request.shop,
            request_id=request_id,
            kind=LetterKind(kind),
            number=0,
            state=LetterState.QUEUED,
            values=tuple((name, value) for name, _, value in (each.partition("=") for each in values)),
            created_at=context.services.clock.now(),
        )
        given = read_letter_input(request_id, letter, tx=tx, services=context.services)
        if given is None:
            exit_with_error(f"{request_id} is gone.")
        view.record_reading(given, reason, context, tx)
    if language:
        given = replace(given, language=Language(language))
    view.show_form(given, forms, {"request_id": request_id, "kind": kind, "language": given.language})
