"""`hold release`: release a legal hold."""

from __future__ import annotations

from datetime import date

import click

from bridge.cli.context import open_command_context
from bridge.cli.hold.hold_options import DISPOSED_ON_OPTION, LEGAL_HOLD_ARGUMENT, exit_on_invalid_hold
from bridge.cli.hold.hold_view import show_released_hold
from bridge.cli.options import JSON_OPTION, REASON_OPTION
from bridge.steps.retention.legal_hold import release_legal_hold


@click.command()
@LEGAL_HOLD_ARGUMENT
@DISPOSED_ON_OPTION
@REASON_OPTION
@JSON_OPTION
def release(hold_id: str, disposed_on: date | None, reason: str, as_json: bool) -> None:
    """Release a legal hold: the dispute is over. What nothing else keeps is then erased."""
    with open_command_context() as context, exit_on_invalid_hold():
        result = release_legal_hold(
            hold_id, actor=context.operator, reason=reason, services=context.services, disposed_on=disposed_on
        )
    show_released_hold(result, as_json)
