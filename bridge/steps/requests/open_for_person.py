"""Opens a request that reached the merchant: by mail, phone or letter, by a program, or on the public page.

It runs the same way as one from Shopify; its clock starts when the data subject asked, which can only be earlier than
now, so that it can only be due earlier. Calls nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bridge.errors import PayloadInvalid
from bridge.model import (
    IdentityDoubt,
    IncidentParticulars,
    NomineeParticulars,
    Principal,
    PrivacyRequest,
    RequestDetails,
    RequestKind,
    RequestSource,
    RequestState,
)
from bridge.rules.desk.incident_clocks import compute_incident_clocks
from bridge.rules.index.unreadable_identifiers import find_unreadable_fields
from bridge.rules.requests.deadlines import compute_clocks
from bridge.rules.requests.identity_doubt import REMOTE_SOURCES
from bridge.rules.requests.particulars import parse_particulars
from bridge.rules.requests.rights.joined_details import merge_details
from bridge.rules.webhooks.shop_domains import is_shop_domain
from bridge.services import Services
from bridge.steps.evidence.record_facts import enqueue_request_ids
from bridge.steps.identity.doubts import judge_remote_request
from bridge.steps.letters.acknowledge import enqueue_letters, queue_acknowledgement
from bridge.steps.requests.open_or_join import open_or_join

if TYPE_CHECKING:
    from bridge.store import Tx

PERSON_KINDS = (
    RequestKind.ACCESS,
    RequestKind.ERASURE,
    RequestKind.CORRECTION,
    RequestKind.RESTRICTION,
    RequestKind.OBJECTION,
    RequestKind.CONSENT_WITHDRAWAL,
    RequestKind.NOMINATION,
    RequestKind.NOMINEE_EXERCISE,
    RequestKind.GRIEVANCE,
    RequestKind.PROCESSOR_LIST,
    RequestKind.INCIDENT,
)
# these are nothing without what they state
NEEDS_PARTICULARS = (RequestKind.NOMINATION, RequestKind.NOMINEE_EXERCISE, RequestKind.INCIDENT)
RECEIVED_AT_BASES = {
    RequestSource.OPERATOR: "operator_entered",
    RequestSource.API: "api_stated",
    RequestSource.PAGE: "page_submitted",
    RequestSource.MAIL: "mail_arrived",
}


@dataclass(frozen=True, slots=True)
class OnceKey:
    """What a program calls its attempt to open a request, and what it sent, both as keyed digests."""

    key_hash: str
    body_hash: str


def build_person_request(
    kind: RequestKind,
    shop: str,
    principal: Principal,
    received_at: datetime,
    *,
    source: RequestSource = RequestSource.OPERATOR,
    tx: Tx,
    services: Services,
    details: RequestDetails | None = None,
    external_ref: str = "",
) -> PrivacyRequest:
    """Return the request as it would be opened; nothing is stored. Raises PayloadInvalid with a constant reason.

    An incident is about nobody that it names, and its clocks run since it was noticed.
    """
    now = services.clock.now()
    if kind not in PERSON_KINDS or (kind is RequestKind.INCIDENT and source in REMOTE_SOURCES):
        raise PayloadInvalid("kind_not_by_hand")
    known, directory = services.merchant.shops, tx.shop_names.directory
    if not is_shop_domain(shop) or (known and not directory.has_known_name(shop, known)):
        raise PayloadInvalid("shop_unknown")
    shop = directory.find_key(shop)
    if received_at > now:
        raise PayloadInvalid("received_in_the_future")
    if unreadable := find_unreadable_fields(principal):
        raise PayloadInvalid(f"{unreadable[0]}_unreadable")
    particulars = details.particulars if details else None
    if kind in NEEDS_PARTICULARS and particulars is None:
        raise PayloadInvalid("particulars_missing")
    if isinstance(particulars, NomineeParticulars) and particulars.right not in PERSON_KINDS:
        raise PayloadInvalid("right_not_by_hand")
    subject = tx.person_lookup.find_subject(shop, principal)
    if isinstance(particulars, IncidentParticulars):
        if principal != Principal() or particulars.noticed_at > now:
            raise PayloadInvalid("person_named" if principal != Principal() else "received_in_the_future")
        received_at = particulars.noticed_at
        deadlines = compute_incident_clocks(received_at, laws=services.retention.laws)
    elif not subject:
        raise PayloadInvalid("nobody_named")
    else:
        deadlines = compute_clocks(
            received_at=received_at, webhook_received_at=None, rules=services.merchant.clocks, kind=kind
        )
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
        **deadlines.build_request_values(),
        external_ref=external_ref,
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
    once: OnceKey | None = None,
    doubt: IdentityDoubt | None = None,
) -> str:
    """Open the request, or join an open one. Return its id. Raises PayloadInvalid, also where `details` lack what the kind needs.

    `details` are what is asked for exactly and how to reach the person. A request that is joined asks for both from then
    on, and its tasks run again where that is more. `doubt` is why it is not sure who asks, where the door found one. With
    `once` the same call opens nothing again and returns the id of the first.
    """
    stated = details.particulars if details else None
    details = replace(details or RequestDetails(), particulars=stated or parse_particulars(kind, {}))
    with services.store.transaction() as tx:
        if once and (first := tx.api_access.begin_opening(once.key_hash, once.body_hash)):
            return _check_same_call(first, once)
        request = build_person_request(
            kind, shop, principal, received_at, source=source, tx=tx, services=services, details=details
        )
        request_id = open_built_request(
            request, {"reason": reason}, details=details, actor=actor, tx=tx, services=services
        )
        if source in REMOTE_SOURCES:
            judge_remote_request(request_id, source, details, doubt, tx=tx, services=services)
        if once:
            tx.api_access.finish_opening(once.key_hash, request_id)
    enqueue_request_ids([request_id], services)
    enqueue_letters(request_id, services=services)
    return request_id


def _check_same_call(first: tuple[str, str], once: OnceKey) -> str:
    """Return the request of the first call. Raises PayloadInvalid (`key_reused`) where that one sent something else."""
    request_id, body_hash = first
    if body_hash != once.body_hash:
        raise PayloadInvalid("key_reused")
    return request_id


def _add_to_known(request_id: str, details: RequestDetails, tx: Tx) -> RequestDetails:
    """Return what is stated together with what the request that was joined stated before; its tasks begin again for more."""
    request = tx.requests.get_request(request_id)
    if request is None:
        raise AssertionError("a request that was opened or joined is gone")
    known = tx.request_details.get_details(request_id, request.kind)
    merged = merge_details(known, details)
    if known.particulars is not None and merged.particulars != known.particulars:
        tx.approvals.close_gate(request_id)  # it asks for something else than what was approved
        tx.request_changes.change_principal(request, request.principal)
    return merged


def open_built_request(
    request: PrivacyRequest,
    receipt: Mapping[str, Any],
    *,
    details: RequestDetails | None,
    actor: str,
    tx: Tx,
    services: Services,
) -> str:
    """Open what `build_person_request` built, or join an open one, in the caller's transaction. Return its id."""
    request_id = open_or_join(request, receipt, tx=tx, services=services, idempotency_key=request.id, actor=actor)
    stated = _add_to_known(request_id, details or RequestDetails(), tx)
    queue_acknowledgement(request_id, request, stated, tx=tx, services=services, actor=actor)
    return request_id
