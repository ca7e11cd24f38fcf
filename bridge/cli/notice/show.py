"""`notice show`: show one notice with its items, or one item."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from bridge.cli.context import open_command_context
from bridge.cli.notice.notice_view import (
    NOTICE_COLUMNS,
    find_notice_item_or_exit,
    find_notice_or_exit,
    notice_item_row,
    notice_row,
)
from bridge.cli.options import JSON_OPTION, REVEAL_REASON_OPTION, require_reveal_reason
from bridge.cli.printing import print_table, show
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


@click.command("show")
@click.argument("notice_id", metavar="ID")
@click.option("--reveal", is_flag=True, help="Show waybill numbers and notes. This is recorded as evidence.")
@REVEAL_REASON_OPTION
@JSON_OPTION
def show_notice_command(notice_id: str, reveal: bool, reason: str, as_json: bool) -> None:
    """Show a notice with its items, or one item. Waybill numbers are masked unless they are revealed."""
    require_reveal_reason(reveal, reason)
    with open_command_context() as context, context.store.transaction() as tx:
        if notice_id.startswith("ent_"):
            items = [find_notice_item_or_exit(tx, notice_id)]
            shown: dict[str, Any] = notice_item_row(items[0], reveal=reveal)
        else:
            notice = find_notice_or_exit(tx, notice_id)
            items = tx.notice_items.list_items(notice_id=notice_id)
            shown = notice_row(notice, len(items))
            shown |= {"message_id": notice.message_id, "body_sha256": notice.body_sha256}
            shown["lines"] = [notice_item_row(item, reveal=reveal) for item in items]
        if reveal:
            for request_id in sorted({item.request_id for item in items}):
                tx.evidence.append_fact(
                    Fact.PERSONAL_DATA_REVEALED,
                    shop=items[0].shop,
                    actor=context.operator,
                    request_id=request_id,
                    what="notice",
                    notice=notice_id,
                    reason=reason,
                )
    show(shown, as_json, _print_notice)


def _print_notice(shown: Mapping[str, Any]) -> None:
    if "lines" not in shown:
        print_table([shown], NOTICE_ITEM_TABLE_COLUMNS, empty="")
        return
    for name in NOTICE_COLUMNS:
        click.echo(f"{name.replace('_', ' '):14} {shown[name] if shown[name] is not None else '-'}")
    click.echo()
    print_table(shown["lines"], NOTICE_ITEM_TABLE_COLUMNS, empty="no items")
