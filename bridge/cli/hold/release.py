"""`hold release`: release a legal hold."""

from __future__ import annotations

from datetime import date

from bridge.cli.command import json_command
from bridge.cli.context import open_command_context
from bridge.cli.hold.hold_options import DISPOSED_ON_OPTION, LEGAL_HOLD_ARGUMENT, exit_on_invalid_hold
from bridge.cli.hold.hold_view import show_released_hold
from bridge.cli.options import REASON_OPTION
from bridge.steps.retention.legal_hold import release_legal_hold


@json_command()
@LEGAL_HOLD_ARGUMENT
@DISPOSED_ON_OPTION
@REASON_OPTION
def release(hold_id: str, disposed_on: date | None, reason: str) -> None:
    """Release a legal hold: the dispute is over. What nothing else keeps is then erased."""
    with open_command_context() as context, exit_on_invalid_hold():
        services, actor = context.services, context.operator
        result = release_legal_hold(hold_id, actor=actor, reason=reason, services=services, disposed_on=disposed_on)
    show_released_hold(result)
