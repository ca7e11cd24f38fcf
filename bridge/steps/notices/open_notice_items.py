"""Opens a notice item for each record that a processor holds of an erased data subject, and a task for each processor.

Works in the caller's transaction. Decides nothing about when the processor is notified: `notify` does. Calls nobody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from bridge.model import (
    Fact,
    IndexedOrder,
    NoticeItem,
    Outcome,
    Principal,
    PrivacyRequest,
    Task,
    TaskAction,
    TaskState,
    Waybill,
)
from bridge.rules.index.consignee.clues import build_digester
from bridge.rules.notices.parcel_reviews import build_item_clues
from bridge.rules.notices.recipients import NO_REFERENCE, NoticeTarget, list_notice_targets
from bridge.services import Services
from bridge.steps.erasure.held.retention_records import find_order_time
from bridge.steps.index.doubt_parcels import add_review_blockers, open_superseded_reviews
from bridge.steps.index.flag_carrier_conflicts import flag_carrier_conflicts
from bridge.steps.new_tasks import build_task
from bridge.steps.notices.pause_items import LEGAL_HOLD_PREFIX
from bridge.steps.task_results import fail_task

if TYPE_CHECKING:
    from bridge.store import Tx


def open_notice_items(
    request: PrivacyRequest,
    principal: Principal,
    parcels: Sequence[Waybill],
    orders: Mapping[str, IndexedOrder],
    *,
    tx: Tx,
    services: Services,
) -> None:
    """Open an item for each record; one that is listed already stays as it is. Writes evidence last.

    `orders` are the data subject's by id; `principal` and `orders` are blank where only parcels are new.
    """
    parcels = add_review_blockers(request.shop, parcels, tx)
    by_processor: dict[str, list[NoticeTarget]] = {}
    order_names = {order_id: order.name for order_id, order in orders.items()}
    for target in list_notice_targets(principal, parcels, order_names, services.merchant.processors):
        by_processor.setdefault(target.processor, []).append(target)
    tx.legal_holds.extend_legal_holds(request, {*orders, *(parcel.order_id for parcel in parcels)})
    known_tasks = {
        task.system: task for task in tx.tasks.list_tasks(request.id) if task.action is TaskAction.NOTIFY_PROCESSOR
    }
    opened: list[tuple[str, int, bool]] = []
    for processor, targets in sorted(by_processor.items()):
        named = [target for target in targets if target.reference]
        task = known_tasks.get(processor) or _build_task(request, processor, len(named), services)
        is_new_task = processor not in known_tasks
        if is_new_task:
            tx.tasks.save_task(task)
        items = [_build_notice_item(request, task, target, orders, services) for target in named]
        items = _add_legal_hold_blockers(items, request, tx)
        new_count = tx.notice_items.add_items(items)
        if new_count and not is_new_task:
            tx.notice_items.wake_requests_of_items(items)
        if new_count or is_new_task:
            opened.append((processor, new_count, bool(named)))
    # evidence last: a worker on one of these accounts takes the account's lock before the chain's
    for processor, new_count, is_named in opened:
        tx.evidence.append_fact(
            Fact.NOTICE_ITEMS_OPENED,
            shop=request.shop,
            request_id=request.id,
            subject=request.subject,
            processor=processor,
            entries=new_count,
            **({} if is_named else {"reason": NO_REFERENCE}),
        )
    open_superseded_reviews(request.shop, parcels, request.id, tx)
    for parcel in parcels:
        flag_carrier_conflicts(request.shop, parcel.order_id, [parcel], tx=tx)


def _build_task(request: PrivacyRequest, processor: str, record_count: int, services: Services) -> Task:
    """Return the processor's task: waiting for its answer, or failed where no reference may be sent to it."""
    task = build_task(request.id, processor, TaskAction.NOTIFY_PROCESSOR, services, state=TaskState.WAITING)
    if not record_count:
        return fail_task(task, Outcome.DENIED, NO_REFERENCE, None)
    return replace(task, records=record_count, outcome=Outcome.UNCONFIRMED)


def _build_notice_item(
    request: PrivacyRequest, task: Task, target: NoticeTarget, orders: Mapping[str, IndexedOrder], services: Services
) -> NoticeItem:
    item = NoticeItem(
        id=services.store.new_id("ent"),
        shop=request.shop,
        request_id=request.id,
        task_id=task.id,
        processor=target.processor,
        names=target.reference_kind,
        reference=target.reference,
        order=target.order,
        order_id=target.order_id,
        placed_at=tuple(
            (order_id, find_order_time(order, request))
            for order_id, order in orders.items()
            if target.order_id in ("", order_id)
        ),
        look_at=services.clock.now(),
    )
    parcel = target.parcel
    if parcel is None:
        order = orders.get(target.order_id)
        return replace(item, matters=order.matters) if order else item
    item_clues = build_item_clues(parcel, build_digester(services.digest, request.shop), phone=request.principal.phone)
    return replace(
        item,
        system=parcel.account_system,
        shipped_at=parcel.shipped_at,
        status=parcel.status,
        status_at=parcel.status_at,
        cod=parcel.cod,
        matters=parcel.matters,
        clues=item_clues,
    )


def _add_legal_hold_blockers(items: Sequence[NoticeItem], request: PrivacyRequest, tx: Tx) -> list[NoticeItem]:
    """Return the items, each blocked by the legal holds on the data subject or on its order."""
    hold_ids = tx.legal_holds.find_legal_hold_ids_by_order_id(request, {item.order_id for item in items})
    return [
        replace(
            item,
            matters=tuple(
                sorted({*item.matters, *(LEGAL_HOLD_PREFIX + hold_id for hold_id in hold_ids[item.order_id])})
            ),
        )
        if hold_ids[item.order_id]
        else item
        for item in items
    ]
