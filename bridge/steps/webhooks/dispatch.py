"""Turn a mandatory webhook into a privacy request with its tasks, its clocks and its first fact.

A second webhook about the same data subject and kind joins the open request. The delivery is finished, the request
opened and both recorded in one transaction, so that a delivery is dispatched exactly once. Calls no other system.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from bridge.errors import PayloadInvalid
from bridge.model import (
    Delivery,
    DeliveryState,
    Fact,
    Principal,
    PrivacyRequest,
    RequestKind,
    RequestSource,
    RequestState,
)
from bridge.rules.index.identity import MAX_IDENTIFIER_CHARS, legacy_id
from bridge.rules.requests.deadlines import compute_clocks
from bridge.rules.webhooks import payload, topics
from bridge.services import Services
from bridge.steps.requests.open_or_join import open_or_join

if TYPE_CHECKING:
    from bridge.store import Tx

MAX_TRIGGER_DELAY = timedelta(days=1)


def dispatch_delivery(delivery_id: str, *, services: Services) -> str:
    """Open or join the request of one delivery and enqueue it.

    Return the request's id; '' if the delivery is done already, leased elsewhere or rejected. Raises StoreUnavailable.
    """
    with services.store.transaction() as tx:
        leased = tx.inbox.acquire_lease(delivery_id)
        if leased is None:
            return ""
        lease, delivery = leased
        try:
            body = payload.parse_json_object(delivery.raw)
            topics.check_body_shape(delivery.topic, body, delivery.shop)
            kind = topics.MANDATORY_TOPICS[delivery.topic]
        except (PayloadInvalid, KeyError) as fault:
            reason = getattr(fault, "reason", "topic_not_handled")
            tx.inbox.finish_delivery(lease, DeliveryState.REJECTED, reason)
            detail = {"delivery": delivery.id, "topic": delivery.topic, "reason": reason}
            tx.evidence.append_fact(Fact.DELIVERY_REJECTED, shop=delivery.shop, **detail)
            return ""
        tx.inbox.finish_delivery(lease, DeliveryState.DONE)
        request = _build_webhook_request(delivery, kind, body, tx=tx, services=services)
        receipt = _build_receipt(delivery, services)
        request_id = open_or_join(request, receipt, tx=tx, services=services, idempotency_key=delivery.id)
    services.queue.enqueue("process", request_id, at_front=True)
    return request_id


def _build_webhook_request(
    delivery: Delivery, kind: RequestKind, body: Mapping[str, Any], *, tx: Tx, services: Services
) -> PrivacyRequest:
    principal = _parse_principal(body)
    received_at, webhook_received_at = _find_clock_start(delivery), delivery.received_at
    rules = services.merchant.clocks
    clocks = compute_clocks(received_at=received_at, webhook_received_at=webhook_received_at, rules=rules)
    return PrivacyRequest(
        id=services.store.new_id("req"),
        shop=delivery.shop,
        kind=kind,
        source=RequestSource.WEBHOOK,
        state=RequestState.IN_PROGRESS,
        subject="" if kind is RequestKind.SHOP_ERASURE else _resolve_subject(delivery, principal, tx, services),
        principal=principal,
        received_at=received_at,
        received_at_basis="webhook_received" if received_at == webhook_received_at else "webhook_triggered",
        webhook_received_at=webhook_received_at,
        acknowledge_due_at=clocks.acknowledge_due_at,
        due_at=clocks.due_at,
        due_governed_by=clocks.due_governed_by,
        clocks={rule: due_at.isoformat() for rule, due_at in clocks.due_by_rule.items()},
        external_ref=_parse_data_request_id(body),
        policy_sha256=services.merchant.policy_sha256,
        retention_sha256=services.retention.sha256,
    )


def _build_receipt(delivery: Delivery, services: Services) -> dict[str, Any]:
    """Return the proof of receipt: the delivery's ids, the index of the signing secret, a keyed digest of the body."""
    return {
        "delivery": delivery.id,
        "webhook_id": delivery.webhook_id,
        "secret_index": delivery.secret_index,
        "body_digest": services.digest("receipt", delivery.raw),
    }


def _find_clock_start(delivery: Delivery) -> datetime:
    """Return when the clock starts: at the time of Shopify's trigger header, else at the receipt.

    Shopify's retries can make the trigger hours old. The header is not signed: a time that is more than a day old
    or in the future is ignored.
    """
    triggered, webhook_received_at = delivery.triggered_at, delivery.received_at
    if triggered is None or not timedelta(0) <= webhook_received_at - triggered <= MAX_TRIGGER_DELAY:
        return webhook_received_at
    return triggered


def _resolve_subject(delivery: Delivery, principal: Principal, tx: Tx, services: Services) -> str:
    """Return the data subject's pseudonym; if the body does not identify one, a pseudonym of this body alone."""
    return tx.person_lookup.find_subject(delivery.shop, principal) or services.digest("nobody", delivery.raw)[:32]


def _parse_principal(body: Mapping[str, Any]) -> Principal:
    customer = body.get("customer") or {}
    order_ids = body.get("orders_requested") or body.get("orders_to_redact") or []
    legacy_ids = (legacy_id(number) for number in order_ids)
    return Principal(
        customer_id=legacy_id(customer.get("id")),
        email=_clean_text(customer.get("email")),
        phone=_clean_text(customer.get("phone")),
        order_ids=tuple(dict.fromkeys(number for number in legacy_ids if number)),
    )


def _parse_data_request_id(body: Mapping[str, Any]) -> str:
    request = body.get("data_request")
    number = legacy_id(request.get("id")) if isinstance(request, Mapping) else ""
    return number if len(number) <= payload.MAX_NUMBER_DIGITS else ""


def _clean_text(value: Any) -> str:
    """Return a text, cut where it is too long to be an identifier; what was cut is not read as another one."""
    return value.strip()[: MAX_IDENTIFIER_CHARS + 1] if isinstance(value, str) else ""
