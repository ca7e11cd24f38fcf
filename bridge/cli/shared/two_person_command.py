"""What `nomination approve` and `incident approve` do: one of two approvals."""

from __future__ import annotations

from bridge.cli.context import exit_on_refusal, open_command_context
from bridge.cli.nomination.nomination_view import NOMINATION_FAULTS
from bridge.cli.printing import show
from bridge.rules.requests.decisions.two_person_kinds import APPROVERS_NEEDED
from bridge.steps.desk.two_person import approve_by_two


def approve_and_show(request_id: str, reason: str) -> None:
    """Record an operator's approval of what stands now, and print how many there are."""
    with open_command_context() as context, exit_on_refusal("Not approved", NOMINATION_FAULTS, about=request_id):
        approvers = approve_by_two(request_id, actor=context.operator, reason=reason, services=context.services)
    is_enough = len(approvers) >= APPROVERS_NEEDED
    shown = {"id": request_id, "approved_by": approvers, "approvals_needed": APPROVERS_NEEDED, "enough": is_enough}
    rest = "that is enough" if is_enough else "another person must approve it too"
    show(shown, f"{request_id}: {len(approvers)} of {APPROVERS_NEEDED} approvals; {rest}.")
