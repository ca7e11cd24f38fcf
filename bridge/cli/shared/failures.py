"""How a command fails: words on stderr, or one JSON object where `--json` was given."""

from __future__ import annotations

import errno
import json
import sys
from collections.abc import Callable
from typing import IO, Any, NoReturn

import click
from click.utils import PacifyFlushWrapper

from bridge.errors import BridgeError, PersonalTextRefused, SettingsInvalid

FAILED, WRONG_USAGE = 1, 2
FOUND_WRONG = "a check or an item failed; the document on stdout says which"


class CommandFailed(click.ClickException):
    """The command did not do what it was asked for. `hint` is the next step, '' where the message says it."""

    exit_code = FAILED

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the message and the hint on stderr."""
        click.echo(f"{self.message} {self.hint}".rstrip(), err=True)


def run_and_exit(program: Callable[[], Any], *, as_json: bool) -> NoReturn:
    """Run a command and exit with its code: 0 done, 1 failed, 2 wrong usage. What went wrong is on stderr."""
    try:
        sys.exit(program() or 0)
    except click.ClickException as fault:
        if not as_json:
            fault.show()
            sys.exit(fault.exit_code)
        exit_with_object(fault.format_message(), find_hint(fault), fault.exit_code)
    except click.Abort:
        _exit_with_words("Stopped: nothing more was changed.", "", FAILED, as_json=as_json)
    except SettingsInvalid as invalid:
        if as_json:
            exit_with_object("the settings are not valid", "bridge doctor", FAILED, faults=invalid.faults)
        lines = "\n".join(["The settings are not valid:", *(f"  {fault}" for fault in invalid.faults)])
        _exit_with_words(lines, "", FAILED, as_json=False)
    except PersonalTextRefused as fault:
        _exit_with_words(f"Error: {fault}.", "", WRONG_USAGE, as_json=as_json)
    except BridgeError as fault:
        _exit_with_words(f"Error: {describe_bridge_error(fault)}", "bridge doctor", FAILED, as_json=as_json)
    except OSError as fault:
        if fault.errno != errno.EPIPE:  # whoever read our output wants no more of it
            raise
        sys.stdout = PacifyFlushWrapper(sys.stdout)  # type: ignore[assignment]
        sys.stderr = PacifyFlushWrapper(sys.stderr)  # type: ignore[assignment]
        sys.exit(FAILED)
    except SystemExit as end:
        if as_json and isinstance(end.code, int) and end.code:
            exit_with_object(FOUND_WRONG, "", end.code)
        raise


def describe_bridge_error(fault: BridgeError) -> str:
    """Return what went wrong in words: the message, or what its kind of error means; never the name of a class."""
    return str(fault) or (type(fault).__doc__ or "").partition(".")[0]


def find_hint(fault: click.ClickException) -> str:
    """Return what to type next after a fault, '' where its message says it."""
    if isinstance(fault, CommandFailed):
        return fault.hint
    context = fault.ctx if isinstance(fault, click.UsageError) else None
    return f"{context.command_path} --help" if context else ""


def exit_with_object(error: str, hint: str, code: int, **more: Any) -> NoReturn:
    """Print one JSON object on stderr, and exit."""
    click.echo(json.dumps({"error": error, "hint": hint, **more}, ensure_ascii=False), err=True)
    sys.exit(code)


def _exit_with_words(text: str, hint: str, code: int, *, as_json: bool) -> NoReturn:
    if as_json:
        exit_with_object(text.removeprefix("Error: "), hint, code)
    click.echo(text, err=True)
    sys.exit(code)
