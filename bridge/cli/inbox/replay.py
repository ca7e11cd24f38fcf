"""`inbox replay`: put back what failed."""

from __future__ import annotations

from typing import Any

import click

from bridge.cli.context import JSON_OPTION, get_operator, open_command_context, parse_since
from bridge.cli.printing import print_json
from bridge.model import Fact


@click.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--failed", is_flag=True, help="All that failed, narrowed by the options below.")
@click.option("--topic", help="With --failed: only this topic.")
@click.option("--since", "after", help="With --failed: only newer ones: 30m, 2h, 3d or a date.")
@click.option("--limit", default=1000, show_default=True, type=click.IntRange(1, 100_000))
@click.option("--dry-run", is_flag=True, help="Show what would be put back; change nothing.")
@JSON_OPTION
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
    with open_command_context() as at, at.store.transaction() as tx:
        wanted = list(ids) or [
            row["id"]
            for row in tx.operator_queries.list_deliveries(
                state="failed", topic=topic or "", since=parse_since(after), limit=limit
            )
        ]
        known = {
            row["id"]: row for row in tx.operator_queries.list_deliveries(ids=wanted, limit=len(wanted) or 1)
        }
        can = tx.operator_queries.filter_replayable(wanted)
        put = can if dry_run else tx.operator_queries.replay_deliveries(can)
        for delivery_id in put if not dry_run else ():
            row = known[delivery_id]
            tx.evidence.append_fact(
                Fact.DELIVERY_REPLAYED,
                shop=row["shop"],
                actor=get_operator(),
                delivery=delivery_id,
                topic=row["topic"],
            )
    left = {one: _explain_not_replayed(known.get(one)) for one in wanted if one not in put}
    if as_json:
        print_json({"dry_run": dry_run, "replayed": put, "not_replayed": left})
    else:
        click.echo(f"{'Would put back' if dry_run else 'Put back'} {len(put)} of {len(wanted)}.")
        for one in put:
            click.echo(f"  {one}  {known[one]['topic']}")
        for one, why in left.items():
            click.echo(f"  {one}  left: {why}")
    if left:
        raise SystemExit(1)


def _explain_not_replayed(row: Any) -> str:
    if row is None:
        return "no such delivery"
    if row["state"] == "done":
        return "done already; to run a request again use `dsr replay`"
    if row["state"] == "received":
        return "waiting or at work already"
    return f"{row['state']} ({row['reason'] or row['last_error']}): it would fail again, or its body is gone"
