"""Plan: what an erasure will do is written down before anything is changed, and compared with the deed.

Reads the bridge's own memory only, by doing the deed and taking it back; asks no system.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bridge.model import (
    Deed,
    Fact,
    KnownOrder,
    Planned,
    Principal,
    PrivacyRequest,
    RefundAccount,
    RefundState,
    Source,
    Task,
    Waybill,
)
from bridge.ports import Services, Tx
from bridge.rules.erasure.plan import Held, differences, lines, written
from bridge.rules.notices.recipients import whom
from bridge.rules.requests.lifecycle import BRIDGE
from bridge.steps.erasure.orders_without_invoice_copy import scope, spared


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """The orders and parcels of her whom an erasure is about: none where her id was merged into another."""

    who: Principal
    merged: bool = False
    orders: Mapping[str, KnownOrder] = field(default_factory=dict)
    parcels: Sequence[Waybill] = ()

    def beside(self, spare: Collection[str]) -> tuple[dict[str, KnownOrder], list[Waybill]]:
        """The orders and the parcels without those of the spared orders."""
        orders = {order_id: order for order_id, order in self.orders.items() if order_id not in spare}
        return orders, [parcel for parcel in self.parcels if parcel.order_id not in spare]


def plan(request: PrivacyRequest, tasks: Sequence[Task], *, tx: Tx, services: Services) -> list[Planned]:
    """The plan of an erasure as things stand now. Changes nothing."""
    spare = spared(request, tasks, tx=tx, services=services)
    of_her = known(request, tasks, tx)
    rows = tx.index.held(request.shop, of_her.who, request_id=request.id, spare=spare)
    return in_lines(held(request, of_her, spare, tx, services), rows, services)


def in_lines(found: Held, rows: Mapping[str, int], services: Services) -> list[Planned]:
    """The lines of what is held, with the rows that go, or went."""
    return lines(replace(found, rows=rows), retention=services.retention, now=services.clock.now())


def known(request: PrivacyRequest, tasks: Sequence[Task], tx: Tx) -> Known:
    """What the index knows of her now; read it before the deed."""
    who = scope(request, tasks)
    if tx.index.merged(request.shop, who):
        return Known(who=who, merged=True)
    orders, parcels = tx.index.orders(request.shop, who), tx.index.parcels(request.shop, who)
    return Known(who=who, orders=orders, parcels=parcels)


def held(request: PrivacyRequest, of_her: Known, spare: Collection[str], tx: Tx, services: Services) -> Held:
    """What there is of her beside the bridge's rows: copies, claims, bank details, parcels at processors."""
    shop, merged = request.shop, of_her.merged
    orders, parcels = of_her.beside(spare)
    names = {order_id: order.name for order_id, order in orders.items()}
    told = whom(request.principal, parcels, names, services.merchant.processors)
    documents = {} if merged else tx.documents.of_orders(shop, {*of_her.orders, *of_her.who.order_ids})
    keys = {order_id: (shop, its[0].order_key) for order_id, its in documents.items()}
    claims = tx.legal_claims.living(shop=shop, subject=request.subject) if request.subject else ()
    held_by = tx.legal_claims.on(keys.values())
    refunds = [] if merged else bank_details(request, of_her.orders, tx)
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
