"""`hold approve`: approve a legal hold that lasts longer than a year."""

from __future__ import annotations

from bridge.cli.command import json_command
from bridge.cli.context import open_command_context
from bridge.cli.hold.hold_options import LEGAL_HOLD_ARGUMENT, exit_on_invalid_hold
from bridge.cli.hold.hold_view import show_legal_hold
from bridge.cli.options import REASON_OPTION
from bridge.steps.retention.legal_hold import approve_legal_hold


@json_command(example="hold approve clm_01M84N6EY20CZ9W2PB73FKRKAY --reason 'suit is pending'")
@LEGAL_HOLD_ARGUMENT
@REASON_OPTION
def approve(hold_id: str, reason: str) -> None:
    """Approve, as a second person, that a legal hold lasts longer than a year."""
    with open_command_context() as context, exit_on_invalid_hold(hold_id):
        legal_hold = approve_legal_hold(hold_id, actor=context.operator, reason=reason, services=context.services)
    show_legal_hold(legal_hold, f"is approved by {legal_hold.approved_by}")
