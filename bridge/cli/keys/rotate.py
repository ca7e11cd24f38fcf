"""`keys rotate`: seal every value under the active key."""

from __future__ import annotations

from collections.abc import Iterator

import click

from bridge.cli.command import is_json_wanted, json_command
from bridge.cli.context import exit_with_error, open_command_context
from bridge.cli.printing import show
from bridge.cli.shared.progress import show_progress
from bridge.store.key_rotation import BATCH_ROWS, rotate_keys
from bridge.store.sealed_columns import RotationResult

BATCH = click.IntRange(1, 10_000)
MAX_UNREADABLE_SHOWN = 20  # locations of unreadable values; --json prints all of them


@json_command("rotate", example="keys rotate --batch 500")
@click.option("--batch", type=BATCH, default=BATCH_ROWS, show_default=True, help="Most rows in one transaction.")
def rotate_keys_command(batch: int) -> None:
    """Seal every value under the first key of BRIDGE_KEYS. You may repeat it; the bridge may run meanwhile.

    Exit 1 if a value could not be read or still names an old key.
    """
    with open_command_context() as context, show_progress("Sealing") as update:
        result = rotate_keys(
            context.store,
            actor=context.operator,
            batch_rows=batch,
            on_progress=lambda column, done: update(done, column),
        )
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
    if problems := list(_describe_problems(result)):
        exit_with_error("\n".join(problems))
    if not is_json_wanted():
        click.echo("No value names another key.")


def _describe_problems(result: RotationResult) -> Iterator[str]:
    usage = result.key_usage
    for location in result.unreadable[:MAX_UNREADABLE_SHOWN]:
        yield f"cannot be read: {location}"
    for key_id, rows in usage.missing_keys.items():
        yield f"{key_id} is missing from BRIDGE_KEYS: {sum(rows.values())} values cannot be read"
    if usage.outdated_count > len(result.unreadable):
        advice = "A running process may seal with it: run again."
        yield f"{usage.outdated_count} values still name an old key. {advice}"
