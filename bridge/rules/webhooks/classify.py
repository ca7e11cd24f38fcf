"""Decide what a signed delivery is: topic, shop, and why it is rejected. Pure.

The body decides on the mandatory topics, wherever it is posted. For other topics the path decides and the topic header must
agree; a path without a topic leaves it to the header.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from bridge.errors import PayloadInvalid
from bridge.rules.webhooks.mandatory_bodies import (
    MANDATORY_TOPICS,
    check_mandatory_body,
    has_mandatory_marker,
    identify_mandatory_topic,
    is_about_one_object,
    is_worth_parsing,
)
from bridge.rules.webhooks.payload import parse_json_object
from bridge.rules.webhooks.shop_domains import is_shop_domain, normalise_shop_domain
from bridge.rules.webhooks.topics import (
    BODY_OF_ANOTHER_TOPIC,
    SHOP_MALFORMED,
    UNINSTALLED_TOPIC,
    check_body_shape,
    find_header_mismatch,
    is_topic_well_formed,
)

PATHS_WITHOUT_TOPIC = ("", "compliance")


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliveryClass:
    """What a delivery is. `topic` and `shop` are '' where they are malformed; `reason` is '' where it is accepted."""

    topic: str
    shop: str
    reason: str


def classify_delivery(
    raw: bytes, *, path_topic: str, topic_header: str, shop_header: str, known_shops: Collection[str]
) -> DeliveryClass:
    """Return what these signed bytes are. Path and headers are as they were sent."""
    hints = (path_topic, topic_header)
    body: Mapping[str, Any] | None = None
    fault = ""
    if is_worth_parsing(raw) or UNINSTALLED_TOPIC in hints or not MANDATORY_TOPICS.keys().isdisjoint(hints):
        try:
            body = parse_json_object(raw)
        except PayloadInvalid as invalid:
            fault = invalid.reason
    mandatory = _classify_mandatory(raw, body, fault, hints)
    return mandatory or _classify_other(body, fault, hints, normalise_shop_domain(shop_header), known_shops)


def _classify_mandatory(
    raw: bytes, body: Mapping[str, Any] | None, fault: str, hints: tuple[str, str]
) -> DeliveryClass | None:
    """Return what a mandatory delivery is; None for another."""
    hinted = next((hint for hint in hints if hint in MANDATORY_TOPICS), "")
    if body is None:
        is_unreadable = bool(fault) and (bool(hinted) or has_mandatory_marker(raw))
        return DeliveryClass(topic=hinted, shop="", reason=fault) if is_unreadable else None
    topic, reason = "", ""
    try:
        topic = identify_mandatory_topic(body, hints)
        if not topic and (not hinted or is_about_one_object(body)):
            return None
        check_mandatory_body(topic or hinted, body)
    except PayloadInvalid as invalid:
        reason = invalid.reason
    shop = normalise_shop_domain(body.get("shop_domain"))
    if not is_shop_domain(shop):
        shop, reason = "", reason or SHOP_MALFORMED
    return DeliveryClass(topic=topic or hinted, shop=shop, reason=reason)


def _classify_other(
    body: Mapping[str, Any] | None, fault: str, hints: tuple[str, str], shop: str, known_shops: Collection[str]
) -> DeliveryClass:
    path_topic, topic_header = hints
    topic = topic_header if path_topic in PATHS_WITHOUT_TOPIC else path_topic
    reason = BODY_OF_ANOTHER_TOPIC if topic in MANDATORY_TOPICS else ""
    reason = reason or find_header_mismatch(topic=topic, topic_header=topic_header, shop=shop, known_shops=known_shops)
    if not reason and topic == UNINSTALLED_TOPIC:
        reason = _find_shape_fault(topic, body, shop) if body is not None else fault
    return DeliveryClass(
        topic=topic if is_topic_well_formed(topic) else "", shop=shop if is_shop_domain(shop) else "", reason=reason
    )


def _find_shape_fault(topic: str, body: Mapping[str, Any], shop: str) -> str:
    try:
        check_body_shape(topic, body, shop)
    except PayloadInvalid as invalid:
        return invalid.reason
    return ""
