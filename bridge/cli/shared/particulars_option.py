"""`--particulars`: what a request states beside identifiers, read from a file or stdin and never from the command line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from bridge.cli.files.input_files import INPUT_FILE, STDIN, read_input_text
from bridge.errors import PayloadInvalid
from bridge.model import Language, ReplyContact, RequestDetails, RequestKind
from bridge.rules.requests.particulars import INCIDENT_TEXTS, parse_particulars

MAX_BYTES = 200_000
CONTACT_FIELDS = ("reply_to", "language")
PARTICULARS_HELP = (
    "A JSON object, from a file or - for stdin. nomination: name, contact, relation. nominee_exercise: name, contact, "
    "right, proof, and changes for a correction. incident: noticed_at, text, and what else is known. reply_to and "
    "language say where letters go."
)
PARTICULARS_OPTION = click.option("--particulars", type=INPUT_FILE, help=PARTICULARS_HELP)
_FIELDS = ("name", "contact", "relation", "right", "proof", "changes", "noticed_at", "text", *INCIDENT_TEXTS)
PARTICULARS_FAULTS: Mapping[str, str] = {
    **{f"{name}_missing": f"--particulars needs {name}" for name in _FIELDS},
    **{f"{name}_unreadable": f"{name} in --particulars is not what it must be" for name in (*_FIELDS, *CONTACT_FIELDS)},
    "particulars_missing": "it needs --particulars",
    "particulars_unknown": "--particulars has a name that this kind of request does not know",
    "right_not_by_hand": "that right cannot be opened by hand",
    "person_named": "an incident names no person: leave out the identifiers",
}


def read_mapping(source: Path) -> dict[str, Any]:
    """Return the JSON object of a file. Raises UsageError that repeats nothing of it."""
    try:
        given = json.loads(read_input_text(source, max_bytes=MAX_BYTES))
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        raise click.UsageError("--particulars is no JSON object")
    return given


def read_details(kind: RequestKind, source: Path | None, identifiers: Path | None = None) -> RequestDetails | None:
    """Return what `--particulars` says for a request of this kind; None where it was not given.

    Raises UsageError, and PayloadInvalid as `parse_particulars`.
    """
    if source is None:
        return None
    if source == STDIN and identifiers == STDIN:
        raise click.UsageError("only one of --identifiers and --particulars can be -")
    given = read_mapping(source)
    contact = _read_reply_contact(given.pop("reply_to", None), given.pop("language", Language.ENGLISH.value))
    return RequestDetails(particulars=parse_particulars(kind, given), contact=contact)


def _read_reply_contact(address: Any, language: Any) -> ReplyContact | None:
    if address is None:
        return None
    if not isinstance(address, str) or "@" not in address or len(address) > 320:
        raise PayloadInvalid("reply_to_unreadable")
    if language not in {each.value for each in Language}:
        raise PayloadInvalid("language_unreadable")
    return ReplyContact(address=address.strip(), language=Language(language))
