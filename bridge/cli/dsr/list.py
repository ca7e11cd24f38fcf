"""`dsr list`."""

from __future__ import annotations

import click

from bridge.cli.context import AS_JSON, desk
from bridge.cli.dsr.request_view import LISTED
from bridge.cli.printing import emit, table
from bridge.model import RequestState

KINDS = ["access", "erasure", "shop_erasure"]


@click.command("list")
@click.option("--state", type=click.Choice([state.value for state in RequestState]))
@click.option("--kind", type=click.Choice(KINDS))
@click.option("--shop", default="")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 100_000))
@AS_JSON
def list_(state: str | None, kind: str | None, shop: str, limit: int, as_json: bool) -> None:
    """List requests, newest first."""
    with desk() as at, at.store.transaction() as tx:
        rows = tx.listing.requests(state=state or "", kind=kind or "", shop=shop, limit=limit)
    shown = [{name: getattr(row, name) for name in LISTED} for row in rows]
    if as_json:
        emit(shown)
    else:
        table(shown, ("id", "kind", "shop", "state", "complete", "due_at", "closed_at"), empty="No requests.")
