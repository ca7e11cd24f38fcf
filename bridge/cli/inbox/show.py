"""`inbox show`: one delivery; its body only with a reason, which is recorded."""

from __future__ import annotations

from typing import Any

import click

from bridge.cli.context import JSON_OPTION, exit_with_error, get_operator, open_command_context
from bridge.cli.printing import print_json
from bridge.model import Fact


@click.command()
@click.argument("delivery_id", metavar="ID")
@click.option("--reveal", is_flag=True, help="Show the body too. This is recorded as evidence.")
@click.option("--reason", help="Why it must be seen; required with --reveal. No names.")
@JSON_OPTION
def show(delivery_id: str, reveal: bool, reason: str | None, as_json: bool) -> None:
    """Show one delivery."""
    if reveal and not reason:
        raise click.UsageError("--reveal needs --reason: who reads personal data says why")
    with open_command_context() as at, at.store.transaction() as tx:
        rows = tx.operator_queries.list_deliveries(ids=[delivery_id], limit=1)
        if not rows:
            exit_with_error(f"There is no delivery {delivery_id}.")
        shown: dict[str, Any] = dict(rows[0])
        if reveal:
            opened = tx.operator_queries.reveal_delivery(delivery_id)
            shown["body"] = opened.raw.decode("utf-8", "replace") if opened else ""
            tx.evidence.append_fact(
                Fact.PERSONAL_DATA_REVEALED,
                shop=shown["shop"],
                actor=get_operator(),
                delivery=delivery_id,
                reason=reason,
            )
    if as_json:
        print_json(shown)
    else:
        for name, value in shown.items():
            click.echo(f"{name:14} {value if value not in (None, '') else '-'}")
