"""`dsr list`."""

from __future__ import annotations

import click

from bridge.cli.context import JSON_OPTION, open_command_context
from bridge.cli.dsr.request_view import REQUEST_COLUMNS
from bridge.cli.printing import print_json, print_table
from bridge.model import RequestState

REQUEST_KINDS = ["access", "erasure", "shop_erasure"]


@click.command("list")
@click.option("--state", type=click.Choice([state.value for state in RequestState]))
@click.option("--kind", type=click.Choice(REQUEST_KINDS))
@click.option("--shop", default="")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 100_000))
@JSON_OPTION
def list_requests_command(state: str | None, kind: str | None, shop: str, limit: int, as_json: bool) -> None:
    """List requests, newest first."""
    with open_command_context() as at, at.store.transaction() as tx:
        rows = tx.operator_queries.list_requests(state=state or "", kind=kind or "", shop=shop, limit=limit)
    shown = [{name: getattr(row, name) for name in REQUEST_COLUMNS} for row in rows]
    if as_json:
        print_json(shown)
    else:
        print_table(
            shown, ("id", "kind", "shop", "state", "complete", "due_at", "closed_at"), empty="No requests."
        )
