"""What `dsr open` takes beside identifiers: codes as options, values that are personal from a file or stdin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from bridge.cli.files.input_files import INPUT_FILE, STDIN
from bridge.cli.files.particulars import PARTICULARS_FAULTS, PARTICULARS_HELP, read_request_details
from bridge.cli.options import ADVICE
from bridge.model import CorrectionParticulars, RequestDetails, RequestKind
from bridge.rules.consents.channels import ALL_CHANNELS
from bridge.rules.requests.particulars import ALLOWED_CODES
from bridge.rules.scanning.personal_text import has_value_of_person

OPTION_FAULTS = {
    **PARTICULARS_FAULTS,
    "changes_missing": "--particulars needs changes: a list of field and new",
    "changes_unreadable": "--particulars: each change needs a field that can be corrected, once, and its new value",
    "ground_missing": "give --ground",
    "ground_unreadable": "--ground is none of the grounds",
    "purposes_missing": "give --purpose",
    "purposes_unreadable": "--purpose is none of the purposes",
    "grounds_unreadable": "--particulars: grounds are too long",
    "text_missing": "give the complaint by --particulars, a file or - for stdin",
    "text_unreadable": "the complaint is no text, or longer than 10,000 characters",
    "channels_unreadable": "the channels are of: email, sms, whatsapp, profiling",
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
        click.option(
            "--channel",
            "channels",
            multiple=True,
            type=click.Choice(ALL_CHANNELS),
            help="Of a withdrawal of consent: what it is about; may be repeated. [default: all]",
        ),
    )[::-1]:
        command = option(command)
    return command


def read_details(
    kind: RequestKind, source: Path | None, identifiers: Path | None, codes: Mapping[str, Any], reason: str
) -> RequestDetails:
    """Return what is asked for exactly, from a file and options. Raises PayloadInvalid, and UsageError that repeats no value."""
    if source == identifiers == STDIN:
        raise click.UsageError("--identifiers and --particulars cannot both be read from stdin")
    details = read_request_details(kind, source, codes)
    particulars = details.particulars
    changes = particulars.changes if isinstance(particulars, CorrectionParticulars) else ()
    if has_value_of_person(reason, [value for change in changes for value in (change.old, change.new) if value]):
        raise click.UsageError(f"--reason repeats a value of --particulars. {ADVICE}")
    return details
