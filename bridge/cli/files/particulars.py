"""Read what a request states beside identifiers: from a file or stdin, so that no value stands on a command line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from bridge.cli.files.input_files import read_input_text
from bridge.errors import PayloadInvalid
from bridge.model import Language, ReplyContact, RequestDetails, RequestKind
from bridge.rules.requests.particulars import INCIDENT_TEXTS, MAX_TEXT_CHARS, parse_particulars

MAX_PARTICULARS_BYTES = 20 * MAX_TEXT_CHARS
MAX_ADDRESS_CHARS = 320
CONTACT_FIELDS = ("reply_to", "language")
PARTICULARS_HELP = (
    "What is asked for in detail: a file, or - for stdin, with a JSON object; of a grievance the complaint as plain text "
    "will do. reply_to and language say where letters go."
)
_FIELDS = ("name", "contact", "relation", "right", "proof", "changes", "noticed_at", "text", *INCIDENT_TEXTS)
PARTICULARS_FAULTS: Mapping[str, str] = {
    **{f"{name}_missing": f"--particulars needs {name}" for name in _FIELDS},
    **{f"{name}_unreadable": f"{name} in --particulars is not what it must be" for name in (*_FIELDS, *CONTACT_FIELDS)},
    "particulars_missing": "it needs --particulars",
    "particulars_unknown": "--particulars, or an option, names what this kind of request has not",
    "right_not_by_hand": "that right cannot be opened by hand",
    "person_named": "an incident names no person: leave out the identifiers",
}


def read_mapping(source: Path) -> dict[str, Any]:
    """Return the JSON object of a file. Raises UsageError that repeats nothing of it."""
    given = _parse_object(read_input_text(source, max_bytes=MAX_PARTICULARS_BYTES))
    if given is None:
        raise click.UsageError("--particulars is no JSON object")
    return given


def read_request_details(kind: RequestKind, source: Path | None, codes: Mapping[str, Any]) -> RequestDetails:
    """Return the particulars of a file and of options with codes, and the contact of the file.

    Raises UsageError where the file is no JSON object, and PayloadInvalid as `parse_particulars`.
    """
    text = read_input_text(source, max_bytes=MAX_PARTICULARS_BYTES) if source else ""
    given = _parse_object(text) if text else {}
    if given is None:
        if kind is not RequestKind.GRIEVANCE:
            raise click.UsageError("--particulars is no JSON object")
        given = {"text": text}
    contact = _read_reply_contact(given.pop("reply_to", None), given.pop("language", Language.ENGLISH.value))
    particulars = parse_particulars(kind, {**given, **{name: value for name, value in codes.items() if value}})
    return RequestDetails(particulars=particulars, contact=contact)


def _parse_object(text: str) -> dict[str, Any] | None:
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return given if isinstance(given, dict) else None


def _read_reply_contact(address: Any, language: Any) -> ReplyContact | None:
    if address is None:
        return None
    if not isinstance(address, str) or "@" not in address or len(address) > MAX_ADDRESS_CHARS:
        raise PayloadInvalid("reply_to_unreadable")
    if language not in {each.value for each in Language}:
        raise PayloadInvalid("language_unreadable")
    return ReplyContact(address=address.strip(), language=Language(language))
