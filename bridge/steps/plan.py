"""Plan: what an erasure will do is written down before anything is changed, and compared when it is done.

Reads the bridge's own memory only, by doing the deed and taking it back; asks no system.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from bridge.model import Action, Deed, Fact, Kind, Planned, PrivacyRequest, Source, Task
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
    if request.kind is not Kind.ERASURE:
        return Held(rows={}, spared=0, documents={}, claims={}, parcels={}, by_hand=False)
    parcels = [parcel for parcel in tx.index.parcels(shop, who) if parcel.order_id not in spare]
    orders = tx.index.orders(shop, who)
    names = {order_id: order.name for order_id, order in orders.items() if order_id not in spare}
    told = whom(who, parcels, names, services.merchant.processors)
    documents = tx.documents.of_orders(shop, {*orders, *who.order_ids})
    return Held(
        rows=tx.index.held(shop, who, request_id=request.id, spare=spare),
        spared=len(spare),
        documents=documents,
        claims={},
        parcels=Counter(each.processor for each in told),
        by_hand=request.source is Source.OPERATOR,
    )
