"""Find out who runs a command, once there are users: the stated name, and the secret from a file or a prompt."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from bridge.cli.acts import find_act, name_command
from bridge.cli.command import get_stated_operator
from bridge.cli.shared.dates import format_time
from bridge.cli.shared.failures import CommandFailed
from bridge.errors import AccessRefused
from bridge.model import Act, User
from bridge.rules.operators.access_table import ACT_MEANINGS
from bridge.steps.operators.authorise import authorise_operator
from bridge.store import SqlStore
from config.settings import Settings

MAX_SECRET_FILE_BYTES = 8192
IDENTIFIED = "bridge.user"  # key in the metadata of the click context: a command that opens its context twice asks once
REFUSALS = {
    "user_unstated": (
        "It is not known who runs this.",
        "Give --as NAME or set BRIDGE_OPERATOR; `bridge user add` made users.",
    ),
    "secret_missing": (
        "The secret is missing.",
        "BRIDGE_OPERATOR_SECRET_FILE names a file with it, or run this on a terminal, which asks.",
    ),
    "secret_wrong": ("The name or the secret is wrong.", "An admin gives a new one with `bridge user secret NAME`."),
    "user_disabled": ("This user is disabled.", "An admin adds another with `bridge user add`."),
}


def identify_operator(settings: Settings, store: SqlStore) -> User | None:
    """Return the user who runs this command; None while there are no users, and for a command that asks nobody.

    Raises CommandFailed where the user may not; that is recorded.
    """
    context = click.get_current_context(silent=True)
    act = find_act(context) if context else None
    if context is None or act is None:
        return None
    if IDENTIFIED not in context.meta:
        context.meta[IDENTIFIED] = _authorise_or_fail(name_command(context), act, settings, store)
    known: User | None = context.meta[IDENTIFIED]
    return known


def _authorise_or_fail(command: str, act: Act, settings: Settings, store: SqlStore) -> User | None:
    name = get_stated_operator() or settings.operator
    try:
        return authorise_operator(
            name, act, doing=command, read_secret=lambda: _read_secret(name, settings.operator_secret_file), store=store
        )
    except AccessRefused as fault:
        raise _describe_refusal(fault, command) from None


def _describe_refusal(fault: AccessRefused, command: str) -> CommandFailed:
    if fault.reason == "act_not_allowed":
        message = f"The role {fault.role} may not run `bridge {command}`. The refusal is recorded as evidence."
        hint = f"It is to {ACT_MEANINGS[Act(fault.act)]}: docs/operators.md says which roles may."
        return CommandFailed(message, hint)
    if fault.locked_until:
        return CommandFailed(
            f"Too many wrong secrets: none is looked at until {format_time(fault.locked_until)}.",
            "Wait, or an admin gives a new one with `bridge user secret NAME`.",
        )
    return CommandFailed(*REFUSALS[fault.reason])


def _read_secret(name: str, path: str) -> str:
    """Return the secret of the file or of a prompt; '' where there is neither."""
    if path:
        try:
            with Path(path).open("rb") as file:
                lines = file.read(MAX_SECRET_FILE_BYTES).decode("utf-8").splitlines()
        except (OSError, ValueError):
            raise CommandFailed("The file that BRIDGE_OPERATOR_SECRET_FILE names cannot be read.") from None
        return lines[0] if lines else ""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return ""
    return str(click.prompt(f"Secret of {name}", hide_input=True, err=True))
