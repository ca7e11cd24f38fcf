"""`dsr answer`: answer a grievance."""

from __future__ import annotations

from pathlib import Path

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_on_refusal, open_command_context
from bridge.cli.files.input_files import INPUT_FILE, read_input_text
from bridge.cli.printing import show
from bridge.cli.shared.ids import REQUEST_ID
from bridge.rules.requests.particulars import MAX_TEXT_CHARS
from bridge.steps.grievances.answer_grievance import GRIEVANCE_OUTCOMES, answer_grievance

GRIEVANCE_FAULTS = {
    "not_a_grievance": "it is no grievance: see `dsr show`",
    "answered_already": "it is answered already: see `dsr show`",
    "answer_missing": "the text is empty",
    "answer_too_long": f"the text is longer than {MAX_TEXT_CHARS} characters, or no text",
}


@json_command(
    "answer",
    example="dsr answer req_01M84N6EY20CZ9W2PB73FKRKAY --text answer.txt --code upheld",
    irreversible="The answer is sent as a letter, and cannot be changed.",
)
@click.argument("request_id", type=REQUEST_ID, metavar="ID")
@click.option("--text", "source", required=True, type=INPUT_FILE, help="A file with the answer, or - for stdin.")
@click.option("--code", required=True, type=click.Choice(GRIEVANCE_OUTCOMES), help="What became of the grievance.")
def answer_grievance_command(request_id: str, source: Path, code: str) -> None:
    """Answer a grievance: a letter with this text, and with where to complain further on that day.

    The text is sealed with the complaint, and is in no evidence; the code is.
    """
    text = read_input_text(source, max_bytes=8 * MAX_TEXT_CHARS)
    with (
        open_command_context() as context,
        exit_on_refusal(f"{request_id}: not answered", GRIEVANCE_FAULTS, about=request_id),
    ):
        answer_grievance(request_id, text, code, actor=context.operator, services=context.services)
    show({"id": request_id, "code": code}, f"{request_id} is answered: {code}. The letter is queued.")
