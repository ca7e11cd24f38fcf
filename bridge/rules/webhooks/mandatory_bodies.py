"""Recognise the three mandatory webhooks by their signed bodies, and read what they name. Pure.

Only the body is signed. Path and topic header are hints: they count where the shape fits two topics. The shapes are those
of https://shopify.dev/docs/apps/build/compliance/privacy-law-compliance, and what differs from them and is still clear.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from bridge.errors import PayloadInvalid
from bridge.model import Principal, RequestKind
from bridge.rules.index.identity import MAX_IDENTIFIER_CHARS, legacy_id, read_record_id
from bridge.rules.webhooks.payload import MAX_NUMBER_DIGITS

DATA_REQUEST, REDACT, SHOP_REDACT = "customers/data_request", "customers/redact", "shop/redact"
MANDATORY_TOPICS: Mapping[str, RequestKind] = {
    DATA_REQUEST: RequestKind.ACCESS,
    REDACT: RequestKind.ERASURE,
    SHOP_REDACT: RequestKind.SHOP_ERASURE,
}
OTHER_TOPIC = ""
# What a body names, and the topics that it can be then. The first line whose keys are all named counts; a bar separates
# alternatives. With several topics the hints decide, with none nothing does.
_SHAPES: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("orders_requested|data_request", "orders_to_redact"), ()),
    (("orders_requested|data_request",), (DATA_REQUEST,)),
    (("orders_to_redact",), (REDACT,)),
    (("shop_domain", "customer"), (DATA_REQUEST, REDACT)),
    (("shop_domain", "one object"), (SHOP_REDACT, OTHER_TOPIC)),
    (("one object",), (OTHER_TOPIC,)),
    (("shop_id", "customer"), (DATA_REQUEST, REDACT)),
    (("shop_domain|shop_id",), (SHOP_REDACT,)),
)
# Of these keys every mandatory body has one.
_MANDATORY_KEYS = frozenset(name for keys, topics in _SHAPES if topics != (OTHER_TOPIC,) for name in keys[0].split("|"))
# Keys of a body about one object; no mandatory body has them.
_OBJECT_KEYS = {"id", "myshopify_domain", "customer_id", "customerId", "order_id"}
_OBJECT_KEY_PREFIX = "admin_graphql_api_"
_ORDERS_KEY: Mapping[str, str] = {DATA_REQUEST: "orders_requested", REDACT: "orders_to_redact"}
# Bytes that every mandatory body has: a long body without them is not parsed on receipt, unless it escapes letters. Each
# search reads the whole body, so what two have in common is searched first, and one character is found fastest.
_ORDERS_MARKERS = (b'"orders_requested"', b'"orders_to_redact"')
_ESCAPED_LETTERS = (b"\\u005", b"\\u006", b"\\u007")
_SHORT_BODY_BYTES = 1024


def has_mandatory_marker(raw: bytes) -> bool:
    """Return whether the bytes name a key that only mandatory bodies have."""
    return (
        b'"shop_domain"' in raw
        or b'"data_request"' in raw
        or (b'"orders_' in raw and any(marker in raw for marker in _ORDERS_MARKERS))
    )


def is_worth_parsing(raw: bytes) -> bool:
    """Return whether the bytes must be parsed to know whether they are a mandatory body."""
    if len(raw) <= _SHORT_BODY_BYTES or has_mandatory_marker(raw):
        return True
    return b"\\" in raw and b"\\u00" in raw and any(escape in raw for escape in _ESCAPED_LETTERS)


def is_about_one_object(body: Mapping[str, Any]) -> bool:
    """Return whether a body is an order, a customer or another object of Shopify, as those of all other topics are."""
    return any(key in _OBJECT_KEYS or key.startswith(_OBJECT_KEY_PREFIX) for key in body)


def identify_mandatory_topic(body: Mapping[str, Any], hints: Collection[str] = ()) -> str:
    """Return which mandatory topic a body is, '' for a body of another topic.

    `hints` are the topics that path and header name. Raises PayloadInvalid (`topic_ambiguous`) for a body that is
    mandatory and whose topic neither its shape nor the hints decide.
    """
    if _MANDATORY_KEYS.isdisjoint(body.keys()):
        return OTHER_TOPIC
    named = {*body, *(["one object"] if is_about_one_object(body) else [])}
    topics = next((topics for keys, topics in _SHAPES if _has_keys(named, keys)), (OTHER_TOPIC,))
    if len(topics) > 1:
        topics = tuple({hint for hint in hints if hint}.intersection(topics))
    if len(topics) != 1:
        raise PayloadInvalid("topic_ambiguous")
    return topics[0]


def _has_keys(named: Collection[str], keys: Iterable[str]) -> bool:
    return all(any(name in named for name in key.split("|")) for key in keys)


def check_mandatory_body(topic: str, body: Mapping[str, Any]) -> None:
    """Raise PayloadInvalid with a constant reason where nobody can act on the body."""
    if body.get("shop_domain") in (None, ""):
        raise PayloadInvalid("shop_domain_missing")
    if topic == SHOP_REDACT:
        return
    request = body.get("data_request")
    if topic == DATA_REQUEST and request is not None and not isinstance(request, Mapping):
        raise PayloadInvalid("data_request_malformed")
    if read_principal(topic, body) == Principal():
        raise PayloadInvalid("nobody_named")


def read_principal(topic: str, body: Mapping[str, Any]) -> Principal:
    """Return the data subject that a body names, by customer, orders or both; what is null, missing or no id names nobody.

    Raises PayloadInvalid where a part is of another kind.
    """
    customer = body.get("customer")
    if customer is None:
        customer = {}
    if not isinstance(customer, Mapping):
        raise PayloadInvalid("customer_missing")
    values = [customer.get(name) for name in ("id", "email", "phone")]
    if any(value is not None and not isinstance(value, str | int) for value in values):
        raise PayloadInvalid("customer_malformed")
    orders = body.get(_ORDERS_KEY[topic]) if topic in _ORDERS_KEY else None
    if orders is not None and not isinstance(orders, list):
        raise PayloadInvalid("orders_malformed")
    order_ids = (read_record_id(order) if isinstance(order, Mapping) else legacy_id(order) for order in orders or ())
    return Principal(
        customer_id=legacy_id(values[0]),
        email=_cut_contact_text(values[1]),
        phone=_cut_contact_text(values[2]),
        order_ids=tuple(dict.fromkeys(number for number in order_ids if number)),
    )


def _cut_contact_text(value: str | int | None) -> str:
    """Return a text, cut where it is too long to be an identifier; what was cut is not read as another one."""
    return "" if value is None or isinstance(value, bool) else str(value).strip()[: MAX_IDENTIFIER_CHARS + 1]


def read_data_request_id(body: Mapping[str, Any]) -> str:
    """Return Shopify's number of an access request, '' where the body has none."""
    request = body.get("data_request")
    number = legacy_id(request.get("id")) if isinstance(request, Mapping) else ""
    return number if len(number) <= MAX_NUMBER_DIGITS else ""
