"""How a command fails: words on stderr, or one JSON object where `--json` was given."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any, NoReturn

import click

from bridge.errors import BridgeError, PersonalTextRefused, SettingsInvalid

FAILED, WRONG_USAGE = 1, 2
FOUND_WRONG = "a check or an item failed; the document on stdout says which"


class CommandFailed(click.ClickException):
    """The command did not do what it was asked for. `hint` is the next step, '' where the message says it."""

    exit_code = FAILED

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def show(self, file: IO[Any] | None = None) -> None:  # noqa: ARG002 - as Click calls it
        """Print the message and the hint on stderr."""
        click.echo(f"{self.message} {self.hint}".rstrip(), err=True)


def run_and_exit(program: Callable[[], Any], *, as_json: bool) -> NoReturn:
    """Run a command and exit with its code: 0 done, 1 failed, 2 wrong usage. What went wrong is on stderr."""
    try:
        sys.exit(program() or 0)
    except (click.ClickException, click.Abort, BridgeError) as fault:
        if not as_json and isinstance(fault, click.ClickException):
            fault.show()
            sys.exit(fault.exit_code)
        report = describe_fault(fault)
        if as_json:
            click.echo(json.dumps({"error": report.error, "hint": report.hint}, ensure_ascii=False), err=True)
        else:
            click.echo(f"Error: {report.error} {report.hint}".rstrip(), err=True)
        sys.exit(report.code)
    except SystemExit as end:
        if as_json and isinstance(end.code, int) and end.code:
            click.echo(json.dumps({"error": FOUND_WRONG, "hint": ""}), err=True)
        raise


@dataclass(frozen=True, slots=True)
class FaultReport:
    """What people and programs see of a fault: what went wrong, what to do next ('' if that says it), exit code."""

    error: str
    hint: str
    code: int


def describe_fault(fault: Exception) -> FaultReport:
    """Return what a fault is reported as, in words: never the name of a class."""
    match fault:
        case CommandFailed():
            return FaultReport(fault.message, fault.hint, fault.exit_code)
        case click.ClickException():
            context = fault.ctx if isinstance(fault, click.UsageError) else None
            hint = f"`{context.command_path} --help` explains it." if context else ""
            return FaultReport(fault.format_message(), hint, fault.exit_code)
        case click.Abort():
            return FaultReport("stopped: nothing more was changed.", "", FAILED)
        case SettingsInvalid():
            return FaultReport("\n  ".join(["the settings are not valid:", *fault.faults]), "", FAILED)
    from bridge.rules.operations.guides import find_failure_guide  # noqa: PLC0415 - only a failure pays for it

    guide = find_failure_guide(type(fault))  # type: ignore[arg-type]
    words = str(fault) if re.search(r"[a-z]{3}", str(fault)) else guide.words
    if isinstance(fault, PersonalTextRefused):
        return FaultReport(f"{words}.", "", WRONG_USAGE)
    return FaultReport(f"{words}.", f"Then: `{guide.command}` (docs/runbooks/{guide.page}.md).", FAILED)
