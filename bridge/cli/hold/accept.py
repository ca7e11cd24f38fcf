"""`hold accept`: accept the loaded retention file."""

from __future__ import annotations

from bridge.cli.command import json_command
from bridge.cli.context import open_command_context
from bridge.cli.hold.hold_options import exit_on_invalid_hold
from bridge.cli.options import REASON_OPTION
from bridge.cli.printing import show
from bridge.steps.retention.accept_policy import accept_policy, count_by_direction, find_earlier_ages


@json_command(
    example="hold accept --reason 'reviewed by the accountant' --dry-run",
    irreversible="Documents get the days of the loaded retention file, and those whose day has come are destroyed.",
)
@REASON_OPTION
def accept(reason: str) -> None:
    """Accept the loaded retention file: documents get its days, and are destroyed when those days have come."""
    with open_command_context() as context, exit_on_invalid_hold():
        services = context.services
        with context.store.transaction() as tx:
            ages = find_earlier_ages(tx.retention_policies.find_accepted_policy(), services)
        changes = accept_policy(actor=context.operator, reason=reason, services=services)
    counts = {direction.value: orders for direction, orders in count_by_direction(changes).items()}
    policy_id, sha256 = services.retention.policy_id, services.retention.sha256
    show(
        {"policy_id": policy_id, "sha256": sha256, "accepted": True, **counts, "earlier_ages": len(ages)},
        f"{policy_id} ({sha256[:16]}) is in force: {counts['earlier']} orders are erased earlier,"
        f" {counts['later']} later, {counts['same']} as before; {len(ages)} ages and holds become shorter.",
    )
