"""`notice reopen`: notify a processor again of an item that it refused or retained."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_with_error, open_command_context
from bridge.cli.notice.notice_view import find_notice_item_or_exit, save_item_change, show_item_change
from bridge.cli.options import REASON_OPTION
from bridge.cli.shared.ids import ITEM_ID
from bridge.model import Fact, ProcessorAnswer
from bridge.rules.notices.answers import reopen_notice_item


@json_command(
    example="notice reopen ent_01M84N6EY20CZ9W2PB73FKRKAY --reason 'it agreed on 12 Nov' --yes",
    irreversible="The processor is instructed again. A notice that went out cannot be recalled.",
)
@click.argument("item_id", type=ITEM_ID, metavar="ITEM")
@REASON_OPTION
def reopen(item_id: str, reason: str) -> None:
    """Notify a processor again of an item that it refused or retained: it agreed since, or it has to erase now."""
    with open_command_context() as context, context.store.transaction() as tx:
        item = find_notice_item_or_exit(tx, item_id)
        if item.answer not in (ProcessorAnswer.REFUSED, ProcessorAnswer.RETAINED) or not item.reference:
            exit_with_error(f"{item_id} was neither refused nor retained: {item.state}.")
        reopened = reopen_notice_item(item, "reopened_by_operator", context.store.now())
        save_item_change(reopened, Fact.NOTICE_REOPENED, reason, tx, operator=context.operator)
    show_item_change(item_id, "reopened")
