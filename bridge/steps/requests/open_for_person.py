"""Opens a request that reached the merchant: by mail, phone or letter, by a program, or on the public page.

It runs the same way as one from Shopify; its clock starts when the data subject asked, which can only be earlier than
now, so that it can only be due earlier. Calls nobody.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from bridge.errors import PayloadInvalid
from bridge.model import Principal, PrivacyRequest, RequestDetails, RequestKind, RequestSource, RequestState
from bridge.rules.index.unreadable_identifiers import find_unreadable_fields
from bridge.rules.requests.deadlines import compute_clocks
from bridge.rules.webhooks.shop_domains import is_shop_domain
from bridge.services import Services
from bridge.steps.evidence.record_facts import enqueue_request_ids
from bridge.steps.requests.open_or_join import open_or_join

if TYPE_CHECKING:
    from bridge.store import Tx

PERSON_KINDS = (RequestKind.ACCESS, RequestKind.ERASURE)
RECEIVED_AT_BASES = {
    RequestSource.OPERATOR: "operator_entered",
    RequestSource.API: "api_stated",
    RequestSource.PAGE: "page_submitted",
    RequestSource.MAIL: "mail_arrived",
}


def build_person_request(
    kind: RequestKind,
    shop: str,
    principal: Principal,
    received_at: datetime,
    *,
    source: RequestSource = RequestSource.OPERATOR,
    tx: Tx,
    services: Services,
) -> PrivacyRequest:
    """Return the request as it would be opened; nothing is stored. Raises PayloadInvalid with a constant reason."""
    now = services.clock.now()
    if kind not in PERSON_KINDS:
        raise PayloadInvalid("kind_not_by_hand")
    known, directory = services.merchant.shops, tx.shop_names.directory
    if not is_shop_domain(shop) or (known and not directory.has_known_name(shop, known)):
        raise PayloadInvalid("shop_unknown")
    shop = directory.find_key(shop)
    if received_at > now:
        raise PayloadInvalid("received_in_the_future")
    if unreadable := find_unreadable_fields(principal):
        raise PayloadInvalid(f"{unreadable[0]}_unreadable")
    subject = tx.person_lookup.find_subject(shop, principal)
    if not subject:
        raise PayloadInvalid("nobody_named")
    deadlines = compute_clocks(received_at=received_at, webhook_received_at=None, rules=services.merchant.clocks)
    return PrivacyRequest(
        id=services.store.new_id("req"),
        shop=shop,
        kind=kind,
        source=source,
        state=RequestState.IN_PROGRESS,
        subject=subject,
        principal=principal,
        received_at=received_at,
        received_at_basis=RECEIVED_AT_BASES[source],
        webhook_received_at=None,
        acknowledge_due_at=deadlines.acknowledge_due_at,
        due_at=deadlines.due_at,
        due_governed_by=deadlines.due_governed_by,
        clocks={rule: due_at.isoformat() for rule, due_at in deadlines.due_by_rule.items()},
        policy_sha256=services.merchant.policy_sha256,
        retention_sha256=services.retention.sha256,
    )


def open_person_request(
    kind: RequestKind,
    shop: str,
    principal: Principal,
    received_at: datetime,
    *,
    actor: str,
    reason: str,
    services: Services,
    source: RequestSource = RequestSource.OPERATOR,
    details: RequestDetails | None = None,
) -> str:
    """Open the request, or join an open one. Return its id. Raises PayloadInvalid.

    `details` are what is asked for exactly and how to reach the person; of a request that is joined they replace those
    that it has.
    """
    with services.store.transaction() as tx:
        request = build_person_request(kind, shop, principal, received_at, source=source, tx=tx, services=services)
        request_id = open_or_join(
            request, {"reason": reason}, tx=tx, services=services, idempotency_key=request.id, actor=actor
        )
        if details:
            if request_id != request.id and details.particulars:  # it asks for something else than what was approved
                tx.approvals.close_gate(request_id)
            tx.request_details.save_details(request_id, request.shop, details)
    enqueue_request_ids([request_id], services)
    return request_id
