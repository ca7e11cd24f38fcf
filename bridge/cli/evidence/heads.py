"""`evidence heads`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import click

from bridge.cli.context import JSON_OPTION, open_command_context
from bridge.cli.printing import print_json, print_table
from bridge.model import SignedHead

HEAD_COLUMNS = ("day", "seq", "hash", "signed_at", "anchored_at", "attempts", "last_error")


@click.command()
@JSON_OPTION
def heads(as_json: bool) -> None:
    """List the signed heads, one a day. Keep them where nobody who runs the bridge can change them."""
    with open_command_context() as at, at.store.transaction() as tx:
        signed = tx.signed_heads.list_signed_heads()
    if as_json:
        print_json(signed_head_rows(signed))
    else:
        print_table(
            map(asdict, signed), HEAD_COLUMNS, empty="No head is signed yet: the clock does it once a day."
        )


def signed_head_rows(heads: Iterable[SignedHead]) -> list[dict[str, Any]]:
    """Heads as they are listed and exported: all that is needed to check them, JSON-ready."""
    moments = ("signed_at", "anchored_at")
    return [
        asdict(head)
        | {"day": head.day.isoformat()}
        | {name: at.isoformat() if (at := getattr(head, name)) else None for name in moments}
        for head in heads
    ]
