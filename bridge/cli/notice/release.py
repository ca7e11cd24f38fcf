"""`notice release`: send one notice item with the next notice, whatever it waits for."""

from __future__ import annotations

from dataclasses import replace

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_with_error, open_command_context
from bridge.cli.notice.notice_view import find_unsent_item_or_exit, save_item_change, show_item_change
from bridge.cli.options import REASON_OPTION
from bridge.cli.shared.ids import ITEM_ID
from bridge.model import Fact, NoticeState
from bridge.steps.index.doubt_parcels import is_under_review, release_parcel
from bridge.steps.notices.pause_items import LEGAL_HOLD_PREFIX


@json_command(
    example="notice release ent_01M84N6EY20CZ9W2PB73FKRKAY --reason 'claim is settled' --yes",
    irreversible="The processor is instructed with the next notice. A notice that went out cannot be recalled.",
)
@click.argument("item_id", type=ITEM_ID, metavar="ITEM")
@REASON_OPTION
def release(item_id: str, reason: str) -> None:
    """Let one item be sent now, whatever it waits for: the cash was remitted, the insurance claim is settled.

    An item that may be another person's parcel is thereby the data subject's: the review is closed as released.
    """
    with open_command_context() as context, context.store.transaction() as tx:
        item = find_unsent_item_or_exit(tx, item_id)
        if item.state is NoticeState.QUEUED:
            exit_with_error(f"{item_id} waits for nothing: the next notice includes it.")
        legal_holds = [matter for matter in item.matters if matter.startswith(LEGAL_HOLD_PREFIX)]
        if legal_holds:
            hold_ids = ", ".join(matter.removeprefix(LEGAL_HOLD_PREFIX) for matter in legal_holds)
            exit_with_error(f"{item_id} is held by {hold_ids}: `hold release` releases it.")
        if is_under_review(item):
            release_parcel(item, actor=context.operator, reason=reason, tx=tx, services=context.services)
            item = find_unsent_item_or_exit(tx, item_id)
        released = replace(item, matters=(), released=True, look_at=context.store.now())
        save_item_change(released, Fact.NOTICE_ITEM_RESUMED, reason, tx, operator=context.operator)
    show_item_change(item_id, "released")
