"""`notice hold`: pause one notice item."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import open_command_context
from bridge.cli.notice.notice_view import find_unsent_item_or_exit, show_item_change
from bridge.cli.options import REASON_OPTION
from bridge.cli.shared.ids import ITEM_ID
from bridge.model import Fact
from bridge.rules.notices.timing import PAUSED_BY_OPERATOR
from bridge.steps.evidence.record_facts import record_notice_fact
from bridge.steps.notices.pause_items import pause_items


@json_command(example="notice hold ent_01M84N6EY20CZ9W2PB73FKRKAY --reason 'claim is open'")
@click.argument("item_id", type=ITEM_ID, metavar="ITEM")
@REASON_OPTION
def hold(item_id: str, reason: str) -> None:
    """Pause one item: no notice includes it until `notice release`."""
    with open_command_context() as context, context.store.transaction() as tx:
        item = find_unsent_item_or_exit(tx, item_id)
        pause_items([item], PAUSED_BY_OPERATOR, tx=tx, services=context.services)
        record_notice_fact(Fact.NOTICE_ITEM_PAUSED, [item], tx, actor=context.operator, entry=item.id, reason=reason)
    show_item_change(item_id, "held")
