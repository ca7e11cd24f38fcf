"""Record how an erasure that was stopped goes on or ends; exit with 1 where it does not wait for that."""

from __future__ import annotations

from bridge.cli.context import CommandContext, exit_with_error
from bridge.errors import PayloadInvalid
from bridge.model import Outcome, ShopExitDecision
from bridge.steps.erasure.settle_platform_erasure import settle_platform_erasure
from bridge.steps.shops.resolve_reinstalled_shop import resolve_reinstalled_shop


def apply_shop_decision(request_id: str, decision: ShopExitDecision, reason: str, context: CommandContext) -> None:
    """Record what becomes of the erasure of a shop that seems to be installed again; exit with 1 if it is not one."""
    try:
        resolve_reinstalled_shop(request_id, decision, actor=context.operator, reason=reason, services=context.services)
    except PayloadInvalid:
        exit_with_error(
            f"{request_id} does not wait for this decision. Only the erasure of a shop that stopped with"
            f" installed_again does: see `bridge dsr show {request_id}`."
        )


def settle_or_exit(request_id: str, decision: Outcome, reason: str, context: CommandContext) -> None:
    """Record how an erasure ends that Shopify has not confirmed; exit with 1 if it does not wait for that."""
    if not settle_unconfirmed(request_id, decision, reason, context):
        exit_with_error(
            f"{request_id} does not wait for this decision. Only an erasure that Shopify did not confirm in time does:"
            f" see `bridge dsr show {request_id}`."
        )


def settle_unconfirmed(request_id: str, decision: Outcome | None, reason: str, context: CommandContext) -> bool:
    """Record the decision; return False where Shopify's erasure does not wait for one. Exit with 1 for an older request."""
    services, actor = context.services, context.operator
    try:
        settle_platform_erasure(request_id, decision, actor=actor, reason=reason, services=services)
    except PayloadInvalid as fault:
        if str(fault) == "newer_request_open":
            exit_with_error(f"{request_id}: a newer request of the same data subject is open; decide on that one.")
        return False
    return True
