"""Read what a request asks for in detail: from a file or stdin, so that no value stands on a command line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from bridge.cli.files.input_files import read_input_text
from bridge.model import Particulars, RequestKind
from bridge.rules.requests.particulars import MAX_TEXT_CHARS, parse_particulars

PARTICULARS_HELP = "What is asked for in detail: a file, or - for stdin, with a JSON object; of a grievance the complaint as plain text."


def read_particulars(kind: RequestKind, source: Path | None, codes: Mapping[str, Any]) -> Particulars | None:
    """Return the particulars of a file and of options with codes.

    Raises UsageError where the file is no JSON object, and PayloadInvalid as `parse_particulars`.
    """
    text = read_input_text(source, max_bytes=8 * MAX_TEXT_CHARS) if source else ""
    try:
        given = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        if kind is not RequestKind.GRIEVANCE:
            raise click.UsageError("--particulars is no JSON object") from None
        given = {"text": text}
    return parse_particulars(kind, {**given, **{name: value for name, value in codes.items() if value}})
