"""`inbox show`: one delivery; its body only with a reason, which is recorded."""

from __future__ import annotations

from typing import Any

import click

from bridge.cli.context import AS_JSON, desk, operator, refuse
from bridge.cli.printing import emit
from bridge.model import Fact


@click.command()
@click.argument("delivery_id", metavar="ID")
@click.option("--reveal", is_flag=True, help="Show the body too. This is recorded as evidence.")
@click.option("--reason", help="Why it must be seen; required with --reveal. No names.")
@AS_JSON
def show(delivery_id: str, reveal: bool, reason: str | None, as_json: bool) -> None:
    """Show one delivery."""
    if reveal and not reason:
        raise click.UsageError("--reveal needs --reason: who reads personal data says why")
    with desk() as at, at.store.transaction() as tx:
        rows = tx.listing.deliveries(ids=[delivery_id], limit=1)
        if not rows:
            refuse(f"There is no delivery {delivery_id}.")
        shown: dict[str, Any] = dict(rows[0])
        if reveal:
            opened = tx.listing.delivery(delivery_id)
            shown["body"] = opened.raw.decode("utf-8", "replace") if opened else ""
            tx.evidence.append(
                Fact.PERSONAL_DATA_REVEALED,
                shop=shown["shop"],
                actor=operator(),
                delivery=delivery_id,
                reason=reason,
            )
    if as_json:
        emit(shown)
    else:
        for name, value in shown.items():
            click.echo(f"{name:14} {value if value not in (None, '') else '-'}")
