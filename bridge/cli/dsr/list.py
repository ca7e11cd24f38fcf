"""`dsr list`: list the privacy requests."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import name_shops, open_command_context
from bridge.cli.dsr.dsr_view import build_request_row
from bridge.cli.options import LIMIT, SHOP_HELP
from bridge.cli.printing import show_table
from bridge.model import RequestState

REQUEST_KINDS = ["access", "erasure", "shop_erasure"]
REQUEST_TABLE_COLUMNS = (
    "id",
    "kind",
    "shop",
    "state",
    "complete",
    "acknowledge_due_at",
    "due_at",
    "closed_at",
    "answered_at",
    "late",
)


@json_command("list", example="dsr list --state failed\ndsr list --kind access --json")
@click.option(
    "--state", type=click.Choice([state.value for state in RequestState]), help="Only requests in this state."
)
@click.option("--kind", type=click.Choice(REQUEST_KINDS), help="Only requests of this kind.")
@click.option("--shop", default="", help=f"{SHOP_HELP} [default: all]")
@click.option("--limit", default=100, show_default=True, type=LIMIT, help="At most this many.")
def list_requests_command(state: str | None, kind: str | None, shop: str, limit: int) -> None:
    """List requests, newest first.

    Closed is when a request could be answered; answered, when the data subject had the answer: `dsr deliver` records it.
    """
    with open_command_context() as context, context.store.transaction() as tx:
        requests = tx.operator_queries.list_requests(state=state or "", kind=kind or "", shop=shop, limit=limit)
        rows = name_shops(map(build_request_row, requests), tx)
    show_table(rows, REQUEST_TABLE_COLUMNS, empty="No requests.")
