"""`inbox dismiss`: close a failed or rejected delivery that needs no action."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_with_error, open_command_context
from bridge.cli.options import REASON_OPTION
from bridge.cli.printing import show
from bridge.model import Fact


@json_command()
@click.argument("delivery_id", metavar="ID")
@REASON_OPTION
def dismiss(delivery_id: str, reason: str) -> None:
    """Close a failed or rejected delivery that needs no action, with the reason.

    The reason is recorded as evidence. `doctor` stops naming the delivery, and its body is deleted at its age.
    """
    with open_command_context() as context, context.store.transaction() as tx:
        rows = tx.operator_queries.list_deliveries(ids=[delivery_id], limit=1)
        if not rows:
            exit_with_error(f"There is no delivery {delivery_id}.")
        [row] = rows
        if not tx.inbox.dismiss_delivery(delivery_id):
            exit_with_error(
                f"{delivery_id} is {row['state']} {row['reason']}: only what failed or was rejected is closed."
            )
        about = {"shop": row["shop"], "topic": row["topic"], "delivery": delivery_id}
        was = row["reason"] or row["last_error"]
        tx.evidence.append_fact(Fact.DELIVERY_DISMISSED, actor=context.operator, **about, was=was, reason=reason)
    show({"id": delivery_id, "was": was}, f"{delivery_id} is closed. Nothing is done with it.")
