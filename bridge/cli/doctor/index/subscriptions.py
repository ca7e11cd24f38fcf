"""Check the webhook subscriptions: topics that the bridge needs and no webhook comes of, or to another address."""

from __future__ import annotations

from collections.abc import Iterator

from bridge.cli.context import CommandContext
from bridge.cli.doctor.database import end_without_database
from bridge.errors import BridgeError, StoreUnavailable
from bridge.model import CheckResult
from bridge.rules.webhooks.subscriptions import SubscriptionFault, SubscriptionProblem
from bridge.steps.index.reconcile.check_subscriptions import list_subscription_faults
from bridge.steps.index.reconcile.open_reconciliation import list_reconciled_shops

FIX = "add it to shopify.app.toml as docs/deploying.md shows, then `shopify app deploy`"
ADVICE = {
    SubscriptionProblem.MISSING: "no webhook came and the API lists no subscription: {fix}",
    SubscriptionProblem.WRONG_URI: "is sent to {found}: delete that subscription, and {fix}",
    SubscriptionProblem.WRONG_VERSION: (
        "comes in API version {found}, the bridge asks in {version}: set api_version in shopify.app.toml, then"
        " `shopify app deploy`"
    ),
}


@end_without_database
def check_subscriptions(context: CommandContext) -> Iterator[CheckResult]:
    """Yield each topic that is missing or wrong; one line for a shop where none is."""
    with context.store.read() as tx:
        find_name = tx.shop_names.directory.find_current_name
    for shop in list_reconciled_shops(context.services):
        name = f"{find_name(shop)} webhook subscriptions"
        try:
            faults = list_subscription_faults(shop, services=context.services)
        except StoreUnavailable:
            raise
        except BridgeError as fault:
            yield CheckResult(name=name, ok=None, detail=f"not asked: {fault}")
            continue
        if not faults:
            yield CheckResult(name=name, ok=True, detail="every topic comes")
        for found in faults:
            yield _build_check(find_name(shop), found, context)


def _build_check(shop: str, fault: SubscriptionFault, context: CommandContext) -> CheckResult:
    version = context.configuration.settings.shopify_api_version
    detail = ADVICE[fault.problem].format(fix=FIX, found=fault.found, version=version)
    ok = False if fault.is_certain else None
    return CheckResult(name=f"{shop} {fault.topic} subscription", ok=ok, detail=detail)
