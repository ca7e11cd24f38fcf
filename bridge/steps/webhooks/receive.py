"""Verify a webhook and store it.

Nothing of the request is read before its signature is verified. A signed webhook of another shape is stored as
rejected, for operators to see: a retry by Shopify would not correct it. A mandatory one that is rejected is logged too.
Never calls another system and never waits for Redis.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import structlog

from bridge.errors import SignatureInvalid
from bridge.model import Delivery, DeliveryState
from bridge.rules.index.json_values import parse_utc_datetime
from bridge.rules.webhooks import signature
from bridge.rules.webhooks.classify import classify_delivery
from bridge.rules.webhooks.shop_domains import normalise_shop_domain
from bridge.rules.webhooks.topics import is_mandatory
from bridge.services import Services
from bridge.steps.operations.log_life import log_accepted

log = structlog.get_logger()

HEADERS = ("hmac-sha256", "shop-domain", "topic", "webhook-id", "event-id", "api-version", "triggered-at")
HEADER_SPELLINGS = {name: (f"x-shopify-{name}", f"shopify-{name}") for name in HEADERS}


@dataclass(frozen=True, slots=True)
class WebhookReceipt:
    """The state of a received delivery, and whether it was new. Shopify gets the same answer in both cases.

    `topic` and `reason` are for counting; `reason` is '' unless a mandatory webhook was rejected.
    """

    state: DeliveryState
    is_new: bool
    topic: str = field(default="", compare=False)
    reason: str = field(default="", compare=False)


def verify_webhook_signature(headers: Mapping[str, str], raw: bytes, *, services: Services) -> int:
    """Return the index of the secret that signed these bytes. Store nothing. Raises SignatureInvalid."""
    secrets = [secret.reveal_bytes() for secret in services.settings.shopify_client_secrets]
    return signature.find_signing_secret(raw, _get_header(headers, "hmac-sha256"), secrets)


def receive_webhook(topic: str, headers: Mapping[str, str], raw: bytes, *, services: Services) -> WebhookReceipt:
    """Verify and store one webhook; it is committed when this returns.

    `topic` is that of the URL path, '' where it names none; header names are lower case. Raises SignatureInvalid
    (answer 401) and StoreUnavailable (answer 503), nothing else.
    Source: https://shopify.dev/docs/apps/build/webhooks/subscribe/https.
    """
    secret_index = verify_webhook_signature(headers, raw, services=services)
    shop = _get_header(headers, "shop-domain")
    found = classify_delivery(
        raw,
        path_topic=topic,
        topic_header=_get_header(headers, "topic"),
        shop_header=shop,
        known_shops=list_known_shops(normalise_shop_domain(shop), services),
    )
    delivery = Delivery(
        id=services.store.new_id("dlv"),
        shop=found.shop,
        topic=found.topic,
        received_at=services.clock.now(),
        raw=raw,
        webhook_id=_sanitize_id(_get_header(headers, "webhook-id")),
        event_id=_sanitize_id(_get_header(headers, "event-id")),
        api_version=_sanitize_id(_get_header(headers, "api-version"))[:16],
        triggered_at=parse_utc_datetime(_get_header(headers, "triggered-at")),
        secret_index=secret_index,
        state=DeliveryState.REJECTED if found.reason else DeliveryState.RECEIVED,
        reason=found.reason,
    )
    is_new = services.store.accept_delivery(delivery, signature=_get_header(headers, "hmac-sha256"))
    if is_new:
        log_accepted(delivery)
    lost = found.reason if is_mandatory(found.topic, found.reason) else ""
    if lost and is_new:
        log_mandatory_rejection(delivery, lost)
    return WebhookReceipt(delivery.state, is_new, topic=found.topic, reason=lost)


def log_mandatory_rejection(delivery: Delivery, reason: str) -> None:
    """Log that a mandatory webhook was rejected: an operator must act."""
    log.warning(
        "mandatory_webhook.rejected", delivery=delivery.id, shop=delivery.shop, topic=delivery.topic, reason=reason
    )


def list_known_shops(domain: str, services: Services) -> Collection[str]:
    """Return the shops of the merchant's file, and this domain where it is another name of one. Raises StoreUnavailable."""
    known = services.merchant.shops
    is_renamed = known and domain not in known and services.store.has_known_name(domain, known)
    return (*known, domain) if is_renamed else known


def _get_header(headers: Mapping[str, str], name: str) -> str:
    """Return a header of either prefix. Raises SignatureInvalid if both are sent and differ."""
    older_name, newer_name = HEADER_SPELLINGS[name]
    older, newer = headers.get(older_name), headers.get(newer_name)
    if older is not None and newer is not None and older != newer:
        raise SignatureInvalid("families_differ")
    return older or newer or ""


def _sanitize_id(value: str) -> str:
    """Return an id of Shopify if it is printable ASCII of at most 128 characters, else '': the column is not sealed."""
    return value if len(value) <= 128 and value.isascii() and value.isprintable() else ""
