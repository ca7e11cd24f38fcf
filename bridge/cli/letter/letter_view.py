"""How a letter is found and shown: its state, and in each of its forms how it reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from bridge.cli.context import CommandContext, exit_with_error
from bridge.cli.files.output_files import OUTPUT_FILE, save_output, show_output
from bridge.cli.options import Decorator
from bridge.cli.printing import select_fields, show
from bridge.cli.shared.ids import exit_with_unknown_id
from bridge.model import Fact, PersonLetter
from bridge.steps.letters.build_letter import LetterInput, build_letter_page
from bridge.steps.letters.letter_forms import render_letter_html, render_letter_text
from bridge.steps.letters.letter_page import LetterPage
from bridge.steps.letters.letter_texts import TextMissing
from bridge.steps.letters.pdf.write_pdf import render_letter_pdf
from bridge.store import Tx

LETTER_COLUMNS = (
    "id",
    "shop",
    "request_id",
    "kind",
    "number",
    "state",
    "created_at",
    "sent_at",
    "attempts",
    "last_error",
)
PDF_MISSING = "A PDF needs HarfBuzz, which is not installed here: install what requirements.txt names (uharfbuzz). Text and HTML say the same."


@dataclass(frozen=True, kw_only=True, slots=True)
class Forms:
    """In which form a letter is wanted: text, or a file of HTML or PDF, or none."""

    text: bool
    html: Path | None
    pdf: Path | None
    force: bool
    reason: str

    def check(self) -> bool:
        """Return whether a form was named. Raises UsageError where several were, or nobody says why it is read."""
        named = self.text + (self.html is not None) + (self.pdf is not None)
        if named > 1:
            raise click.UsageError("Give one of --text, --html and --pdf.")
        if named and not self.reason:
            raise click.UsageError("A letter names a person: say by --reason why you read it.")
        return bool(named)


def form_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of `Forms`."""
    options: tuple[Decorator, ...] = (
        click.option("--text", is_flag=True, help="Print it as text."),
        click.option("--html", type=OUTPUT_FILE, help="Write it as HTML to this file, or to - for stdout."),
        click.option("--pdf", type=OUTPUT_FILE, help="Write it as PDF to this file, or to - for stdout."),
        click.option("--force", is_flag=True, help="Overwrite the file if it exists."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def find_letter_or_exit(tx: Tx, letter_id: str) -> PersonLetter:
    """Return the letter; exit with 1 where there is none."""
    letter = tx.person_letters.find_letter(letter_id)
    if letter is None:
        exit_with_unknown_id("ltr", letter_id)
    return letter


def build_letter_row(letter: PersonLetter) -> dict[str, Any]:
    """Return what is shown of a letter in lists and views."""
    return select_fields(letter, LETTER_COLUMNS)


def record_reading(given: LetterInput, reason: str, context: CommandContext, tx: Tx) -> None:
    """Record that an operator read a letter: it may quote what the person wrote."""
    about = {"shop": given.request.shop, "request_id": given.request.id, "what": "letter", "letter_kind": given.kind}
    tx.evidence.append_fact(Fact.PERSONAL_DATA_REVEALED, actor=context.operator, **about, reason=reason)


def show_form(given: LetterInput, forms: Forms, about: dict[str, Any]) -> None:
    """Print the letter, or write it to a file; exit with 1 where a text or what makes a PDF is missing."""
    try:
        page = build_letter_page(given)
    except TextMissing as missing:
        exit_with_error(f"The letter cannot be written: {missing} is missing.")
    if target := forms.html or forms.pdf:
        content = render_letter_html(page).encode() if forms.html else _render_pdf_or_exit(page)
        save_output(target, content, force=forms.force)
        show_output(target, content, {**about, "file": str(target), "bytes": len(content)}, f"Wrote {target}.")
        return
    text = render_letter_text(page)
    show({**about, "subject": page.title, "text": text}, text)


def _render_pdf_or_exit(page: LetterPage) -> bytes:
    try:
        return render_letter_pdf(page)
    except ImportError:
        exit_with_error(PDF_MISSING)
