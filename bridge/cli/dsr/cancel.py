"""`dsr cancel`: cancel the erasure that the bridge requested from Shopify."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_with_error, open_command_context
from bridge.cli.options import REASON_OPTION
from bridge.cli.printing import show
from bridge.cli.shared.ids import REQUEST_ID
from bridge.errors import BridgeError
from bridge.steps.erasure.cancel_platform_erasure import cancel_platform_erasure


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
        try:
            cancel_platform_erasure(request_id, actor=context.operator, reason=reason, services=context.services)
        except BridgeError as fault:
            exit_with_error(f"Not cancelled: {fault}.")
    message = f"{request_id}: Shopify's erasure is cancelled. What the bridge erased stays erased."
    show({"id": request_id, "cancelled": True}, message)
