"""`evidence heads`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import click

from bridge.cli.context import AS_JSON, desk
from bridge.cli.printing import emit, table
from bridge.model import SignedHead

SHOWN = ("day", "seq", "hash", "signed_at", "anchored_at", "attempts", "last_error")


@click.command()
@AS_JSON
def heads(as_json: bool) -> None:
    """List the signed heads, one a day. Keep them where nobody who runs the bridge can change them."""
    with desk() as at, at.store.transaction() as tx:
        signed = tx.heads.all()
    if as_json:
        emit(listed(signed))
    else:
        table(map(asdict, signed), SHOWN, empty="No head is signed yet: the clock does it once a day.")


def listed(signed: Iterable[SignedHead]) -> list[dict[str, Any]]:
    """Heads as they are listed and exported: all that is needed to check them, JSON-ready."""
    moments = ("signed_at", "anchored_at")
    return [
        asdict(head)
        | {"day": head.day.isoformat()}
        | {name: at.isoformat() if (at := getattr(head, name)) else None for name in moments}
        for head in signed
    ]
