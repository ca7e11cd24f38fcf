"""Whether path, headers and body agree, and which topic asks for what.

Only the body is signed, so a captured body may come back under another topic, shop or id. A delivery whose
parts disagree is kept as rejected, for ops to see; it is never acted on.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from bridge.errors import PayloadInvalid
from bridge.model import Kind
from bridge.rules.index.identity import legacy_id

MANDATORY: Mapping[str, Kind] = {
    "customers/data_request": Kind.ACCESS,
    "customers/redact": Kind.ERASURE,
    "shop/redact": Kind.SHOP_ERASURE,
}
LEARNED = (
    "orders/",
    "fulfillments/",
    "refunds/",
    "returns/",
    "disputes/",
    "customers/",
    "app/uninstalled",
)
_TOPIC = re.compile(r"[a-z_]+(\.[a-z_]+)?(/[a-z_]+)?")
_SHOP = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com")
# keys that betray what a body is, whatever topic it is posted under: only the body was ever signed
_MARKS: Mapping[str, str | tuple[str, ...]] = {
    "data_request": "customers/data_request",
    "orders_requested": "customers/data_request",
    "orders_to_redact": "customers/redact",
    "line_items": ("orders/", "fulfillments/"),
    "tracking_company": "fulfillments/",
    "multipass_identifier": "customers/",
    "refund_line_items": "refunds/",
}


def well_formed(topic: str) -> bool:
    """True for what can be a topic: two lower-case words with a slash (or the newer dotted form)."""
    return len(topic) <= 64 and _TOPIC.fullmatch(topic) is not None


def is_shop(domain: str) -> bool:
    """True for a `*.myshopify.com` domain and nothing around it."""
    return len(domain) <= 100 and _SHOP.fullmatch(domain) is not None


def disagreement(*, topic: str, topic_header: str, shop: str, known_shops: Collection[str]) -> str:
    """Why headers and path do not belong together, as a constant word; '' where they do.

    An unknown shop may still send the mandatory topics: `shop/redact` comes 48 hours after the uninstall,
    and Shopify's reviewers install and leave. Without a list of shops (development) every shop is known.
    """
    if not well_formed(topic):
        return "topic_malformed"
    if topic_header != topic:
        return "topic_header_differs"
    if not is_shop(shop):
        return "shop_malformed"
    if known_shops and shop not in known_shops and topic not in MANDATORY:
        return "shop_unknown"
    if topic not in MANDATORY and not topic.startswith(LEARNED):
        return "topic_not_handled"
    return ""


def check_shape(topic: str, body: Mapping[str, Any], shop: str) -> None:
    """Does the body fit its topic and shop? Raises PayloadInvalid with a constant reason."""
    if any(key in body and not topic.startswith(only) for key, only in _MARKS.items()):
        raise PayloadInvalid("body_of_another_topic")
    if topic.endswith("/delete") and len(body) > _LARGEST_DELETE:
        raise PayloadInvalid("body_of_another_topic")
    if "shop_domain" in body and body["shop_domain"] != shop:
        raise PayloadInvalid("shop_differs")
    if topic in MANDATORY:
        _check_mandatory(topic, body)
    elif _has_id(topic) and not legacy_id(body.get("id", body.get("admin_graphql_api_id"))):
        raise PayloadInvalid("id_missing")


def _has_id(topic: str) -> bool:
    return topic in _WITH_ID or topic.startswith(("fulfillments/", "refunds/", "returns/", "disputes/"))


_LARGEST_DELETE = 4  # the bodies of deletions name an id and next to nothing else

_WITH_ID = frozenset(
    [
        *(f"customers/{verb}" for verb in ("create", "update", "delete", "enable", "disable")),
        *(f"orders/{verb}" for verb in ("create", "updated", "cancelled", "delete", "paid")),
        *(f"orders/{verb}" for verb in ("fulfilled", "partially_fulfilled")),
    ]
)


def _check_mandatory(topic: str, body: Mapping[str, Any]) -> None:
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
