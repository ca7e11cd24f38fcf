"""Decide whether path, headers and body of a webhook agree.

Only the body is signed, so a captured body may come back under another topic, shop or id. A delivery whose
parts disagree is kept as rejected, for operators to see; it is never acted on.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from bridge.errors import PayloadInvalid
from bridge.model import RequestKind
from bridge.rules.index.identity import legacy_id

MANDATORY_TOPICS: Mapping[str, RequestKind] = {
    "customers/data_request": RequestKind.ACCESS,
    "customers/redact": RequestKind.ERASURE,
    "shop/redact": RequestKind.SHOP_ERASURE,
}
INDEXED_TOPIC_PREFIXES = (
    "orders/",
    "fulfillments/",
    "refunds/",
    "returns/",
    "disputes/",
    "customers/",
    "app/uninstalled",
)
UNKNOWN_SHOP = "shop_unknown"  # reasons of rejection that a command or a later name of the shop takes back
FOREIGN_BODY = "body_of_another_shop"
_TOPIC_FORMAT = re.compile(r"[a-z_]+(\.[a-z_]+)?(/[a-z_]+)?")
_SHOP_DOMAIN_FORMAT = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com")
# keys that show what a body is, whatever topic it is posted under: only the body is signed
_TOPIC_BY_BODY_KEY: Mapping[str, str | tuple[str, ...]] = {
    "data_request": "customers/data_request",
    "orders_requested": "customers/data_request",
    "orders_to_redact": "customers/redact",
    "line_items": ("orders/", "fulfillments/"),
    "tracking_company": "fulfillments/",
    "multipass_identifier": "customers/",
    "refund_line_items": "refunds/",
}


def is_topic_well_formed(topic: str) -> bool:
    """Return True for what can be a topic: two lower-case words with a slash (or the newer dotted form)."""
    return len(topic) <= 64 and _TOPIC_FORMAT.fullmatch(topic) is not None


def is_shop_domain(domain: str) -> bool:
    """Return True for a `*.myshopify.com` domain and nothing around it."""
    return len(domain) <= 100 and _SHOP_DOMAIN_FORMAT.fullmatch(domain) is not None


def find_header_mismatch(*, topic: str, topic_header: str, shop: str, known_shops: Collection[str]) -> str:
    """Return why headers and path do not belong together, as a constant word; '' where they do.

    An unknown shop may still send the mandatory topics: `shop/redact` comes 48 hours after the uninstall,
    and Shopify's reviewers install and leave. Without a list of shops (development) every shop is known.
    """
    if not is_topic_well_formed(topic):
        return "topic_malformed"
    if topic_header != topic:
        return "topic_header_differs"
    if not is_shop_domain(shop):
        return "shop_malformed"
    if known_shops and shop not in known_shops and topic not in MANDATORY_TOPICS:
        return UNKNOWN_SHOP
    if topic not in MANDATORY_TOPICS and not topic.startswith(INDEXED_TOPIC_PREFIXES):
        return "topic_not_handled"
    return ""


def check_body_shape(topic: str, body: Mapping[str, Any], shop: str) -> None:
    """Raise PayloadInvalid with a constant reason where the body does not fit its topic and shop."""
    if any(key in body and not topic.startswith(only) for key, only in _TOPIC_BY_BODY_KEY.items()):
        raise PayloadInvalid("body_of_another_topic")
    if topic.endswith("/delete") and len(body) > _MAX_DELETE_KEYS:
        raise PayloadInvalid("body_of_another_topic")
    if "shop_domain" in body and body["shop_domain"] != shop:
        raise PayloadInvalid("shop_differs")
    is_id_required = topic in _TOPICS_WITH_ID or topic.startswith(_FAMILIES_WITH_ID)
    if topic in MANDATORY_TOPICS:
        _check_mandatory_body(topic, body)
    elif is_id_required and not legacy_id(body.get("id", body.get("admin_graphql_api_id"))):
        raise PayloadInvalid("id_missing")


_MAX_DELETE_KEYS = 4  # the body of a deletion has an id and few other keys
_FAMILIES_WITH_ID = ("fulfillments/", "refunds/", "returns/", "disputes/")
_CUSTOMER_VERBS_WITH_ID = ("create", "update", "delete", "enable", "disable")
_ORDER_VERBS_WITH_ID = ("create", "updated", "cancelled", "delete", "paid", "fulfilled", "partially_fulfilled")
_TOPICS_WITH_ID = frozenset(
    [f"customers/{verb}" for verb in _CUSTOMER_VERBS_WITH_ID] + [f"orders/{verb}" for verb in _ORDER_VERBS_WITH_ID]
)


def _check_mandatory_body(topic: str, body: Mapping[str, Any]) -> None:
    if "shop_domain" not in body:
        raise PayloadInvalid("shop_domain_missing")
    if topic == "shop/redact":
        if "customer" in body:
            raise PayloadInvalid("body_of_another_topic")
        return
    customer = body.get("customer")
    if not isinstance(customer, Mapping):
        raise PayloadInvalid("customer_missing")
    fields = [customer.get(name) for name in ("id", "email", "phone")]
    if any(value is not None and not isinstance(value, str | int) for value in fields):
        raise PayloadInvalid("customer_malformed")
    orders = body.get("orders_requested" if topic == "customers/data_request" else "orders_to_redact")
    if orders is not None and not isinstance(orders, list):
        raise PayloadInvalid("orders_malformed")
    if not any(fields) and not orders:
        raise PayloadInvalid("nobody_named")
    request = body.get("data_request")
    if topic == "customers/data_request" and request is not None and not isinstance(request, Mapping):
        raise PayloadInvalid("data_request_malformed")
