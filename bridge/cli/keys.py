"""`keys list | rotate`: which key sealed what, and sealing it anew under the active one. Never shows a key."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

import click

from bridge.cli.context import JSON_OPTION, get_operator, open_command_context
from bridge.cli.printing import print_json, print_table
from bridge.store.key_rotation import BATCH_ROWS, rotate_keys
from bridge.store.key_usage import count_key_usage

MAX_UNREADABLE_SHOWN = 20  # places of unreadable values; all of them with --json
PROGRESS_INTERVAL_S = 1.0


@click.group()
def keys() -> None:
    """The key ring BRIDGE_KEYS: what each key sealed, and bringing everything under the first one."""


@keys.command("list")
@JSON_OPTION
def list_keys_command(as_json: bool) -> None:
    """Show the ring, and how many values of each table a key sealed. Exit 1 where a key is missing."""
    with open_command_context() as at, at.store.transaction() as tx:
        found = count_key_usage(tx.session)
    ring = [
        {"id": key_id, "active": key_id == found.active_key_id, **_count_by_table(rows)}
        for key_id, rows in found.counts_by_key.items()
    ]
    missing = [{"id": key_id, **_count_by_table(rows)} for key_id, rows in found.missing_keys.items()]
    if as_json:
        print_json({"active": found.active_key_id, "ring": ring, "missing": missing})
    else:
        states = ["seals now", *["old"] * (len(ring) - 1), *["MISSING"] * len(missing)]
        told = [{**row, "state": state} for row, state in zip((*ring, *missing), states, strict=True)]
        for row in told:
            row["rows"] = ", ".join(f"{name} {count}" for name, count in row["rows"].items())
        print_table(told, ("id", "state", "total", "rows"), empty="BRIDGE_KEYS is empty.")
    if missing:
        click.echo(
            "What a missing key sealed cannot be read: put the key back (docs/runbooks/key-missing.md).",
            err=True,
        )
        sys.exit(1)


def _count_by_table(rows: Mapping[str, int]) -> dict[str, Any]:
    """Values by table, and all of them."""
    tables: Counter[str] = Counter()
    for column, count in rows.items():
        tables[column.partition(".")[0]] += count
    return {"rows": dict(tables), "total": tables.total()}


@keys.command("rotate")
@click.option(
    "--batch",
    type=click.IntRange(1, 10_000),
    default=BATCH_ROWS,
    show_default=True,
    help="Rows in a transaction.",
)
@JSON_OPTION
def rotate_keys_command(batch: int, as_json: bool) -> None:
    """Seal anew, under the first key of BRIDGE_KEYS, what the others sealed. Safe to repeat; nothing need stop.

    Exit 1 where something could not be read or an old key is still named.
    """
    last = time.monotonic()

    def told(column: str, done: int) -> None:
        nonlocal last
        if time.monotonic() - last >= PROGRESS_INTERVAL_S:
            click.echo(f"  {column}: {done}", err=True)
            last = time.monotonic()

    with open_command_context() as at:
        done = rotate_keys(at.store, actor=get_operator(), batch_rows=batch, on_progress=told)
    if as_json:
        print_json(
            {
                "active": done.key_usage.active_key_id,
                "renewed": done.resealed_counts,
                "left": done.key_usage.outdated_count,
                "unreadable": done.unreadable,
                "missing": list(done.key_usage.missing_keys),
                "whole": done.is_complete,
            }
        )
    else:
        for column, count in done.resealed_counts.items():
            click.echo(f"{column}: {count}")
        click.echo(
            f"{sum(done.resealed_counts.values())} values were sealed anew under {done.key_usage.active_key_id}."
        )
    for place in done.unreadable[:MAX_UNREADABLE_SHOWN]:
        click.echo(f"does not open: {place}", err=True)
    for key_id, rows in done.key_usage.missing_keys.items():
        click.echo(
            f"{key_id} is missing from BRIDGE_KEYS: {sum(rows.values())} values cannot be read", err=True
        )
    if done.key_usage.outdated_count > len(done.unreadable):
        click.echo(
            f"{done.key_usage.outdated_count} values still name an old key: does a process seal with it? Run again.",
            err=True,
        )
    if not done.is_complete:
        sys.exit(1)
    if not as_json:
        click.echo("No value names another key.")
