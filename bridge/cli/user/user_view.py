"""How users are named, refused and shown, and how a new secret is read: never from the command line."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from pathlib import Path

import click

from bridge.cli.command import OPERATOR
from bridge.cli.context import exit_on_refusal
from bridge.cli.files.input_files import INPUT_FILE, read_input_text
from bridge.rules.operators.secret_limits import MAX_SECRET_CHARS, MIN_SECRET_CHARS

USER_ARGUMENT = click.argument("name", type=OPERATOR, metavar="NAME")
SECRET_FILE_OPTION = click.option(
    "--secret-file",
    "source",
    type=INPUT_FILE,
    help="A file with the secret in its first line, or - for stdin. [default: ask at the terminal]",
)
USER_FAULTS = {
    "first_is_admin": "the first user is an admin: give --role admin",
    "user_exists": "there is a user of that name, perhaps a disabled one",
    "user_unknown": "there is no user of that name; `bridge user list` lists them",
    "user_disabled": "that user is disabled",
    "last_admin": "nobody else is an admin: add another first",
    "expires_in_the_past": "--expires must lie in the future",
    "secret_too_short": f"the secret needs {MIN_SECRET_CHARS} characters or more",
    "secret_too_long": f"the secret may have {MAX_SECRET_CHARS} characters",
    "secret_too_plain": "the secret is too easily guessed: take several words",
}


def exit_on_user_fault() -> AbstractContextManager[None]:
    """Print in words why something was refused, and exit with 1."""
    return exit_on_refusal("Not done", USER_FAULTS)


def read_new_secret(source: Path | None) -> str:
    """Return the new secret from a file or a prompt. Raises UsageError where there is neither."""
    if source:
        lines = read_input_text(source, max_bytes=4 * MAX_SECRET_CHARS + 2).splitlines()
        return lines[0] if lines else ""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise click.UsageError("give --secret-file FILE, or - for stdin: a secret is never an argument")
    return str(click.prompt("Secret of the user", hide_input=True, confirmation_prompt=True, err=True))
