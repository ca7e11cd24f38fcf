"""Opens a request once, with its tasks, its clocks and its first fact, or joins it to one that is open.

The same for requests by webhook and by an operator. Works inside the caller's transaction, so that the caller's own
record and the request are saved together or not at all. Calls nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bridge.model import Fact, PrivacyRequest, RequestState, Task
from bridge.rules.requests import lifecycle
from bridge.rules.requests.answer_times import is_late
from bridge.services import Services
from bridge.steps.new_tasks import build_task
from bridge.steps.requests.approval.open_gate import is_gate_needed, must_stay_apart, open_gate

if TYPE_CHECKING:
    from bridge.store import Tx


def open_or_join(
    request: PrivacyRequest,
    receipt: Mapping[str, Any],
    *,
    tx: Tx,
    services: Services,
    idempotency_key: str,
    actor: str = "bridge",
) -> str:
    """Open the request, or join the one that asks the same for the same data subject. Return the id of either.

    `receipt` is what the caller can prove (ids, digests) and goes into the fact; under `idempotency_key` the same
    request is recognised when it comes again and has no reference of its own.
    """
    if request.external_ref:
        # the subject is part of it: samples and test tools give the same number to every request
        idempotency_key = f"{request.shop}|{request.kind}|{request.external_ref}|{request.subject}"
    is_gated = is_gate_needed(request, services)
    same = _find_same_request(request, idempotency_key, tx, services)
    if same is None and tx.requests.open_request(
        request,
        idempotency_key=idempotency_key,
        tasks=_build_initial_tasks(request, services),
        stays_apart=is_gated and bool(tx.requests.find_open_request_id(request.shop, request.kind, request.subject)),
    ):
        if is_gated:
            open_gate(request, tx, services)
        record_opening(request, receipt, actor, tx=tx, services=services)
        return request.id
    same = same or _find_same_request(request, idempotency_key, tx, services)
    if same is None:
        raise AssertionError("a request that is neither new nor known")
    if same.state is not RequestState.DONE:
        tx.hand_overs.withdraw_waiver(same.id)
        tx.request_changes.widen_request(same.id, request.principal, keeps_approval=not request.source.is_merchants)
    due_at = same.due_at
    if same.closed_at is None and request.due_at < due_at:
        tx.request_changes.advance_deadlines(same.id, request)
        due_at = request.due_at
    record_joined_request(request, receipt, same=same, due_at=due_at, tx=tx, actor=actor)
    return same.id


def record_joined_request(
    request: PrivacyRequest,
    receipt: Mapping[str, Any],
    *,
    same: PrivacyRequest,
    due_at: datetime,
    tx: Tx,
    actor: str = "bridge",
) -> None:
    """Record that `request` asks what `same` asks, which is due at `due_at`."""
    tx.evidence.append_fact(
        Fact.REQUEST_JOINED,
        shop=request.shop,
        actor=actor,
        request_id=same.id,
        subject=same.subject,
        source=request.source,
        orders=len(request.principal.order_ids),
        external_ref=request.external_ref,
        due_at=due_at.isoformat(),
        **receipt,
    )


def record_opening(
    request: PrivacyRequest, receipt: Mapping[str, Any], actor: str, *, tx: Tx, services: Services
) -> None:
    """Record that the request was opened, with its clocks. Evidence is every worker's lock: call it last."""
    tx.evidence.append_fact(
        Fact.REQUEST_OPENED,
        shop=request.shop,
        actor=actor,
        request_id=request.id,
        subject=request.subject,
        kind=request.kind,
        source=request.source,
        orders=len(request.principal.order_ids),
        received_at=request.received_at.isoformat(),
        received_at_basis=request.received_at_basis,
        acknowledge_due_at=request.acknowledge_due_at.isoformat(),
        due_at=request.due_at.isoformat(),
        due_governed_by=request.due_governed_by,
        clocks=dict(request.clocks),
        **({"late": True} if is_late(request, services.clock.now()) else {}),
        **receipt,
    )


def _find_same_request(
    request: PrivacyRequest, idempotency_key: str, tx: Tx, services: Services
) -> PrivacyRequest | None:
    if known := tx.requests.find_request_by_idempotency_key(idempotency_key):
        return known
    if request.kind.stands_alone:
        return None
    other = tx.requests.find_open_request_of_same_person(request, request.kind)
    if other is None or not must_stay_apart(request, other, tx, services):
        return other
    if not is_gate_needed(request, services):
        tx.request_changes.stay_apart(other.id)  # later webhooks join the one that runs by itself
    return None


def _build_initial_tasks(request: PrivacyRequest, services: Services) -> list[Task]:
    carriers = set(services.connectors) - {lifecycle.PLATFORM}
    return [
        build_task(request.id, system, action, services)
        for system, action in lifecycle.list_initial_tasks(request.kind, request.source, carriers)
    ]
