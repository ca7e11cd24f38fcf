"""Intake: a request that reached the merchant by mail, phone or letter is opened by hand.

It runs the same way as one from Shopify; its clock starts when the person asked, which can only be earlier
than now, so `due` can only move earlier. Calls nobody.
"""

from __future__ import annotations

from datetime import datetime

from bridge.errors import PayloadInvalid
from bridge.model import Kind, Principal, PrivacyRequest, RequestState, Source
from bridge.ports import Services, Tx
from bridge.rules.index.identity import normal
from bridge.rules.requests.deadlines import clocks
from bridge.rules.webhooks.topics import is_shop
from bridge.steps.requests.open_or_join import open_or_join

BY_HAND = (Kind.ACCESS, Kind.ERASURE)


def planned(
    kind: Kind, shop: str, who: Principal, received_at: datetime, *, tx: Tx, services: Services
) -> PrivacyRequest:
    """The request as it would be opened; nothing is stored. Raises PayloadInvalid with a constant reason."""
    now = services.clock.now()
    if kind not in BY_HAND:
        raise PayloadInvalid("kind_not_by_hand")
    if not is_shop(shop) or (services.merchant.shops and shop not in services.merchant.shops):
        raise PayloadInvalid("shop_unknown")
    if received_at > now:
        raise PayloadInvalid("received_in_the_future")
    named = {"customer": who.customer_id, "email": who.email, "phone": who.phone}
    unread = [field for field, value in named.items() if value and not normal(field, value)]
    if unread:
        raise PayloadInvalid(f"{unread[0]}_unreadable")
    subject = tx.index.subject(shop, who)
    if not subject:
        raise PayloadInvalid("nobody_named")
    due = clocks(received_at=received_at, webhook_received_at=None, rules=services.merchant.clocks)
    return PrivacyRequest(
        id=services.store.new_id("req"),
        shop=shop,
        kind=kind,
        source=Source.OPERATOR,
        state=RequestState.IN_PROGRESS,
        subject=subject,
        principal=who,
        received_at=received_at,
        received_at_basis="operator_entered",
        webhook_received_at=None,
        acknowledge_due_at=due.acknowledge_due_at,
        due_at=due.due_at,
        due_governed_by=due.due_governed_by,
        clocks={rule: moment.isoformat() for rule, moment in due.due.items()},
        policy_sha256=services.merchant.policy_sha256,
        retention_sha256=services.retention.sha256,
    )


def intake(
    kind: Kind,
    shop: str,
    who: Principal,
    received_at: datetime,
    *,
    actor: str,
    reason: str,
    services: Services,
) -> str:
    """Open the request, or join one in flight. Returns its id. Raises PayloadInvalid."""
    with services.store.transaction() as tx:
        request = planned(kind, shop, who, received_at, tx=tx, services=services)
        request_id = open_or_join(
            request, {"reason": reason}, tx=tx, services=services, once=request.id, actor=actor
        )
    services.queue.nudge("process", request_id, first=True)
    return request_id
