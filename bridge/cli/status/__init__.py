"""`status`: what is late, incomplete or stuck, and who must act, on one screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import click

from bridge.cli.command import json_command
from bridge.cli.context import open_command_context
from bridge.cli.printing import show
from bridge.model import AwaitingRequest, RequestState
from bridge.rules.operations.conditions import Condition, FoundCondition, describe_age
from bridge.steps.operations.conditions import Liveness, list_conditions, read_liveness

LATE_CONDITIONS = (Condition.REQUEST_LATE, Condition.DEADLINE_MISSED)
# in which block of the screen a condition stands
BLOCKS: Mapping[str, tuple[Condition, ...]] = {
    "late": LATE_CONDITIONS,
    "incomplete": (Condition.REQUEST_INCOMPLETE,),
    "stuck": tuple(each for each in Condition if each not in (*LATE_CONDITIONS, Condition.REQUEST_INCOMPLETE)),
}
SHOWN_IDS, SHOWN_AWAITING = 3, 10


@json_command(example="status\nstatus --json")
def status() -> None:
    """Show what is late, incomplete or stuck, who must act, and what to type. Exit 0 whatever it shows."""
    with open_command_context() as context:
        now = context.store.now()
        with context.store.read() as tx:
            liveness = read_liveness(tx=tx)
            found = list_conditions(tx=tx, services=context.services)
            requests = tx.operator_queries.count_by_state()["requests"]
            awaiting = tx.approvals.list_awaiting_requests()
        rows = [_describe_row(one) for one in found]
        result = {
            "at": now,
            "processes": _describe_processes(liveness),
            "requests": {
                **{state.value: requests.get(state, 0) for state in RequestState},
                "late": sum(one.count for one in found if one.condition is Condition.REQUEST_LATE),
            },
            **{block: [row for row in rows if row["condition"] in kinds] for block, kinds in BLOCKS.items()},
            "approvals": [_describe_awaiting(one, now) for one in awaiting],
            "must_act": _count_actors(rows),
        }
        show(result, lambda shown: _print_status(shown, liveness))


def _describe_row(one: FoundCondition) -> dict[str, Any]:
    return {
        "condition": one.condition.value,
        "reason": one.reason,
        "count": one.count,
        "ids": list(one.ids),
        "since": one.since,
        "systems": list(one.systems),
        "meaning": one.guide.words,
        "who": one.guide.who,
        "command": one.command,
        "page": one.guide.page,
    }


def _describe_awaiting(one: AwaitingRequest, now: datetime) -> dict[str, Any]:
    """Return a request that awaits an approval; `hours_left` is below zero where it is late."""
    return {
        "id": one.request_id,
        "kind": one.kind,
        "door": one.door.value,
        "approvals": one.approvals,
        "due_at": one.due_at,
        "hours_left": int((one.due_at - now).total_seconds() // 3_600),
    }


def _describe_processes(liveness: Liveness) -> dict[str, Any]:
    return {
        "clock_seen_at": liveness.last_turn_at,
        "worker_seen_at": liveness.last_worker_at,
        "workers": liveness.workers,
        "oldest_due_since": dict(liveness.oldest_due),
    }


def _count_actors(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["who"]] = counts.get(row["who"], 0) + 1
    return counts


def _print_status(result: Mapping[str, Any], liveness: Liveness) -> None:
    now = result["at"]
    seen = {"clock": liveness.last_turn_at, "worker": liveness.last_worker_at}
    ages = [f"{name} seen {describe_age(now - at)} ago" if at else f"{name} never seen" for name, at in seen.items()]
    waits = [since for since in liveness.oldest_due.values() if since]
    ages.append(f"the oldest due row waits {describe_age(now - min(waits))}" if waits else "no row waits for a worker")
    click.echo("; ".join(ages))
    click.echo("requests: " + ", ".join(f"{state} {count}" for state, count in result["requests"].items()))
    for block in BLOCKS:
        click.echo(f"\n{block.upper()}" + ("" if result[block] else "  nothing"))
        for row in result[block]:
            _print_row(row, now)
    awaiting = result["approvals"]
    click.echo("\nAWAITS YOUR APPROVAL" + ("" if awaiting else "  nothing"))
    for one in awaiting[:SHOWN_AWAITING]:
        click.echo(
            f"  {one['id']}  {one['kind']}, by {one['door']}, {one['hours_left']} h left -> dsr plan {one['id']}"
        )
    if len(awaiting) > SHOWN_AWAITING:
        click.echo(f"  and {len(awaiting) - SHOWN_AWAITING} more: dsr list --state awaiting_approval")
    actors = ", ".join(f"{who} {count}" for who, count in result["must_act"].items())
    click.echo(f"\nMUST ACT  {actors or 'nobody'}")


def _print_row(row: Mapping[str, Any], now: Any) -> None:
    reason = f" ({row['reason']})" if row["reason"] else ""
    since = f", since {describe_age(now - row['since'])}" if row["since"] else ""
    systems = f": {', '.join(row['systems'])}" if row["systems"] else ""
    ids = " ".join(row["ids"][:SHOWN_IDS]) + (" …" if row["count"] > SHOWN_IDS and row["ids"] else "")
    click.echo(f"  {row['count']:>4}  {row['meaning']}{reason}{systems}{since}")
    click.echo(f"        {ids + '  ' if ids else ''}-> {row['command']}")
