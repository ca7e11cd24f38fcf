"""`disclosure list`: list what was given to authorities."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import open_command_context
from bridge.cli.disclosure.disclosure_view import DISCLOSURE_COLUMNS, build_disclosure_rows, exit_on_invalid_disclosure
from bridge.cli.options import LIMIT
from bridge.cli.printing import show_table
from bridge.cli.shared.ids import REQUEST_ID
from bridge.steps.desk.record_disclosure import find_person_of_request


@json_command("list", example="disclosure list --secret\ndisclosure list --request req_01M84N6EY20CZ9W2PB73FKRKAY")
@click.option("--request", "request_id", type=REQUEST_ID, metavar="ID", help="Only those about this request's person.")
@click.option("--secret", "is_secret", is_flag=True, help="Only those that the person may not be told of now.")
@click.option("--limit", default=1000, type=LIMIT, show_default=True, help="How many at most.")
def list_disclosures_command(request_id: str | None, is_secret: bool, limit: int) -> None:
    """List disclosures, newest first. `disclosure show --reveal` names the authority."""
    with (
        open_command_context() as context,
        exit_on_invalid_disclosure(request_id or ""),
        context.store.transaction() as tx,
    ):
        now = context.services.clock.now()
        if request_id:
            shop, _, keys = find_person_of_request(request_id, tx)
            found = tx.disclosures.list_disclosures_of(keys)[::-1]
            found = [one for one in found if one.is_secret(now) or not is_secret][:limit]
            context.record_search(tx, shop=shop, by="person", where="disclosures", results=len(found))
        else:
            found = tx.disclosures.list_disclosures(secret_at=now if is_secret else None, limit=limit)
        rows = build_disclosure_rows(found, tx, context.services)
    show_table(rows, DISCLOSURE_COLUMNS, empty="No disclosure is recorded.")
