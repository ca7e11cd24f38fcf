"""`dsr continue`: continue an erasure that was stopped.

A shop's erasure stops if the app seems to be installed again. A data subject's erasure stops if a precheck finds
that the data subject would lose money, and polling Shopify stops if no confirmation comes in time.
"""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import CommandContext, exit_with_error, open_command_context
from bridge.cli.dsr.decisions import apply_shop_decision, settle_unconfirmed
from bridge.cli.dsr.dsr_view import find_request_or_exit
from bridge.cli.options import REASON_OPTION
from bridge.cli.printing import show
from bridge.cli.shared.ids import REQUEST_ID
from bridge.errors import PayloadInvalid
from bridge.model import RequestKind, ShopExitDecision
from bridge.steps.erasure.release_precheck import release_precheck


@json_command(
    "continue",
    example="dsr continue req_01M84N6EY20CZ9W2PB73FKRKAY --reason 'ticket 4711' --dry-run",
    irreversible="The erasure goes on. What is erased does not come back.",
)
@click.argument("request_id", type=REQUEST_ID, metavar="ID")
@REASON_OPTION
def continue_erasure_command(request_id: str, reason: str) -> None:
    """Continue an erasure that was stopped.

    The erasure of a shop continues although the app seems to be installed again; its new token is deleted too. The
    erasure of a data subject continues although a precheck found that the data subject would lose money: Shopify
    is then asked to erase, and what Shopify erased does not come back. If Shopify has not confirmed its erasure in
    time, it is polled for the days of the merchant file once more.
    """
    result = {"id": request_id, "decision": ShopExitDecision.CONTINUE}
    with open_command_context() as context:
        with context.store.transaction() as tx:
            kind = find_request_or_exit(tx, request_id).kind
        if kind is not RequestKind.ERASURE:
            apply_shop_decision(request_id, ShopExitDecision.CONTINUE, reason, context)
            show(result, f"{request_id}: the shop is erased within seconds.")
            return
        codes = _release_precheck(request_id, reason, context)
        if not codes and not settle_unconfirmed(request_id, None, reason, context):
            advice = f"See `bridge dsr plan {request_id}`."
            exit_with_error(f"{request_id}: no precheck stopped it, so nothing was changed. {advice}")
    if codes:
        message = f"{request_id} continues in spite of {', '.join(codes)}. Shopify is asked within seconds."
        show({**result, "released": codes}, message)
    else:
        show(result, f"{request_id}: Shopify is polled again, the first time within seconds.")


def _release_precheck(request_id: str, reason: str, context: CommandContext) -> list[str]:
    """Return the codes of the released prechecks; empty if none stopped the request."""
    try:
        return release_precheck(request_id, actor=context.operator, reason=reason, services=context.services)
    except PayloadInvalid as fault:
        if str(fault) == "newer_request_open":
            exit_with_error(f"{request_id}: a newer request of the same data subject is open; continue that one.")
        return []
