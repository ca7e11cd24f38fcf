"""`hold changes`: show what the loaded retention file changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import click

from bridge.cli.command import json_command
from bridge.cli.context import open_command_context
from bridge.cli.hold.hold_view import format_day, join_list_values, make_day_sort_key
from bridge.cli.printing import print_table, show
from bridge.cli.shared.dates import format_time
from bridge.model import AcceptedPolicy
from bridge.rules.retention.release import ReleaseDayChange
from bridge.steps.retention.accept_policy import PolicyChange, count_policy_changes, find_earlier_ages

CHANGE_COLUMNS = ("moved", "orders", "old_day", "new_day", "grounds")
MAX_AGE_COLUMNS = ("moved", "category", "what", "old", "new")


@json_command(example="hold changes")
def changes() -> None:
    """Show what would be erased earlier or later under the loaded retention file than under the accepted one.

    Lists documents by their day, and categories of which an age or a hold becomes shorter.
    """
    with open_command_context() as context:
        services = context.services
        with context.store.transaction() as tx:
            accepted = tx.retention_policies.find_accepted_policy()
        rows = _change_rows(count_policy_changes(services=services))
        ages = [{"moved": ReleaseDayChange.EARLIER, **asdict(age)} for age in find_earlier_ages(accepted, services)]
        loaded = services.retention
    show(
        {
            "policy_id": loaded.policy_id,
            "loaded_sha256": loaded.sha256,
            "accepted_sha256": accepted.sha256 if accepted else None,
            "in_force": accepted is not None and accepted.sha256 == loaded.sha256,
            "changes": rows,
            "ages": ages,
        },
        lambda shown: _print_changes(shown, accepted),
    )


def _change_rows(changes: Mapping[PolicyChange, int]) -> list[dict[str, Any]]:
    rows = [
        {
            "moved": change.direction,
            "orders": orders,
            "old_day": format_day(change.old_day),
            "new_day": format_day(change.new_day),
            "grounds": list(change.grounds),
        }
        for change, orders in changes.items()
    ]
    return sorted(rows, key=lambda row: (row["moved"], make_day_sort_key("new_day")(row)))


def _print_changes(result: Mapping[str, Any], accepted: AcceptedPolicy | None) -> None:
    click.echo(f"loaded    {result['loaded_sha256'][:16]}  {result['policy_id']}")
    text = "none yet: the clock accepts the loaded one"
    if accepted:
        text = f"{accepted.sha256[:16]}  {accepted.policy_id}, {format_time(accepted.accepted_at)} by {accepted.accepted_by}"
    click.echo(f"accepted  {text}\n")
    print_table(map(join_list_values, result["changes"]), CHANGE_COLUMNS, empty="No document has a day yet.")
    if result["ages"]:
        click.echo()
        print_table(result["ages"], MAX_AGE_COLUMNS, empty="")
