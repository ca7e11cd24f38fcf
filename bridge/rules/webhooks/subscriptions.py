"""Decide which webhook subscriptions of the app are missing or wrong. Pure.

The one list of topics that the bridge needs. Shopify lists by API only what was subscribed by API: a topic that it does not
list may stand in `shopify.app.toml`, so one of which webhooks come is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bridge.model import WebhookSubscription
from bridge.rules.webhooks.mandatory_bodies import MANDATORY_TOPICS
from bridge.rules.webhooks.topics import UNINSTALLED_TOPIC

# Topics of which webhooks come wherever there are orders: that one never came says that it is not subscribed.
FREQUENT_TOPICS = ("orders/create", "orders/updated")
REQUIRED_TOPICS = (
    *FREQUENT_TOPICS,
    "orders/paid",
    "orders/fulfilled",
    "orders/partially_fulfilled",
    "orders/delete",
    "fulfillments/create",
    "fulfillments/update",
    "refunds/create",
    "customers/create",
    "customers/update",
    "customers/delete",
    "customers/merge",
    "customers_email_marketing_consent/update",
    "customers_marketing_consent/update",
    UNINSTALLED_TOPIC,
)


class SubscriptionProblem(StrEnum):
    """What is wrong with a subscription."""

    MISSING = "missing"
    WRONG_URI = "wrong_uri"
    WRONG_VERSION = "wrong_version"


@dataclass(frozen=True, kw_only=True, slots=True)
class SubscriptionFault:
    """A topic and what is wrong with it. `is_certain`: False where a topic may be subscribed and just nothing happened."""

    topic: str
    problem: SubscriptionProblem
    found: str = ""
    is_certain: bool = True


def find_subscription_faults(
    listed: Sequence[WebhookSubscription],
    received_versions: Mapping[str, str],
    *,
    root: str,
    api_version: str,
    has_orders: bool,
) -> Iterator[SubscriptionFault]:
    """Yield what is missing or wrong.

    `received_versions` is the API version of the last webhook of each topic that came, `root` the address before
    `/webhooks`, `has_orders` whether the shop has had orders lately.
    """
    by_topic = {one.topic: one for one in listed}
    for topic in REQUIRED_TOPICS:
        if topic not in by_topic and topic not in received_versions:
            is_certain = has_orders and topic in FREQUENT_TOPICS
            yield SubscriptionFault(topic=topic, problem=SubscriptionProblem.MISSING, is_certain=is_certain)
    for one in listed:
        if one.topic in REQUIRED_TOPICS and not _is_own_uri(one.uri, one.topic, root):
            yield SubscriptionFault(topic=one.topic, problem=SubscriptionProblem.WRONG_URI, found=one.uri[:100])
    versions = {**received_versions} | {one.topic: one.api_version for one in listed}
    for topic, version in sorted(versions.items()):
        if topic in (*REQUIRED_TOPICS, *MANDATORY_TOPICS) and version not in ("", api_version):
            yield SubscriptionFault(topic=topic, problem=SubscriptionProblem.WRONG_VERSION, found=version[:16])


def _is_own_uri(uri: str, topic: str, root: str) -> bool:
    return uri.rstrip("/") in (f"{root.rstrip('/')}/webhooks", f"{root.rstrip('/')}/webhooks/{topic}")
