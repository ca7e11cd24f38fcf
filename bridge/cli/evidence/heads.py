"""`evidence heads`: list the signed heads of the chain."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from bridge.cli.command import json_command
from bridge.cli.context import open_command_context
from bridge.cli.printing import print_table, show
from bridge.model import SignedHead

HEAD_COLUMNS = ("day", "seq", "hash", "signed_at", "anchored_at", "attempts", "last_error")


@json_command(example="evidence heads --json")
def heads() -> None:
    """List the signed heads, one per day. Keep a copy where nobody who runs the bridge can change it."""
    with open_command_context() as context, context.store.transaction() as tx:
        signed = tx.signed_heads.list_signed_heads()
    empty = "No head is signed yet: the clock signs one a day."
    show(signed_head_rows(signed), lambda _: print_table(map(asdict, signed), HEAD_COLUMNS, empty=empty))


def signed_head_rows(heads: Iterable[SignedHead]) -> list[dict[str, Any]]:
    """Return heads as they are listed and exported, JSON-ready, with all that is needed to check them."""
    return [
        asdict(head)
        | {"day": head.day.isoformat()}
        | {name: at.isoformat() if (at := getattr(head, name)) else None for name in ("signed_at", "anchored_at")}
        for head in heads
    ]
