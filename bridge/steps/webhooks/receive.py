"""Receive: a webhook is verified, then kept. Bytes first.

Nothing of the request is looked at before the signature holds. What is signed but does not fit is kept as
rejected, for ops to see; asking Shopify to send it again would not mend it. Never calls another system, never
waits for Redis.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.errors import PayloadInvalid, SignatureInvalid
from bridge.model import Delivery, DeliveryState
from bridge.ports import Services
from bridge.rules.index.json_values import parse_utc_datetime
from bridge.rules.webhooks import payload, signature, topics

HEADER_PREFIXES = ("x-shopify-", "shopify-")


@dataclass(frozen=True, slots=True)
class WebhookReceipt:
    """What became of a delivery: its state, and whether it was new. Both get the same answer."""

    state: DeliveryState
    is_new: bool


def verify_webhook_signature(headers: Mapping[str, str], raw: bytes, *, services: Services) -> int:
    """Index of the secret that signed these bytes. Keeps nothing. Raises SignatureInvalid."""
    secrets = [secret.reveal_bytes() for secret in services.settings.shopify_client_secrets]
    return signature.find_signing_secret(raw, _get_header(headers, "hmac-sha256"), secrets)


def receive_webhook(
    topic: str, headers: Mapping[str, str], raw: bytes, *, services: Services
) -> WebhookReceipt:
    """Verify and keep one webhook; durable when this returns.

    `topic` is that of the path, header names are lower case. Raises SignatureInvalid (answer 401) and
    StoreUnavailable (answer 503), nothing else. Source:
    https://shopify.dev/docs/apps/build/webhooks/subscribe/https.
    """
    secret_index = verify_webhook_signature(headers, raw, services=services)
    shop = _get_header(headers, "shop-domain")
    reason = topics.find_header_mismatch(
        topic=topic,
        topic_header=_get_header(headers, "topic"),
        shop=shop,
        known_shops=services.merchant.shops,
    ) or _find_shape_error(topic, raw, shop)
    state = DeliveryState.REJECTED if reason else DeliveryState.RECEIVED
    is_new = services.store.accept_delivery(
        Delivery(
            id=services.store.new_id("dlv"),
            shop=shop if topics.is_shop_domain(shop) else "",
            topic=topic if topics.is_topic_well_formed(topic) else "",
            received_at=services.clock.now(),
            raw=raw,
            webhook_id=_sanitize_id(_get_header(headers, "webhook-id")),
            event_id=_sanitize_id(_get_header(headers, "event-id")),
            api_version=_sanitize_id(_get_header(headers, "api-version"))[:16],
            triggered_at=parse_utc_datetime(_get_header(headers, "triggered-at")),
            secret_index=secret_index,
            state=state,
            reason=reason,
        )
    )
    return WebhookReceipt(state, is_new)


def _find_shape_error(topic: str, raw: bytes, shop: str) -> str:
    """Privacy topics are read before they are acted on; the rest is read by the worker that learns from it."""
    if topic not in topics.MANDATORY_TOPICS:
        return ""
    try:
        topics.check_body_shape(topic, payload.parse_json_object(raw), shop)
    except PayloadInvalid as fault:
        return fault.reason
    return ""


def _get_header(headers: Mapping[str, str], name: str) -> str:
    """One header of either family. Raises SignatureInvalid where both are sent and differ."""
    values = [headers[prefix + name] for prefix in HEADER_PREFIXES if prefix + name in headers]
    if len(set(values)) > 1:
        raise SignatureInvalid("families_differ")
    return values[0] if values else ""


def _sanitize_id(value: str) -> str:
    """An id of Shopify's as it may rest in a plain column: printable ASCII, bounded; else nothing."""
    return value if len(value) <= 128 and value.isascii() and value.isprintable() else ""
