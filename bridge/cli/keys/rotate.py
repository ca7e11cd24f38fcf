"""`keys rotate`: seal every value under the active key."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import click

from bridge.cli.command import is_json_wanted, json_command
from bridge.cli.context import open_command_context
from bridge.cli.printing import show
from bridge.store.key_rotation import BATCH_ROWS, rotate_keys
from bridge.store.sealed_columns import RotationResult

BATCH = click.IntRange(1, 10_000)
MAX_UNREADABLE_SHOWN = 20  # locations of unreadable values; --json prints all of them
PROGRESS_INTERVAL_S = 1.0


@json_command("rotate", example="keys rotate --batch 500")
@click.option("--batch", type=BATCH, default=BATCH_ROWS, show_default=True, help="Number of rows in one transaction.")
def rotate_keys_command(batch: int) -> None:
    """Seal every value under the first key of BRIDGE_KEYS. You may repeat it; the bridge may run meanwhile.

    Exit 1 if a value could not be read or still names an old key.
    """
    with open_command_context() as context:
        on_progress = _make_progress_printer()
        result = rotate_keys(context.store, actor=context.operator, batch_rows=batch, on_progress=on_progress)
    usage = result.key_usage
    lines = [f"{column}: {count}" for column, count in result.resealed_counts.items()]
    lines.append(f"{sum(result.resealed_counts.values())} values are newly sealed under {usage.active_key_id}.")
    shown = {
        "active": usage.active_key_id,
        "renewed": result.resealed_counts,
        "left": usage.outdated_count,
        "unreadable": result.unreadable,
        "missing": list(usage.missing_keys),
        "whole": result.is_complete,
    }
    show(shown, "\n".join(lines))
    _print_problems(result)
    if not result.is_complete:
        sys.exit(1)
    if not is_json_wanted():
        click.echo("No value names another key.")


def _make_progress_printer() -> Callable[[str, int], None]:
    """Return a callback that prints a column's number of done rows at most once a second."""
    last_printed = time.monotonic()

    def print_progress(column: str, done: int) -> None:
        nonlocal last_printed
        if time.monotonic() - last_printed >= PROGRESS_INTERVAL_S:
            click.echo(f"  {column}: {done}", err=True)
            last_printed = time.monotonic()

    return print_progress


def _print_problems(result: RotationResult) -> None:
    usage = result.key_usage
    for location in result.unreadable[:MAX_UNREADABLE_SHOWN]:
        click.echo(f"cannot be read: {location}", err=True)
    for key_id, rows in usage.missing_keys.items():
        click.echo(f"{key_id} is missing from BRIDGE_KEYS: {sum(rows.values())} values cannot be read", err=True)
    if usage.outdated_count > len(result.unreadable):
        advice = "A running process may seal with it: run again."
        click.echo(f"{usage.outdated_count} values still name an old key. {advice}", err=True)
