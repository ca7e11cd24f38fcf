"""`inbox replay`: queue failed deliveries again, and rejected ones that today's rules accept."""

from __future__ import annotations

from typing import Any

import click

from bridge.cli.command import json_command
from bridge.cli.context import open_command_context
from bridge.cli.options import LIMIT
from bridge.cli.printing import show
from bridge.cli.shared.dates import When, when_option
from bridge.cli.shared.ids import DELIVERY_ID
from bridge.steps.webhooks.replay import replay_deliveries


@json_command(example="inbox replay --failed --dry-run\ninbox replay dlv_01M84N6EY20CZ9W2PB73FKRKAY")
@click.argument("ids", type=DELIVERY_ID, nargs=-1, metavar="[ID]...")
@click.option("--failed", is_flag=True, help="All failed deliveries, narrowed by the options below.")
@click.option("--rejected", is_flag=True, help="All rejected deliveries whose body is kept, narrowed likewise.")
@click.option("--topic", help="With --failed or --rejected: only this topic.")
@when_option("--since", "after", meaning="With --failed or --rejected: only deliveries since then.")
@click.option("--limit", default=1000, show_default=True, type=LIMIT, help="At most this many.")
@click.option("--dry-run", is_flag=True, help="Show what would be queued again; change nothing.")
def replay(
    ids: tuple[str, ...], failed: bool, rejected: bool, topic: str | None, after: When | None, limit: int, dry_run: bool
) -> None:
    """Queue failed deliveries again; they are worked on within seconds. The clocks of requests never restart.

    A rejected mandatory webhook is decided on anew, by its signed body and today's rules and settings.
    """
    if [bool(ids), failed, rejected].count(True) != 1:
        raise click.UsageError("give ids, or --failed, or --rejected")
    with open_command_context() as context, context.store.transaction() as tx:
        queries, wanted = tx.operator_queries, list(ids)
        if not ids:
            state = "failed" if failed else "rejected"
            since = after.resolve(context.merchant_zone) if after else None
            rows = queries.list_deliveries(state=state, topic=topic or "", since=since, limit=limit)
            wanted = [row["id"] for row in rows]
        replayed = replay_deliveries(wanted, actor=context.operator, dry_run=dry_run, tx=tx, services=context.services)
        known = {row["id"]: row for row in queries.list_deliveries(ids=wanted, limit=len(wanted) or 1)}
    not_replayed = {each: _explain_not_replayed(known.get(each)) for each in wanted if each not in replayed}
    lines = [f"{'Would queue again' if dry_run else 'Queued again'}: {len(replayed)} of {len(wanted)}."]
    lines += [f"  {each}  {known[each]['topic']}" for each in replayed]
    lines += [f"  {each}  not queued: {reason}" for each, reason in not_replayed.items()]
    show({"dry_run": dry_run, "replayed": replayed, "not_replayed": not_replayed}, "\n".join(lines))
    if not_replayed and not rejected:  # most of what is rejected stays so
        raise SystemExit(1)


def _explain_not_replayed(row: Any) -> str:
    if row is None:
        return "no such delivery"
    if row["state"] == "done":
        return "it is done; to run a request again use `dsr replay`"
    if row["state"] == "received":
        return "it is waiting or at work already"
    return f"{row['state']} ({row['reason'] or row['last_error']}): it would fail again, or its body was destroyed"
