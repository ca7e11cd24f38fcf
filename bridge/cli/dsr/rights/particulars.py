"""What `dsr open` takes beside identifiers: codes as options, values that are personal from a file or stdin."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from bridge.cli.files.input_files import INPUT_FILE, read_input_text
from bridge.cli.options import ADVICE
from bridge.model import RequestDetails, RequestKind
from bridge.rules.requests.particulars import ALLOWED_CODES, MAX_TEXT_CHARS, parse_particulars
from bridge.rules.scanning.personal_text import has_value_of_person

PARTICULARS_HELP = "A JSON file, or - for stdin, with what exactly is asked for: changes of a correction, grounds."
PARTICULARS_FAULTS = {
    "particulars_missing": "say what is asked for: --particulars, --ground or --purpose",
    "particulars_unknown": "a request of this kind takes no such particulars",
    "changes_missing": "--particulars needs changes: a list of field and new",
    "changes_unreadable": "--particulars: each change needs a field that can be corrected, once, and its new value",
    "ground_missing": "give --ground",
    "ground_unreadable": "--ground is none of the grounds",
    "purposes_missing": "give --purpose",
    "purposes_unreadable": "--purpose is none of the purposes",
    "proof_unreadable": "--particulars: proof is too long",
    "grounds_unreadable": "--particulars: grounds are too long",
}


def particulars_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options to a command."""
    grounds = sorted(ALLOWED_CODES[RequestKind.RESTRICTION, "ground"])
    purposes = sorted(ALLOWED_CODES[RequestKind.OBJECTION, "purposes"])
    for option in (
        click.option("--particulars", "particulars_source", type=INPUT_FILE, help=PARTICULARS_HELP),
        click.option("--ground", type=click.Choice(grounds), help="Of a restriction: why (GDPR Art 18(1))."),
        click.option(
            "--purpose",
            "purposes",
            multiple=True,
            type=click.Choice(purposes),
            help="Of an objection; may be repeated.",
        ),
    )[::-1]:
        command = option(command)
    return command


def read_details(
    kind: RequestKind,
    source: Path | None,
    identifiers: Path | None,
    ground: str | None,
    purposes: Iterable[str],
    reason: str,
) -> RequestDetails | None:
    """Return what is asked for exactly; None where nothing is given. Raises PayloadInvalid, and UsageError that repeats no value."""
    if source and identifiers and str(source) == str(identifiers) == "-":
        raise click.UsageError("--particulars and --identifiers cannot both read stdin")
    given: dict[str, Any] = _read_particulars_json(source) if source else {}
    given |= {"ground": ground} if ground else {}
    given |= {"purposes": list(purposes)} if purposes else {}
    if not given:
        return None
    if has_value_of_person(reason, list(_iterate_texts(given))):
        raise click.UsageError(f"--reason repeats a value of --particulars. {ADVICE}")
    return RequestDetails(particulars=parse_particulars(kind, given))


def _read_particulars_json(source: Path) -> dict[str, Any]:
    try:
        given = json.loads(read_input_text(source, max_bytes=4 * MAX_TEXT_CHARS))
    except (ValueError, RecursionError):
        raise click.UsageError("--particulars is no JSON") from None
    if not isinstance(given, dict):
        raise click.UsageError("--particulars is no JSON object")
    return given


def _iterate_texts(value: Any) -> Iterable[str]:
    """Yield the values that may be personal: those of changes, and none of the codes."""
    changes = value.get("changes") if isinstance(value, Mapping) else None
    for change in changes if isinstance(changes, list) else ():
        if isinstance(change, Mapping):
            yield from (str(change[name]) for name in ("old", "new") if change.get(name))
