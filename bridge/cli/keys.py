"""`keys list | rotate`: which key sealed what, and sealing it anew under the active one. Never shows a key."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

import click

from bridge.cli.context import AS_JSON, desk, operator
from bridge.cli.printing import emit, table
from bridge.store.key_rotation import BATCH_ROWS, rotate
from bridge.store.key_usage import survey

SHOWN = 20  # places of unreadable values; all of them with --json
TELL_EVERY_S = 1.0


@click.group()
def keys() -> None:
    """The key ring BRIDGE_KEYS: what each key sealed, and bringing everything under the first one."""


@keys.command("list")
@AS_JSON
def list_(as_json: bool) -> None:
    """Show the ring, and how many values of each table a key sealed. Exit 1 where a key is missing."""
    with desk() as at, at.store.transaction() as tx:
        found = survey(tx.session)
    ring = [
        {"id": key_id, "active": key_id == found.active, **_counted(rows)}
        for key_id, rows in found.rows.items()
    ]
    missing = [{"id": key_id, **_counted(rows)} for key_id, rows in found.missing.items()]
    if as_json:
        emit({"active": found.active, "ring": ring, "missing": missing})
    else:
        states = ["seals now", *["old"] * (len(ring) - 1), *["MISSING"] * len(missing)]
        told = [{**row, "state": state} for row, state in zip((*ring, *missing), states, strict=True)]
        for row in told:
            row["rows"] = ", ".join(f"{name} {count}" for name, count in row["rows"].items())
        table(told, ("id", "state", "total", "rows"), empty="BRIDGE_KEYS is empty.")
    if missing:
        click.echo(
            "What a missing key sealed cannot be read: put the key back (docs/runbooks/key-missing.md).",
            err=True,
        )
        sys.exit(1)


def _counted(rows: Mapping[str, int]) -> dict[str, Any]:
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
@AS_JSON
def rotate_(batch: int, as_json: bool) -> None:
    """Seal anew, under the first key of BRIDGE_KEYS, what the others sealed. Safe to repeat; nothing need stop.

    Exit 1 where something could not be read or an old key is still named.
    """
    last = time.monotonic()

    def told(column: str, done: int) -> None:
        nonlocal last
        if time.monotonic() - last >= TELL_EVERY_S:
            click.echo(f"  {column}: {done}", err=True)
            last = time.monotonic()

    with desk() as at:
        done = rotate(at.store, actor=operator(), rows=batch, told=told)
    if as_json:
        emit(
            {
                "active": done.after.active,
                "renewed": done.renewed,
                "left": done.after.old,
                "unreadable": done.unreadable,
                "missing": list(done.after.missing),
                "whole": done.whole,
            }
        )
    else:
        for column, count in done.renewed.items():
            click.echo(f"{column}: {count}")
        click.echo(f"{sum(done.renewed.values())} values were sealed anew under {done.after.active}.")
    for place in done.unreadable[:SHOWN]:
        click.echo(f"does not open: {place}", err=True)
    for key_id, rows in done.after.missing.items():
        click.echo(
            f"{key_id} is missing from BRIDGE_KEYS: {sum(rows.values())} values cannot be read", err=True
        )
    if done.after.old > len(done.unreadable):
        click.echo(
            f"{done.after.old} values still name an old key: does a process seal with it? Run again.",
            err=True,
        )
    if not done.whole:
        sys.exit(1)
    if not as_json:
        click.echo("No value names another key.")
