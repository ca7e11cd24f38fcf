"""Plan: what an erasure will do is written down before anything is changed, and compared when it is done.

Reads the bridge's own memory only, by doing the deed and taking it back; asks no system.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from bridge.model import (
    Action,
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
from bridge.steps.spare import spared


def plan(request: PrivacyRequest, tasks: Sequence[Task], *, tx: Tx, services: Services) -> list[Planned]:
    """The plan of an erasure as things stand now. Changes nothing."""
    spare = spared(request, tasks, tx=tx, services=services)
    return lines(_held(request, spare, tx, services), retention=services.retention, now=services.clock.now())


def settle(
    request: PrivacyRequest, tasks: Sequence[Task], *, tx: Tx, services: Services
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Keep the plan as it is now. Returns its lines, and what is not as it was planned before.

    Records the first plan, and each change of it. What a request did before stays written: a later run adds to it.
    """
    now = written(plan(request, tasks, tx=tx, services=services))
    before = tx.plans.of(request.id)
    done = any(task.action is Action.ERASE and task.detail for task in tasks)
    changed = [] if done or not before else differences(before["lines"], now)
    deeds = [line for line in now if line["system"] == BRIDGE and line["action"] == Deed.ERASE]
    if before and not changed and not (done and deeds):
        return now, []
    kept: dict[str, Any] = {"made_at": services.clock.now().isoformat(), "lines": now}
    if before:
        kept = (
            {**before, "later": [*before.get("later", []), *deeds]} if done else kept | {"changed": changed}
        )
    tx.plans.keep(request.id, kept)
    counts: dict[str, Any] = {"changes": len(changed)} if before else {"lines": len(now)}
    tx.evidence.append(
        Fact.PLAN_CHANGED if before else Fact.PLAN_MADE,
        shop=request.shop,
        request_id=request.id,
        subject=request.subject,
        actions=dict(sorted(Counter(line["action"] for line in now).items())),
        **counts,
    )
    return now, changed


def _held(request: PrivacyRequest, spare: Collection[str], tx: Tx, services: Services) -> Held:
    shop, who = request.shop, request.principal
    parcels = [parcel for parcel in tx.index.parcels(shop, who) if parcel.order_id not in spare]
    orders = tx.index.orders(shop, who)
    names = {order_id: order.name for order_id, order in orders.items() if order_id not in spare}
    documents = tx.documents.of_orders(shop, {*orders, *who.order_ids})
    keys = {order_id: (shop, its[0].order_key) for order_id, its in documents.items()}
    hers = tx.legal_claims.living(shop=shop, subject=request.subject) if request.subject else ()
    held_by = tx.legal_claims.on(keys.values())
    refunds = bank_details(request, orders, tx)
    return Held(
        rows=tx.index.held(shop, who, request_id=request.id, spare=spare),
        spared=len(spare),
        documents=documents,
        claims={order_id: [*hers, *held_by.get(key, ())] for order_id, key in keys.items()},
        parcels=Counter(told.processor for told in whom(who, parcels, names, services.merchant.processors)),
        refunds=refunds,
        claimed=tx.refunds.claimed(refunds),
        by_hand=request.source is Source.OPERATOR,
    )


def bank_details(request: PrivacyRequest, order_ids: Iterable[str], tx: Tx) -> list[RefundAccount]:
    """Bank details of her refunds that are still kept."""
    ids = {*order_ids, *request.principal.order_ids}
    accounts = tx.refunds.of_orders(request.shop, ids, subject=request.subject)
    return [account for account in accounts if account.state is not RefundState.ERASED]
