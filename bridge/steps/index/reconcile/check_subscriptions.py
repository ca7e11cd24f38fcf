"""Find webhook topics that the bridge needs and the app has not subscribed to, or not as it should."""

from __future__ import annotations

import structlog

from bridge.errors import BridgeError
from bridge.logs import describe_exception
from bridge.model import WebhookSubscription
from bridge.ports import ListsOrders
from bridge.rules.requests.lifecycle import PLATFORM
from bridge.rules.webhooks.subscriptions import SubscriptionFault, find_subscription_faults
from bridge.services import Services

log = structlog.get_logger()


def list_subscription_faults(shop: str, *, services: Services, asks_platform: bool = True) -> list[SubscriptionFault]:
    """Return what is missing or wrong of a shop, by its key. Raises StoreUnavailable, and as `ListsOrders.list_subscriptions`.

    Without `asks_platform` only what webhooks came is looked at.
    """
    platform = services.connectors.get(PLATFORM)
    listed = list[WebhookSubscription]()
    if asks_platform and isinstance(platform, ListsOrders):
        listed += platform.list_subscriptions(shop=shop)
    with services.store.read() as tx:
        domains = tx.shop_names.directory.list_domains(shop)
        received = tx.operator_queries.list_last_versions(domains)
        has_orders = tx.reconciliations.has_seen_orders(shop)
    faults = find_subscription_faults(
        listed,
        received,
        root=services.settings.public_base_url,
        api_version=services.settings.shopify_api_version,
        has_orders=has_orders,
    )
    return list(faults)


def log_subscription_faults(shop: str, *, services: Services) -> None:
    """Log a line for each fault that is certain; `doctor` shows the others too. Raises nothing of the platform's."""
    try:
        faults = list_subscription_faults(shop, services=services)
    except BridgeError as fault:
        log.warning("subscriptions.not_checked", shop=shop, fault=describe_exception(fault))
        return
    for found in faults:
        if found.is_certain:
            log.warning("subscription.wrong", shop=shop, topic=found.topic, problem=found.problem, found=found.found)
