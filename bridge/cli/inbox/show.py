"""`inbox show`: show one delivery; its body only with a reason, which is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_with_error, open_command_context
from bridge.cli.options import REVEAL_REASON_OPTION, require_reveal_reason
from bridge.cli.printing import show
from bridge.model import Fact


@json_command("show")
@click.argument("delivery_id", metavar="ID")
@click.option("--reveal", is_flag=True, help="Show the body too. This is recorded as evidence.")
@REVEAL_REASON_OPTION
def show_delivery_command(delivery_id: str, reveal: bool, reason: str) -> None:
    """Show one delivery."""
    require_reveal_reason(reveal, reason)
    with open_command_context() as context, context.store.transaction() as tx:
        rows = tx.operator_queries.list_deliveries(ids=[delivery_id], limit=1)
        if not rows:
            exit_with_error(f"There is no delivery {delivery_id}.")
        shown: dict[str, Any] = dict(rows[0])
        if reveal:
            delivery = tx.operator_queries.reveal_delivery(delivery_id)
            shown["body"] = delivery.raw.decode("utf-8", "replace") if delivery else ""
            about = {"shop": shown["shop"], "delivery": delivery_id}
            tx.evidence.append_fact(Fact.PERSONAL_DATA_REVEALED, actor=context.operator, **about, reason=reason)
    show(shown, _print_delivery)


def _print_delivery(shown: Mapping[str, Any]) -> None:
    for name, value in shown.items():
        click.echo(f"{name:14} {value if value not in (None, '') else '-'}")
