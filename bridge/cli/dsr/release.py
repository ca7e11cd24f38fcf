"""`dsr release`: release a legal hold that was opened with `dsr hold`."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_with_error, open_command_context
from bridge.cli.dsr.dsr_view import find_request_or_exit
from bridge.cli.hold.hold_options import DISPOSED_ON_OPTION, exit_on_invalid_hold, resolve_disposal_day
from bridge.cli.hold.hold_view import show_released_hold
from bridge.cli.options import REASON_OPTION
from bridge.cli.shared.dates import When
from bridge.cli.shared.ids import HOLD_ID, REQUEST_ID
from bridge.steps.retention.legal_hold import release_legal_hold


@json_command(
    example="dsr release req_01M84N6EY20CZ9W2PB73FKRKAY --reason 'suit ended' --yes",
    irreversible="What nothing else keeps is then erased, for good.",
)
@click.argument("request_id", type=REQUEST_ID, metavar="ID")
@click.option("--claim", "hold_id", type=HOLD_ID, default="", help="Id of the legal hold, if there are several.")
@DISPOSED_ON_OPTION
@REASON_OPTION
def release(request_id: str, hold_id: str, disposed_on: When | None, reason: str) -> None:
    """Release a legal hold: the dispute with the data subject is over. What nothing else keeps is then erased."""
    with open_command_context() as context, exit_on_invalid_hold():
        with context.store.transaction() as tx:
            request = find_request_or_exit(tx, request_id)
            active = tx.legal_holds.list_active_legal_holds(shop=request.shop, request_id=request_id)
        hold_ids = [legal_hold.id for legal_hold in active]
        if not hold_ids or (hold_id and hold_id not in hold_ids):
            exit_with_error(f"{request_id} has no such legal hold.", "`bridge hold list` lists them.")
        if len(hold_ids) > 1 and not hold_id:
            exit_with_error(f"There are several legal holds. Choose one with --claim: {', '.join(hold_ids)}.")
        hold_id = hold_id or hold_ids[0]
        services, actor = context.services, context.operator
        day = resolve_disposal_day(disposed_on, context)
        result = release_legal_hold(hold_id, actor=actor, reason=reason, services=services, disposed_on=day)
    show_released_hold(result)
