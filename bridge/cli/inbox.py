"""`inbox list | show | replay`: what Shopify posted, and putting back what failed."""

from __future__ import annotations

from typing import Any

import click

from bridge.cli.desk import AS_JSON, desk, emit, operator, refuse, since, table
from bridge.model import Fact

LISTED = (
    "id",
    "shop",
    "topic",
    "webhook_id",
    "event_id",
    "state",
    "reason",
    "attempts",
    "received_at",
    "triggered_at",
    "last_error",
)


@click.group()
def inbox() -> None:
    """Deliveries: what Shopify posted and what became of it."""


@inbox.command("list")
@click.option("--state", type=click.Choice(["received", "done", "failed", "rejected"]))
@click.option("--topic", help="Only this topic, e.g. customers/redact.")
@click.option("--since", "after", help="Only newer ones: 30m, 2h, 3d or a date.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 100_000))
@AS_JSON
def list_(state: str | None, topic: str | None, after: str | None, limit: int, as_json: bool) -> None:
    """List deliveries, newest first. Bodies are never shown here."""
    with desk() as at, at.store.transaction() as tx:
        rows = tx.listing.deliveries(state=state or "", topic=topic or "", since=since(after), limit=limit)
    shown = [{name: row[name] for name in LISTED} for row in rows]
    if as_json:
        emit(shown)
    else:
        columns = ("id", "topic", "shop", "state", "reason", "attempts", "received_at", "last_error")
        table(shown, columns, empty="The inbox is empty.")


@inbox.command()
@click.argument("delivery_id", metavar="ID")
@click.option("--reveal", is_flag=True, help="Show the body too. This is recorded as evidence.")
@click.option("--reason", help="Why it must be seen; required with --reveal.")
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


@inbox.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--failed", is_flag=True, help="All that failed, narrowed by the options below.")
@click.option("--topic", help="With --failed: only this topic.")
@click.option("--since", "after", help="With --failed: only newer ones: 30m, 2h, 3d or a date.")
@click.option("--limit", default=1000, show_default=True, type=click.IntRange(1, 100_000))
@click.option("--dry-run", is_flag=True, help="Show what would be put back; change nothing.")
@AS_JSON
def replay(
    ids: tuple[str, ...],
    failed: bool,
    topic: str | None,
    after: str | None,
    limit: int,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Put failed deliveries back, to be worked on within seconds. Clocks of requests never restart."""
    if bool(ids) == failed:
        raise click.UsageError("give ids, or --failed")
    with desk() as at, at.store.transaction() as tx:
        wanted = list(ids) or [
            row["id"]
            for row in tx.listing.deliveries(
                state="failed", topic=topic or "", since=since(after), limit=limit
            )
        ]
        known = {row["id"]: row for row in tx.listing.deliveries(ids=wanted, limit=len(wanted) or 1)}
        can = tx.listing.replayable(wanted)
        put = can if dry_run else tx.listing.put_back(can)
        for delivery_id in put if not dry_run else ():
            row = known[delivery_id]
            tx.evidence.append(
                Fact.DELIVERY_REPLAYED,
                shop=row["shop"],
                actor=operator(),
                delivery=delivery_id,
                topic=row["topic"],
            )
    left = {one: _why_not(known.get(one)) for one in wanted if one not in put}
    if as_json:
        emit({"dry_run": dry_run, "replayed": put, "not_replayed": left})
    else:
        click.echo(f"{'Would put back' if dry_run else 'Put back'} {len(put)} of {len(wanted)}.")
        for one in put:
            click.echo(f"  {one}  {known[one]['topic']}")
        for one, why in left.items():
            click.echo(f"  {one}  left: {why}")
    if left:
        raise SystemExit(1)


def _why_not(row: Any) -> str:
    if row is None:
        return "no such delivery"
    if row["state"] == "done":
        return "done already; to run a request again use `dsr replay`"
    if row["state"] == "received":
        return "waiting or at work already"
    return f"{row['state']} ({row['reason'] or row['last_error']}): it would fail again, or its body is gone"
