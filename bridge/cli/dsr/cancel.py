"""`dsr cancel`: cancel the erasure that the bridge requested from Shopify."""

from __future__ import annotations

import click

from bridge.cli.command import is_dry_run, json_command
from bridge.cli.context import CommandContext, exit_with_error, open_command_context
from bridge.cli.dsr.dsr_view import find_request_or_exit
from bridge.cli.options import REASON_OPTION
from bridge.cli.printing import show
from bridge.cli.shared.ids import REQUEST_ID
from bridge.errors import BridgeError
from bridge.steps.erasure.cancel_platform_erasure import cancel_platform_erasure, list_cancellable_polls


@json_command(
    example="dsr cancel req_01M84N6EY20CZ9W2PB73FKRKAY --reason 'ticket 4711'",
    irreversible="Shopify is told not to erase. Only a new request can ask for it again.",
)
@click.argument("request_id", type=REQUEST_ID, metavar="ID")
@REASON_OPTION
def cancel(request_id: str, reason: str) -> None:
    """Cancel the erasure that was requested from Shopify, while it is pending.

    What the bridge itself erased stays erased.
    """
    with open_command_context() as context:
        if is_dry_run():
            _exit_if_nothing_to_cancel(request_id, context)
            show({"id": request_id, "cancelled": False}, f"{request_id}: Shopify is told to cancel its erasure.")
            return
        try:
            cancel_platform_erasure(request_id, actor=context.operator, reason=reason, services=context.services)
        except BridgeError as fault:
            exit_with_error(f"Not cancelled: {fault}.")
    message = f"{request_id}: Shopify's erasure is cancelled. What the bridge erased stays erased."
    show({"id": request_id, "cancelled": True}, message)


def _exit_if_nothing_to_cancel(request_id: str, context: CommandContext) -> None:
    with context.store.transaction() as tx:
        find_request_or_exit(tx, request_id)
        if not list_cancellable_polls(tx.tasks.list_tasks(request_id)):
            exit_with_error(f"{request_id}: nothing that was asked for by hand is still open at Shopify.")
