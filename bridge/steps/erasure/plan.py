"""Plan: what an erasure will do is written down before anything is changed, and compared with the deed.

Reads the bridge's own memory only, by doing the deed and taking it back; asks no system.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from bridge.model import (
    ErasureAction,
    Fact,
    IndexedOrder,
    PlanLine,
    Principal,
    PrivacyRequest,
    RefundAccount,
    RefundState,
    RequestSource,
    Task,
    Waybill,
)
from bridge.rules.erasure.plan import ErasureInputs, build_erasure_plan, compare_plans, serialise_plan
from bridge.rules.notices.recipients import list_notice_targets
from bridge.rules.requests.lifecycle import BRIDGE
from bridge.services import Services
from bridge.steps.erasure.orders_without_invoice_copy import (
    find_orders_without_invoice_copy,
    resolve_erasure_principal,
)

if TYPE_CHECKING:
    from bridge.store import Tx


@dataclass(frozen=True, kw_only=True, slots=True)
class ErasureScope:
    """The orders and parcels of her whom an erasure is about: none where her id was merged into another."""

    principal: Principal
    merged: bool = False
    orders: Mapping[str, IndexedOrder] = field(default_factory=dict)
    parcels: Sequence[Waybill] = ()

    def exclude_orders(
        self, excluded_order_ids: Collection[str]
    ) -> tuple[dict[str, IndexedOrder], list[Waybill]]:
        """The orders and the parcels without those of the spared orders."""
        orders = {
            order_id: order for order_id, order in self.orders.items() if order_id not in excluded_order_ids
        }
        return orders, [parcel for parcel in self.parcels if parcel.order_id not in excluded_order_ids]


def plan_erasure(
    request: PrivacyRequest, tasks: Sequence[Task], *, tx: Tx, services: Services
) -> list[PlanLine]:
    """The plan of an erasure as things stand now. Changes nothing."""
    spare = find_orders_without_invoice_copy(request, tasks, tx=tx, services=services)
    of_her = load_erasure_scope(request, tasks, tx)
    rows = tx.person_eraser.preview_erasure(
        request.shop, of_her.principal, request_id=request.id, excluded_order_ids=spare
    )
    return build_plan_lines(collect_erasure_inputs(request, of_her, spare, tx, services), rows, services)


def build_plan_lines(inputs: ErasureInputs, rows: Mapping[str, int], services: Services) -> list[PlanLine]:
    """The lines of what is held, with the rows that go, or went."""
    return build_erasure_plan(
        replace(inputs, rows=rows), retention=services.retention, now=services.clock.now()
    )


def load_erasure_scope(request: PrivacyRequest, tasks: Sequence[Task], tx: Tx) -> ErasureScope:
    """What the index knows of her now; read it before the deed."""
    who = resolve_erasure_principal(request, tasks)
    if tx.person_lookup.is_merged(request.shop, who):
        return ErasureScope(principal=who, merged=True)
    orders, parcels = tx.index.list_orders(request.shop, who), tx.index.list_parcels(request.shop, who)
    return ErasureScope(principal=who, orders=orders, parcels=parcels)


def collect_erasure_inputs(
    request: PrivacyRequest,
    erasure_scope: ErasureScope,
    excluded_order_ids: Collection[str],
    tx: Tx,
    services: Services,
) -> ErasureInputs:
    """What there is of her beside the bridge's rows: copies, claims, bank details, parcels at processors."""
    shop, merged = request.shop, erasure_scope.merged
    orders, parcels = erasure_scope.exclude_orders(excluded_order_ids)
    names = {order_id: order.name for order_id, order in orders.items()}
    told = list_notice_targets(request.principal, parcels, names, services.merchant.processors)
    documents = (
        {}
        if merged
        else tx.documents.find_documents_by_order_id(
            shop, {*erasure_scope.orders, *erasure_scope.principal.order_ids}
        )
    )
    keys = {order_id: (shop, its[0].order_key) for order_id, its in documents.items()}
    claims = (
        tx.legal_holds.list_active_legal_holds(shop=shop, subject=request.subject) if request.subject else ()
    )
    held_by = tx.legal_holds.find_legal_holds_by_order(keys.values())
    refunds = [] if merged else find_kept_bank_details(request, erasure_scope.orders, tx)
    return ErasureInputs(
        rows={},
        orders_without_invoice_copy=len(excluded_order_ids),
        documents=documents,
        legal_holds={order_id: [*claims, *held_by.get(key, ())] for order_id, key in keys.items()},
        parcels={} if merged else Counter(each.processor for each in told),
        refunds=refunds,
        legally_held_refund_ids=tx.refunds.find_account_ids_on_legal_hold(refunds),
        opened_by_operator=request.source is RequestSource.OPERATOR,
    )


def compare_with_saved_plan(
    request: PrivacyRequest, plan_lines: Sequence[PlanLine], tx: Tx
) -> list[dict[str, Any]]:
    """What is not as it was planned; nothing where there is no plan yet."""
    before = tx.plans.find_plan(request.id)
    return compare_plans(before["lines"], serialise_plan(plan_lines)) if before else []


def save_plan(
    request: PrivacyRequest,
    plan_lines: Sequence[PlanLine],
    changes: Sequence[Any],
    *,
    tx: Tx,
    services: Services,
) -> None:
    """Keep a plan and record it: the first one, or one that changed before the deed. Ends a transaction's deeds."""
    before = tx.plans.find_plan(request.id)
    if before and not changes:
        return
    kept = {
        "made_at": services.clock.now().isoformat(),
        "lines": serialise_plan(plan_lines),
        "changed": list(changes),
    }
    tx.plans.save_plan(request.id, kept)
    _record_plan(request, plan_lines, len(changes) if before else None, tx)


def append_later_run(request: PrivacyRequest, plan_lines: Sequence[PlanLine], tx: Tx) -> None:
    """Write what a later run of the same erasure removed beside the plan that was made before the first."""
    before = tx.plans.find_plan(request.id) or {}
    deeds = [line for line in plan_lines if line.system == BRIDGE and line.action is ErasureAction.ERASE]
    if before and deeds:
        tx.plans.save_plan(
            request.id, {**before, "later": [*before.get("later", []), *serialise_plan(deeds)]}
        )
        _record_plan(request, deeds, len(deeds), tx)


def _record_plan(
    request: PrivacyRequest, plan_lines: Sequence[PlanLine], changes: int | None, tx: Tx
) -> None:
    counts: dict[str, Any] = {"lines": len(plan_lines)} if changes is None else {"changes": changes}
    tx.evidence.append_fact(
        Fact.PLAN_CREATED if changes is None else Fact.PLAN_CHANGED,
        shop=request.shop,
        request_id=request.id,
        subject=request.subject,
        actions=dict(sorted(Counter(line.action.value for line in plan_lines).items())),
        **counts,
    )


def find_kept_bank_details(request: PrivacyRequest, order_ids: Iterable[str], tx: Tx) -> list[RefundAccount]:
    """Bank details of her refunds that are still kept."""
    ids = {*order_ids, *request.principal.order_ids}
    accounts = tx.refunds.list_refund_accounts_of_orders(request.shop, ids, subject=request.subject)
    return [account for account in accounts if account.state is not RefundState.ERASED]
