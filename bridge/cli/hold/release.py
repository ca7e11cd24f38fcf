"""`hold release`: release a legal hold."""

from __future__ import annotations

from bridge.cli.command import json_command
from bridge.cli.context import open_command_context
from bridge.cli.hold.hold_options import (
    DISPOSED_ON_OPTION,
    LEGAL_HOLD_ARGUMENT,
    exit_on_invalid_hold,
    resolve_disposal_day,
)
from bridge.cli.hold.hold_view import show_released_hold
from bridge.cli.options import REASON_OPTION
from bridge.cli.shared.dates import When
from bridge.steps.retention.legal_hold import release_legal_hold


@json_command(
    example="hold release clm_01M84N6EY20CZ9W2PB73FKRKAY --reason 'suit ended' --yes",
    irreversible="What nothing else keeps is then erased, for good.",
)
@LEGAL_HOLD_ARGUMENT
@DISPOSED_ON_OPTION
@REASON_OPTION
def release(hold_id: str, disposed_on: When | None, reason: str) -> None:
    """Release a legal hold: the dispute is over. What nothing else keeps is then erased."""
    with open_command_context() as context, exit_on_invalid_hold(hold_id):
        services, actor = context.services, context.operator
        day = resolve_disposal_day(disposed_on, context)
        result = release_legal_hold(hold_id, actor=actor, reason=reason, services=services, disposed_on=day)
    show_released_hold(result)
