"""Decide whether path, headers and body of a webhook agree.

Only the body is signed, so a captured body may come back under another topic, shop or id. A mandatory body says itself
what it is (`mandatory_bodies`); another delivery whose parts disagree is kept as rejected, for operators to see, and never
acted on.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

from bridge.errors import PayloadInvalid
from bridge.rules.index.identity import legacy_id
from bridge.rules.webhooks.mandatory_bodies import (
    MANDATORY_TOPICS,
    check_mandatory_body,
    identify_mandatory_topic,
    is_about_one_object,
)
from bridge.rules.webhooks.shop_domains import is_shop_domain, normalise_shop_domain

UNINSTALLED_TOPIC = "app/uninstalled"
BODY_OF_ANOTHER_TOPIC = "body_of_another_topic"
TOPIC_MALFORMED, SHOP_MALFORMED = "topic_malformed", "shop_malformed"
INDEXED_TOPIC_PREFIXES = (
    "orders/",
    "fulfillments/",
    "refunds/",
    "returns/",
    "disputes/",
    "customers/",
    "customers_email_marketing_consent/",
    "customers_marketing_consent/",
    UNINSTALLED_TOPIC,
)
UNKNOWN_SHOP = "shop_unknown"  # reasons of rejection that a command or a later name of the shop takes back
FOREIGN_BODY = "body_of_another_shop"
_TOPIC_FORMAT = re.compile(r"[a-z_]+(\.[a-z_]+)?(/[a-z_]+)?")
# keys that show what a body is, whatever topic it is posted under: only the body is signed
_TOPIC_BY_BODY_KEY: Mapping[str, str | tuple[str, ...]] = {
    "line_items": ("orders/", "fulfillments/"),
    "tracking_company": "fulfillments/",
    "multipass_identifier": "customers/",
    "refund_line_items": "refunds/",
    "myshopify_domain": UNINSTALLED_TOPIC,
}
# the topics of the object that a body's `admin_graphql_api_id` names
_TOPIC_BY_GID_TYPE: Mapping[str, str] = {
    "Order": "orders/",
    "Customer": "customers/",
    "Fulfillment": "fulfillments/",
    "Refund": "refunds/",
    "Return": "returns/",
}
_GID_FORMAT = re.compile(r"gid://shopify/(\w+)/")


@lru_cache(maxsize=512)
def is_topic_well_formed(topic: str) -> bool:
    """Return True for what can be a topic: two lower-case words with a slash (or the newer dotted form)."""
    return len(topic) <= 64 and _TOPIC_FORMAT.fullmatch(topic) is not None


def is_mandatory(topic: str, reason: str) -> bool:
    """Return whether a delivery with this topic is, or may be, a mandatory webhook. `reason` is why it was rejected, or ''.

    Without a topic it is one whose body does not tell which, unless path and headers named no topic either.
    """
    if topic:
        return topic in MANDATORY_TOPICS and reason != BODY_OF_ANOTHER_TOPIC
    return reason not in ("", TOPIC_MALFORMED, SHOP_MALFORMED)


def find_header_mismatch(*, topic: str, topic_header: str, shop: str, known_shops: Collection[str]) -> str:
    """Return why headers and path do not belong together, as a constant word; '' where they do.

    An unknown shop may still send the mandatory topics: `shop/redact` comes 48 hours after the uninstall,
    and Shopify's reviewers install and leave. Without a list of shops (development) every shop is known.
    """
    if not is_topic_well_formed(topic):
        return TOPIC_MALFORMED
    if topic_header != topic:
        return "topic_header_differs"
    if not is_shop_domain(shop):
        return SHOP_MALFORMED
    if known_shops and shop not in known_shops and topic not in MANDATORY_TOPICS:
        return UNKNOWN_SHOP
    if topic not in MANDATORY_TOPICS and not topic.startswith(INDEXED_TOPIC_PREFIXES):
        return "topic_not_handled"
    return ""


def check_body_shape(topic: str, body: Mapping[str, Any], shop: str) -> None:
    """Raise PayloadInvalid with a constant reason where the body does not fit its topic and shop."""
    mandatory = identify_mandatory_topic(body, [topic])
    is_other_object = topic in MANDATORY_TOPICS and not mandatory and is_about_one_object(body)
    if is_other_object or (mandatory and mandatory != topic):
        raise PayloadInvalid(BODY_OF_ANOTHER_TOPIC)
    if topic in MANDATORY_TOPICS:
        check_mandatory_body(topic, body)
    else:
        _check_object_body(topic, body)
    domain_key = "myshopify_domain" if topic == UNINSTALLED_TOPIC else "shop_domain"
    if domain_key in body and normalise_shop_domain(body[domain_key]) != shop:
        raise PayloadInvalid("shop_differs")


_MAX_DELETE_KEYS = 4  # the body of a deletion has an id and few other keys
_FAMILIES_WITH_ID = ("fulfillments/", "refunds/", "returns/", "disputes/")
_CUSTOMER_VERBS_WITH_ID = ("create", "update", "delete", "enable", "disable")
_ORDER_VERBS_WITH_ID = ("create", "updated", "cancelled", "delete", "paid", "fulfilled", "partially_fulfilled")
_TOPICS_WITH_ID = frozenset(
    [f"customers/{verb}" for verb in _CUSTOMER_VERBS_WITH_ID]
    + [f"orders/{verb}" for verb in _ORDER_VERBS_WITH_ID]
    + [UNINSTALLED_TOPIC]
)


def _check_object_body(topic: str, body: Mapping[str, Any]) -> None:
    """Raise PayloadInvalid where the body is not an object of this topic, as far as its keys and its id tell."""
    gid = _GID_FORMAT.match(str(body.get("admin_graphql_api_id")))
    expected = [topics for key, topics in _TOPIC_BY_BODY_KEY.items() if key in body]
    expected += [_TOPIC_BY_GID_TYPE[gid[1]]] if gid and gid[1] in _TOPIC_BY_GID_TYPE else []
    if not all(topic.startswith(topics) for topics in expected):
        raise PayloadInvalid(BODY_OF_ANOTHER_TOPIC)
    if topic.endswith("/delete") and len(body) > _MAX_DELETE_KEYS:
        raise PayloadInvalid(BODY_OF_ANOTHER_TOPIC)
    is_id_required = topic in _TOPICS_WITH_ID or topic.startswith(_FAMILIES_WITH_ID)
    if is_id_required and not legacy_id(body.get("id", body.get("admin_graphql_api_id"))):
        raise PayloadInvalid("id_missing")
    if topic == UNINSTALLED_TOPIC and not is_shop_domain(normalise_shop_domain(body.get("myshopify_domain"))):
        raise PayloadInvalid("shop_domain_missing")
