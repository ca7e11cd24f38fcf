"""`inbox show`: show one delivery; its body only with a reason, which is recorded."""

from __future__ import annotations

from functools import partial
from typing import Any

import click

from bridge.cli.command import json_command
from bridge.cli.context import open_command_context
from bridge.cli.inbox.inbox_view import find_delivery_or_exit
from bridge.cli.options import REVEAL_REASON_OPTION, require_reveal_reason
from bridge.cli.printing import print_fields, show
from bridge.cli.shared.ids import DELIVERY_ID
from bridge.model import Fact


@json_command("show", example="inbox show dlv_01M84N6EY20CZ9W2PB73FKRKAY")
@click.argument("delivery_id", type=DELIVERY_ID, metavar="ID")
@click.option("--reveal", is_flag=True, help="Show the body too. This is recorded as evidence.")
@REVEAL_REASON_OPTION
def show_delivery_command(delivery_id: str, reveal: bool, reason: str) -> None:
    """Show one delivery, by its id or by the webhook id that `send` prints."""
    require_reveal_reason(reveal, reason)
    with open_command_context() as context, context.store.transaction() as tx:
        shown: dict[str, Any] = dict(find_delivery_or_exit(tx, delivery_id))
        delivery_id = shown["id"]
        if reveal:
            delivery = tx.operator_queries.reveal_delivery(delivery_id)
            shown["body"] = delivery.raw.decode("utf-8", "replace") if delivery else ""
            about = {"shop": shown["shop"], "delivery": delivery_id}
            tx.evidence.append_fact(Fact.PERSONAL_DATA_REVEALED, actor=context.operator, **about, reason=reason)
    show(shown, partial(print_fields, width=14))
