"""Ask before a command does what cannot be undone: `--yes` answers for scripts, `--dry-run` shows and changes nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

import click

YES_FLAG, DRY_RUN_FLAG = "bridge.yes", "bridge.dry_run"  # keys in the metadata of the click context
Asks = Callable[[Mapping[str, Any]], bool]


def add_confirmation(command: click.Command) -> None:
    """Add `--dry-run`, unless the command has its own, and `--yes`."""
    if "--dry-run" not in {word for parameter in command.params for word in parameter.opts}:
        command.params.append(_make_flag("--dry-run", DRY_RUN_FLAG, "Show what would be done; change nothing."))
    command.params.append(_make_flag("--yes", YES_FLAG, "Do not ask. Needed where no terminal can answer."))


def _make_flag(name: str, key: str, meaning: str) -> click.Option:
    def keep(context: click.Context, _: click.Parameter, flag: bool) -> None:
        context.meta[key] = flag

    return click.Option([name], is_flag=True, expose_value=False, callback=keep, help=meaning)


def confirm_or_stop(context: click.Context, consequence: str) -> None:
    """Ask whether to go on. Raises Abort for a no, and UsageError where nobody can be asked."""
    if context.meta.get(YES_FLAG) or context.meta.get(DRY_RUN_FLAG) or context.params.get("dry_run"):
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise click.UsageError(f"{consequence} Give --yes to do it, or --dry-run to see it first.", context)
    click.confirm(f"{consequence} Do it?", abort=True, err=True)
