"""`hold review`: record that a legal hold is still needed."""

from __future__ import annotations

from bridge.cli.command import json_command
from bridge.cli.context import open_command_context
from bridge.cli.hold.hold_options import LEGAL_HOLD_ARGUMENT, exit_on_invalid_hold
from bridge.cli.hold.hold_view import show_legal_hold
from bridge.cli.options import REASON_OPTION
from bridge.cli.shared.dates import format_time
from bridge.steps.retention.legal_hold import review_legal_hold


@json_command(example="hold review clm_01M84N6EY20CZ9W2PB73FKRKAY --reason 'suit is pending'")
@LEGAL_HOLD_ARGUMENT
@REASON_OPTION
def review(hold_id: str, reason: str) -> None:
    """Record that you looked and the dispute is still open. The next review is due in ninety days."""
    with open_command_context() as context, exit_on_invalid_hold(hold_id):
        legal_hold = review_legal_hold(hold_id, actor=context.operator, reason=reason, services=context.services)
    show_legal_hold(legal_hold, f"is due for its next review by {format_time(legal_hold.review_due_at)}")
