"""Plan: what an erasure will do is written down before anything is changed, and compared with the deed.

Reads the bridge's own memory only, by doing the deed and taking it back; asks no system.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bridge.model import (
    Deed,
    Fact,
    Planned,
    PrivacyRequest,
    RefundAccount,
    RefundState,
    Source,
    Task,
)
from bridge.ports import Services, Tx
from bridge.rules.lifecycle import BRIDGE
from bridge.rules.planning import Held, differences, lines, written
from bridge.rules.telling import whom
from bridge.steps.spare import scope, spared


def plan(request: PrivacyRequest, tasks: Sequence[Task], *, tx: Tx, services: Services) -> list[Planned]:
    """The plan of an erasure as things stand now. Changes nothing."""
    spare = spared(request, tasks, tx=tx, services=services)
    rows = tx.index.held(request.shop, scope(request, tasks), request_id=request.id, spare=spare)
    return in_lines(held(request, tasks, spare, tx, services), rows, services)


def in_lines(found: Held, rows: Mapping[str, int], services: Services) -> list[Planned]:
    """The lines of what is held, with the rows that go, or went."""
    return lines(replace(found, rows=rows), retention=services.retention, now=services.clock.now())


def held(
    request: PrivacyRequest, tasks: Sequence[Task], spare: Collection[str], tx: Tx, services: Services
) -> Held:
    """What there is of her beside the bridge's rows: copies, claims, bank details, parcels at processors."""
    shop, who = request.shop, scope(request, tasks)
    merged = tx.index.merged(shop, who)
    orders = {} if merged else tx.index.orders(shop, who)
    parcels = [] if merged else tx.index.parcels(shop, who)
    names = {order_id: order.name for order_id, order in orders.items() if order_id not in spare}
    told = whom(
        request.principal,
        [one for one in parcels if one.order_id not in spare],
        names,
        services.merchant.processors,
    )
    documents = {} if merged else tx.documents.of_orders(shop, {*orders, *who.order_ids})
    keys = {order_id: (shop, its[0].order_key) for order_id, its in documents.items()}
    claims = tx.legal_claims.living(shop=shop, subject=request.subject) if request.subject else ()
    held_by = tx.legal_claims.on(keys.values())
    refunds = [] if merged else bank_details(request, orders, tx)
    return Held(
        rows={},
        spared=len(spare),
        documents=documents,
        claims={order_id: [*claims, *held_by.get(key, ())] for order_id, key in keys.items()},
        parcels={} if merged else Counter(each.processor for each in told),
        refunds=refunds,
        claimed=tx.refunds.claimed(refunds),
        by_hand=request.source is Source.OPERATOR,
    )


def compared(request: PrivacyRequest, now: Sequence[Planned], tx: Tx) -> list[dict[str, Any]]:
    """What is not as it was planned; nothing where there is no plan yet."""
    before = tx.plans.of(request.id)
    return differences(before["lines"], written(now)) if before else []


def keep(
    request: PrivacyRequest, now: Sequence[Planned], changed: Sequence[Any], *, tx: Tx, services: Services
) -> None:
    """Keep a plan and record it: the first one, or one that changed before the deed. Ends a transaction's deeds."""
    before = tx.plans.of(request.id)
    if before and not changed:
        return
    kept = {"made_at": services.clock.now().isoformat(), "lines": written(now), "changed": list(changed)}
    tx.plans.keep(request.id, kept)
    _tell(request, now, len(changed) if before else None, tx)


def add(request: PrivacyRequest, now: Sequence[Planned], tx: Tx) -> None:
    """Write what a later run of the same erasure removed beside the plan that was made before the first."""
    before = tx.plans.of(request.id) or {}
    deeds = [line for line in now if line.system == BRIDGE and line.deed is Deed.ERASE]
    if before and deeds:
        tx.plans.keep(request.id, {**before, "later": [*before.get("later", []), *written(deeds)]})
        _tell(request, deeds, len(deeds), tx)


def _tell(request: PrivacyRequest, now: Sequence[Planned], changes: int | None, tx: Tx) -> None:
    counts: dict[str, Any] = {"lines": len(now)} if changes is None else {"changes": changes}
    tx.evidence.append(
        Fact.PLAN_MADE if changes is None else Fact.PLAN_CHANGED,
        shop=request.shop,
        request_id=request.id,
        subject=request.subject,
        actions=dict(sorted(Counter(line.deed.value for line in now).items())),
        **counts,
    )


def bank_details(request: PrivacyRequest, order_ids: Iterable[str], tx: Tx) -> list[RefundAccount]:
    """Bank details of her refunds that are still kept."""
    ids = {*order_ids, *request.principal.order_ids}
    accounts = tx.refunds.of_orders(request.shop, ids, subject=request.subject)
    return [account for account in accounts if account.state is not RefundState.ERASED]
