"""`inbox dismiss`: close a failed or rejected delivery that needs no action."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_with_error, open_command_context
from bridge.cli.inbox.inbox_view import find_delivery_or_exit
from bridge.cli.options import REASON_OPTION
from bridge.cli.printing import show
from bridge.cli.shared.ids import DELIVERY_ID
from bridge.model import Fact


@json_command(
    example="inbox dismiss dlv_01M84N6EY20CZ9W2PB73FKRKAY --reason 'test of the theme' --yes",
    irreversible="A dismissed delivery is not processed any more, and its body is deleted at its age.",
)
@click.argument("delivery_id", type=DELIVERY_ID, metavar="ID")
@REASON_OPTION
def dismiss(delivery_id: str, reason: str) -> None:
    """Close a failed or rejected delivery that needs no action, with the reason.

    The reason is recorded as evidence. `doctor` stops naming the delivery, and its body is deleted at its age.
    """
    with open_command_context() as context, context.store.transaction() as tx:
        row = find_delivery_or_exit(tx, delivery_id)
        delivery_id = row["id"]
        if not tx.inbox.dismiss_delivery(delivery_id):
            exit_with_error(
                f"{delivery_id} is {row['state']} {row['reason']}: only what failed or was rejected is closed."
            )
        about = {"shop": row["shop"], "topic": row["topic"], "delivery": delivery_id}
        was = row["reason"] or row["last_error"]
        tx.evidence.append_fact(Fact.DELIVERY_DISMISSED, actor=context.operator, **about, was=was, reason=reason)
    show({"id": delivery_id, "was": was}, f"{delivery_id} is closed. Nothing is done with it.")
