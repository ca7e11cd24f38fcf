"""Verify a webhook and store it.

Nothing of the request is read before its signature is verified. A signed webhook of another shape is stored as
rejected, for operators to see: a retry by Shopify would not correct it. Never calls another system and never waits
for Redis.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from bridge.errors import PayloadInvalid, SignatureInvalid
from bridge.model import Delivery, DeliveryState
from bridge.rules.index.json_values import parse_utc_datetime
from bridge.rules.webhooks import payload, signature, topics
from bridge.services import Services

HEADER_PREFIXES = ("x-shopify-", "shopify-")


@dataclass(frozen=True, slots=True)
class WebhookReceipt:
    """The state of a received delivery, and whether it was new. Shopify gets the same answer in both cases."""

    state: DeliveryState
    is_new: bool


def verify_webhook_signature(headers: Mapping[str, str], raw: bytes, *, services: Services) -> int:
    """Return the index of the secret that signed these bytes. Store nothing. Raises SignatureInvalid."""
    secrets = [secret.reveal_bytes() for secret in services.settings.shopify_client_secrets]
    return signature.find_signing_secret(raw, _get_header(headers, "hmac-sha256"), secrets)


def receive_webhook(topic: str, headers: Mapping[str, str], raw: bytes, *, services: Services) -> WebhookReceipt:
    """Verify and store one webhook; it is committed when this returns.

    `topic` is that of the URL path; header names are lower case. Raises SignatureInvalid (answer 401) and
    StoreUnavailable (answer 503), nothing else. Source: https://shopify.dev/docs/apps/build/webhooks/subscribe/https.
    """
    secret_index = verify_webhook_signature(headers, raw, services=services)
    shop = _get_header(headers, "shop-domain")
    reason = topics.find_header_mismatch(
        topic=topic, topic_header=_get_header(headers, "topic"), shop=shop, known_shops=list_known_shops(shop, services)
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


def list_known_shops(domain: str, services: Services) -> Collection[str]:
    """Return the shops of the merchant's file, and this domain where it is another name of one. Raises StoreUnavailable."""
    known = services.merchant.shops
    is_renamed = known and domain not in known and services.store.has_known_name(domain, known)
    return (*known, domain) if is_renamed else known


def _find_shape_error(topic: str, raw: bytes, shop: str) -> str:
    """Return why the body of a mandatory topic has the wrong shape, '' if it fits; other topics are not read yet."""
    if topic not in topics.MANDATORY_TOPICS:
        return ""
    try:
        topics.check_body_shape(topic, payload.parse_json_object(raw), shop)
    except PayloadInvalid as fault:
        return fault.reason
    return ""


def _get_header(headers: Mapping[str, str], name: str) -> str:
    """Return a header of either prefix. Raises SignatureInvalid if both are sent and differ."""
    values = [headers[prefix + name] for prefix in HEADER_PREFIXES if prefix + name in headers]
    if len(set(values)) > 1:
        raise SignatureInvalid("families_differ")
    return values[0] if values else ""


def _sanitize_id(value: str) -> str:
    """Return an id of Shopify if it is printable ASCII of at most 128 characters, else '': the column is not sealed."""
    return value if len(value) <= 128 and value.isascii() and value.isprintable() else ""
