"""`notice show`."""

from __future__ import annotations

from typing import Any

import click

from bridge.cli.context import JSON_OPTION, get_operator, open_command_context
from bridge.cli.notice.notice_view import (
    NOTICE_COLUMNS,
    find_notice_item_or_exit,
    find_notice_or_exit,
    notice_item_row,
    notice_row,
)
from bridge.cli.printing import print_json, print_table
from bridge.model import Fact

NOTICE_ITEM_TABLE_COLUMNS = (
    "id",
    "reference",
    "state",
    "reason",
    "not_before",
    "status",
    "answer",
    "law",
    "until",
    "read_back",
)


@click.command()
@click.argument("notice_id", metavar="ID")
@click.option("--reveal", is_flag=True, help="Show waybills and notes. Recorded as evidence.")
@click.option("--reason", default="", help="Why, with --reveal. No names.")
@JSON_OPTION
def show(notice_id: str, reveal: bool, reason: str, as_json: bool) -> None:
    """Show a notice with its entries, or one entry. Waybills are masked unless they are revealed."""
    if reveal and not reason:
        raise click.UsageError("--reveal needs --reason")
    with open_command_context() as at, at.store.transaction() as tx:
        if notice_id.startswith("ent_"):
            entries = [find_notice_item_or_exit(tx, notice_id)]
            shown: dict[str, Any] = notice_item_row(entries[0], reveal=reveal)
        else:
            notice = find_notice_or_exit(tx, notice_id)
            entries = tx.notices.list_items(notice_id=notice_id)
            shown = notice_row(notice, len(entries))
            shown |= {"message_id": notice.message_id, "body_sha256": notice.body_sha256}
            shown["lines"] = [notice_item_row(entry, reveal=reveal) for entry in entries]
        if reveal:
            for request_id in sorted({entry.request_id for entry in entries}):
                tx.evidence.append_fact(
                    Fact.PERSONAL_DATA_REVEALED,
                    shop=entries[0].shop,
                    actor=get_operator(),
                    request_id=request_id,
                    what="notice",
                    notice=notice_id,
                    reason=reason,
                )
    if as_json:
        print_json(shown)
        return
    if "lines" not in shown:
        print_table([shown], NOTICE_ITEM_TABLE_COLUMNS, empty="")
        return
    for name in NOTICE_COLUMNS:
        click.echo(f"{name.replace('_', ' '):14} {shown[name] if shown[name] is not None else '-'}")
    click.echo()
    print_table(shown["lines"], NOTICE_ITEM_TABLE_COLUMNS, empty="no entries")
