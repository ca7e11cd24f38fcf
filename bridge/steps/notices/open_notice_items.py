"""Note: whoever holds a record of an erased person is written down, in the transaction that erases her here.

An entry a record, a task a processor. Decides nothing about when they are asked: `notify` does. Calls nobody.
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
from bridge.rules.notices.recipients import NoticeTarget, list_notice_targets
from bridge.services import Services
from bridge.steps.notices.pause_items import add_legal_hold_blockers

if TYPE_CHECKING:
    from bridge.store import Tx

NO_REFERENCE = "nothing_to_name_her_by"


def open_notice_items(
    request: PrivacyRequest,
    principal: Principal,
    parcels: Sequence[Waybill],
    orders: Mapping[str, IndexedOrder],
    *,
    tx: Tx,
    services: Services,
) -> None:
    """Keep an entry for each record that is told of; what is listed already stays as it stands.

    `orders` are hers by id.
    """
    by_processor: dict[str, list[NoticeTarget]] = {}
    names = {order_id: order.name for order_id, order in orders.items()}
    for told in list_notice_targets(principal, parcels, names, services.merchant.processors):
        by_processor.setdefault(told.processor, []).append(told)
    tx.legal_holds.extend_legal_holds(request, {*orders, *(parcel.order_id for parcel in parcels)})
    known = {
        task.system: task
        for task in tx.tasks.list_tasks(request.id)
        if task.action is TaskAction.NOTIFY_PROCESSOR
    }
    noted: list[tuple[str, int, bool]] = []
    for processor, theirs in sorted(by_processor.items()):
        task = known.get(processor) or Task(
            id=services.store.new_id("tsk"),
            request_id=request.id,
            system=processor,
            action=TaskAction.NOTIFY_PROCESSOR,
            state=TaskState.WAITING,
        )
        named = [told for told in theirs if told.reference]
        if processor not in known:
            tx.tasks.save_task(_mark_unconfirmed(task, len(named)) if named else fail_without_reference(task))
        entries = add_legal_hold_blockers(
            [_build_notice_item(request, task, told, orders, services) for told in named], request, tx=tx
        )
        new = tx.notice_items.add_items(entries)
        if new and processor in known:
            tx.notice_items.wake_requests_of_items(entries)
        if new or processor not in known:
            noted.append((processor, new, bool(named)))
    # evidence last: whoever works on one of these accounts takes its lock before the chain's
    for processor, new, is_named in noted:
        tx.evidence.append_fact(
            Fact.NOTICE_ITEMS_OPENED,
            shop=request.shop,
            request_id=request.id,
            subject=request.subject,
            processor=processor,
            entries=new,
            **({} if is_named else {"reason": NO_REFERENCE}),
        )


def _mark_unconfirmed(task: Task, records: int) -> Task:
    return replace(task, records=records, outcome=Outcome.UNCONFIRMED)


def fail_without_reference(task: Task) -> Task:
    """The processor knows her by nothing that we may write: a person has to find another way."""
    return replace(task, state=TaskState.FAILED, outcome=Outcome.DENIED, last_error=NO_REFERENCE)


def _build_notice_item(
    request: PrivacyRequest,
    task: Task,
    recipient: NoticeTarget,
    orders: Mapping[str, IndexedOrder],
    services: Services,
) -> NoticeItem:
    entry = NoticeItem(
        id=services.store.new_id("ent"),
        shop=request.shop,
        request_id=request.id,
        task_id=task.id,
        processor=recipient.processor,
        names=recipient.reference_kind,
        reference=recipient.reference,
        order=recipient.order,
        order_id=recipient.order_id,
        look_at=services.clock.now(),
    )
    parcel = recipient.parcel
    if parcel is None:
        order = orders.get(recipient.order_id)
        return replace(entry, matters=order.matters) if order else entry
    return replace(
        entry,
        system=parcel.account_system,
        shipped_at=parcel.shipped_at,
        status=parcel.status,
        status_at=parcel.status_at,
        cod=parcel.cod,
        matters=parcel.matters,
    )
