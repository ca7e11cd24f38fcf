"""Turn a mandatory webhook into a privacy request with its tasks, its clocks and its first fact.

A second webhook about the same data subject and kind joins the open request. The same signed bytes again are a
repetition: of an access request nothing new, of an erasure one that is limited to what was known when they first came.
The delivery is finished, the request opened and both recorded in one transaction, so that a delivery is dispatched exactly
once. Calls no other system.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from bridge.errors import PayloadInvalid
from bridge.model import (
    Delivery,
    DeliveryState,
    Fact,
    Principal,
    PrivacyRequest,
    RememberedBody,
    RequestKind,
    RequestSource,
    RequestState,
)
from bridge.rules.requests.deadlines import compute_clocks
from bridge.rules.webhooks import payload, topics
from bridge.rules.webhooks.mandatory_bodies import MANDATORY_TOPICS, read_data_request_id, read_principal
from bridge.services import Services
from bridge.steps.evidence.record_facts import enqueue_request_ids
from bridge.steps.letters.acknowledge import queue_acknowledgement
from bridge.steps.operations.log_life import log_opened
from bridge.steps.requests.open_or_join import open_or_join, record_joined_request
from bridge.steps.shops.identify_shops import find_signed_shop, learn_signed_name, record_renames
from bridge.steps.webhooks.receive import log_mandatory_rejection

if TYPE_CHECKING:
    from bridge.store import Tx

MAX_TRIGGER_DELAY = timedelta(days=1)


def dispatch_delivery(delivery_id: str, *, services: Services) -> str:
    """Open or join the request of one delivery and enqueue it.

    Return the request's id; '' if the delivery is done already, leased elsewhere or rejected. Raises StoreUnavailable.
    """
    with services.store.transaction() as tx:
        held = tx.inbox.hold_delivery(delivery_id)
        if held is None:
            return ""
        lease, delivery = held
        try:
            body = payload.parse_json_object(delivery.raw)
            topics.check_body_shape(delivery.topic, body, delivery.shop)
            kind = MANDATORY_TOPICS[delivery.topic]
        except (PayloadInvalid, KeyError) as fault:
            reason = getattr(fault, "reason", "topic_not_handled")
            tx.inbox.write_leases([lease])
            tx.inbox.finish_delivery(lease, DeliveryState.REJECTED, reason)
            detail = {"delivery": delivery.id, "topic": delivery.topic, "reason": reason}
            tx.evidence.append_fact(Fact.DELIVERY_REJECTED, shop=delivery.shop, **detail)
            log_mandatory_rejection(delivery, reason)
            return ""
        tx.inbox.complete_held_deliveries([lease])
        renamed = learn_signed_name(body.get("shop_id"), delivery.shop, delivery.received_at, tx)
        request = _build_webhook_request(delivery, kind, body, tx=tx, services=services)
        request_id = _open_join_or_repeat(delivery, request, tx=tx, services=services)
        if services.merchant.letters.answers_person and kind is not RequestKind.SHOP_ERASURE:
            queue_acknowledgement(request_id, request, None, tx=tx, services=services, actor="bridge")
        record_renames(renamed, tx)
    log_opened(request_id, delivery_id)
    enqueue_request_ids([request_id], services)
    return request_id


def _open_join_or_repeat(delivery: Delivery, request: PrivacyRequest, *, tx: Tx, services: Services) -> str:
    """Return the id of the request that the delivery opened or joined, and remember the delivery's body."""
    receipt = _build_receipt(delivery, services)
    known = tx.remembered_bodies.find_body(receipt["body_digest"])
    if known is not None:
        receipt["first_received_at"] = known.first_received_at.isoformat()
        if repeated := _find_repeated_request(known, request, tx):
            record_joined_request(request, receipt, same=repeated, due_at=repeated.due_at, tx=tx)
            return repeated.id
        if request.kind is not RequestKind.ACCESS:
            request = replace(request, principal=replace(request.principal, cutoff_at=known.first_received_at))
    request_id = open_or_join(request, receipt, tx=tx, services=services, idempotency_key=delivery.id)
    tx.remembered_bodies.remember_body(receipt["body_digest"], delivery, request_id=request_id)
    return request_id


def _find_repeated_request(known: RememberedBody, request: PrivacyRequest, tx: Tx) -> PrivacyRequest | None:
    """Return the request that a repeated body adds nothing to; None where it is a request of its own.

    An access request of the platform has a number, and is the same for good. An erasure is the same while it is not done,
    and it may have erased already: to run it again would erase what came since. A shop's may run again, for it asks then.
    """
    if request.kind is RequestKind.SHOP_ERASURE:
        return None
    first = tx.requests.get_request(known.request_id)
    if request.kind is RequestKind.ACCESS:
        return (first or replace(request, id=known.request_id)) if request.external_ref else None
    if first is not None and first.state is not RequestState.DONE:
        return first
    return tx.requests.find_open_request(request.shop, request.kind, request.subject)


def _build_webhook_request(
    delivery: Delivery, kind: RequestKind, body: Mapping[str, Any], *, tx: Tx, services: Services
) -> PrivacyRequest:
    principal, shop = read_principal(delivery.topic, body), find_signed_shop(body, delivery.shop, tx)
    received_at, webhook_received_at = _find_clock_start(delivery), delivery.received_at
    rules = services.merchant.clocks
    clocks = compute_clocks(received_at=received_at, webhook_received_at=webhook_received_at, rules=rules)
    return PrivacyRequest(
        id=services.store.new_id("req"),
        shop=shop,
        kind=kind,
        source=RequestSource.WEBHOOK,
        state=RequestState.IN_PROGRESS,
        subject="" if kind is RequestKind.SHOP_ERASURE else _resolve_subject(delivery, shop, principal, tx, services),
        principal=principal,
        received_at=received_at,
        received_at_basis="webhook_received" if received_at == webhook_received_at else "webhook_triggered",
        webhook_received_at=webhook_received_at,
        **clocks.build_request_values(),
        external_ref=read_data_request_id(body),
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


def _resolve_subject(delivery: Delivery, shop: str, principal: Principal, tx: Tx, services: Services) -> str:
    """Return the data subject's pseudonym; if the body does not identify one, a pseudonym of this body alone."""
    return tx.person_lookup.find_subject(shop, principal) or services.digest("nobody", delivery.raw)[:32]
