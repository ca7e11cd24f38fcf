"""`nomination list`: list the nominees of persons."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import name_shops, open_command_context
from bridge.cli.dsr.dsr_view import find_request_or_exit
from bridge.cli.nomination.nomination_view import nomination_row
from bridge.cli.options import LIMIT
from bridge.cli.printing import show_table
from bridge.cli.shared.ids import REQUEST_ID

COLUMNS = ("id", "shop", "request_id", "since", "name", "contact", "relation", "exercised_by", "ended_at")


@json_command("list", example="nomination list\nnomination list --request req_01M84N6EY20CZ9W2PB73FKRKAY --ended")
@click.option("--request", "request_id", type=REQUEST_ID, metavar="ID", help="Only those of this request's person.")
@click.option("--ended", is_flag=True, help="Also those that ended.")
@click.option("--limit", default=1000, type=LIMIT, show_default=True, help="How many at most.")
def list_nominations_command(request_id: str | None, ended: bool, limit: int) -> None:
    """List nominations, newest first. Names and contacts are masked."""
    with open_command_context() as context, context.store.transaction() as tx:
        if request_id:
            request = find_request_or_exit(tx, request_id)
            found = tx.nominations.list_nominations_of_person(request.shop, request.principal, request.subject)
            found = [one for one in reversed(found) if ended or one.ended_at is None][:limit]
            context.record_search(tx, shop=request.shop, by="person", where="nominations", results=len(found))
        else:
            found = tx.nominations.list_nominations(include_ended=ended, limit=limit)
        rows = name_shops(map(nomination_row, found), tx)
    show_table(rows, COLUMNS, empty="No nomination stands.")
