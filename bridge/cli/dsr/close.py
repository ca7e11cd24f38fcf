"""`dsr close`: end an erasure that cannot go on by itself: of a shop that is back, or not confirmed by Shopify."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import CommandContext, exit_with_error, open_command_context
from bridge.cli.dsr.decisions import apply_shop_decision, settle_or_exit
from bridge.cli.dsr.dsr_view import find_request_or_exit
from bridge.cli.options import REASON_OPTION
from bridge.cli.printing import show
from bridge.cli.shared.ids import REQUEST_ID
from bridge.model import Outcome, RequestKind, ShopExitDecision


@json_command(
    example="dsr close req_01M84N6EY20CZ9W2PB73FKRKAY --reason 'ticket 4711' --dry-run",
    irreversible="The request ends without its erasure being confirmed. It is not opened again.",
)
@click.argument("request_id", type=REQUEST_ID, metavar="ID")
@click.option("--erased", is_flag=True, help="You saw at Shopify that the customer's personal data is gone.")
@REASON_OPTION
def close(request_id: str, erased: bool, reason: str) -> None:
    """End an erasure that waits for your decision.

    The erasure of a shop that installed the app again ends without erasing: its certificate says not_erased, and why.
    The erasure of a data subject that Shopify has not confirmed ends too. Its certificate says that Shopify has not
    confirmed; with --erased, that you recorded it.
    """
    with open_command_context() as context:
        if _find_kind(request_id, context) is RequestKind.ERASURE:
            decision = Outcome.ERASED if erased else Outcome.UNCONFIRMED
            settle_or_exit(request_id, decision, reason, context)
            message = (
                f"{request_id} ends within seconds. Its certificate says that Shopify has not confirmed the erasure."
            )
        elif erased:
            exit_with_error(
                f"{request_id}: --erased is for the erasure of a data subject that Shopify has not confirmed."
            )
        else:
            apply_shop_decision(request_id, ShopExitDecision.CLOSE, reason, context)
            message = f"{request_id} ends within seconds. Nothing was erased."
    show({"id": request_id, "decision": ShopExitDecision.CLOSE}, message)


def _find_kind(request_id: str, context: CommandContext) -> RequestKind:
    with context.store.transaction() as tx:
        return find_request_or_exit(tx, request_id).kind
