"""`keys list`: show which key sealed how many values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from bridge.cli.command import json_command
from bridge.cli.context import exit_with_error, open_command_context
from bridge.cli.printing import print_table, show
from bridge.store.key_usage import count_key_usage


@json_command("list", example="keys list")
def list_keys_command() -> None:
    """Show the keys, and how many values of each table each key sealed. Exit 1 if a key is missing."""
    with open_command_context() as context, context.store.transaction() as tx:
        usage = count_key_usage(tx.session)
    ring = [
        {"id": key_id, "active": key_id == usage.active_key_id, **_count_by_table(rows)}
        for key_id, rows in usage.counts_by_key.items()
    ]
    missing = [{"id": key_id, **_count_by_table(rows)} for key_id, rows in usage.missing_keys.items()]
    show({"active": usage.active_key_id, "ring": ring, "missing": missing}, _print_keys)
    if missing:
        advice = "put the key back (docs/runbooks/key-missing.md)"
        exit_with_error(f"Values sealed by a missing key cannot be read: {advice}.")


def _count_by_table(rows: Mapping[str, int]) -> dict[str, Any]:
    """Return the number of values by table, and their total. `rows` counts them by `table.column`."""
    tables: Counter[str] = Counter()
    for column, count in rows.items():
        tables[column.partition(".")[0]] += count
    return {"rows": dict(tables), "total": tables.total()}


def _print_keys(usage: Mapping[str, Any]) -> None:
    ring, missing = usage["ring"], usage["missing"]
    states = ["seals now", *["old"] * (len(ring) - 1), *["MISSING"] * len(missing)]
    rows = [
        {**row, "state": state, "rows": ", ".join(f"{table} {count}" for table, count in row["rows"].items())}
        for row, state in zip((*ring, *missing), states, strict=True)
    ]
    print_table(rows, ("id", "state", "total", "rows"), empty="BRIDGE_KEYS is empty.")
