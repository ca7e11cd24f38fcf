"""`notice show`: show one notice with its items, or one item."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from bridge.cli.command import json_command
from bridge.cli.context import name_shops, open_command_context
from bridge.cli.notice import notice_view as view
from bridge.cli.options import REVEAL_REASON_OPTION, require_reveal_reason
from bridge.cli.printing import print_fields, print_table, show
from bridge.cli.shared.ids import NOTICE_OR_ITEM_ID
from bridge.model import Fact

ITEM_COLUMNS = ("id", "reference", "state", "reason", "not_before", "status", "answer", "law", "until", "read_back")


@json_command(
    "show", example="notice show ntc_01M84N6EY20CZ9W2PB73FKRKAY\nnotice show ent_01M84N6EY20CZ9W2PB73FKRKAY --json"
)
@click.argument("notice_id", type=NOTICE_OR_ITEM_ID, metavar="ID")
@click.option("--reveal", is_flag=True, help="Show waybill numbers and notes. This is recorded as evidence.")
@REVEAL_REASON_OPTION
def show_notice_command(notice_id: str, reveal: bool, reason: str) -> None:
    """Show a notice with its items, or one item. Waybill numbers are masked unless they are revealed."""
    require_reveal_reason(reveal, reason)
    with open_command_context() as context, context.store.transaction() as tx:
        if notice_id.startswith("ent_"):
            items = [view.find_notice_item_or_exit(tx, notice_id)]
            shown: dict[str, Any] = view.notice_item_row(items[0], reveal=reveal)
        else:
            notice = view.find_notice_or_exit(tx, notice_id)
            items = tx.notice_items.list_items(notice_id=notice_id)
            [shown] = name_shops([view.notice_row(notice, len(items))], tx)
            shown |= {"message_id": notice.message_id, "body_sha256": notice.body_sha256}
            shown["lines"] = [view.notice_item_row(item, reveal=reveal) for item in items]
        if reveal:
            for request_id in sorted({item.request_id for item in items}):
                about = {"shop": items[0].shop, "request_id": request_id, "what": "notice", "notice": notice_id}
                tx.evidence.append_fact(Fact.PERSONAL_DATA_REVEALED, actor=context.operator, **about, reason=reason)
    show(shown, _print_notice)


def _print_notice(shown: Mapping[str, Any]) -> None:
    if "lines" not in shown:
        print_table([shown], ITEM_COLUMNS, empty="")
        return
    print_fields({name: shown[name] for name in view.NOTICE_COLUMNS}, width=14)
    click.echo()
    print_table(shown["lines"], ITEM_COLUMNS, empty="no items")
