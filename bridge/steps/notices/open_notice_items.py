"""Note: whoever holds a record of an erased person is written down, in the transaction that erases her here.

An entry a record, a task a processor. Decides nothing about when they are asked: `notify` does. Calls nobody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bridge.model import (
    Action,
    Entry,
    Fact,
    KnownOrder,
    Outcome,
    Principal,
    PrivacyRequest,
    Task,
    TaskState,
    Waybill,
)
from bridge.ports import Services, Tx
from bridge.rules.notices.recipients import Told, whom
from bridge.steps.notices.pause_items import bound

NAMELESS = "nothing_to_name_her_by"


def note(
    request: PrivacyRequest,
    who: Principal,
    parcels: Sequence[Waybill],
    orders: Mapping[str, KnownOrder],
    *,
    tx: Tx,
    services: Services,
) -> None:
    """Keep an entry for each record that is told of; what is listed already stays as it stands.

    `orders` are hers by id.
    """
    by_processor: dict[str, list[Told]] = {}
    names = {order_id: order.name for order_id, order in orders.items()}
    for told in whom(who, parcels, names, services.merchant.processors):
        by_processor.setdefault(told.processor, []).append(told)
    tx.legal_claims.widen(request, {*orders, *(parcel.order_id for parcel in parcels)})
    known = {task.system: task for task in tx.requests.tasks(request.id) if task.action is Action.INSTRUCT}
    noted: list[tuple[str, int, bool]] = []
    for processor, theirs in sorted(by_processor.items()):
        task = known.get(processor) or Task(
            id=services.store.new_id("tsk"),
            request_id=request.id,
            system=processor,
            action=Action.INSTRUCT,
            state=TaskState.WAITING,
        )
        named = [told for told in theirs if told.reference]
        if processor not in known:
            tx.requests.save_task(_begun(task, len(named)) if named else nameless(task))
        entries = bound([_entry(request, task, told, orders, services) for told in named], request, tx=tx)
        new = tx.notices.add(entries)
        if new and processor in known:
            tx.notices.touch(entries)
        if new or processor not in known:
            noted.append((processor, new, bool(named)))
    # evidence last: whoever works on one of these accounts takes its lock before the chain's
    for processor, new, is_named in noted:
        tx.evidence.append(
            Fact.INSTRUCTION_OPENED,
            shop=request.shop,
            request_id=request.id,
            subject=request.subject,
            processor=processor,
            entries=new,
            **({} if is_named else {"reason": NAMELESS}),
        )


def _begun(task: Task, records: int) -> Task:
    return replace(task, records=records, outcome=Outcome.UNCONFIRMED)


def nameless(task: Task) -> Task:
    """The processor knows her by nothing that we may write: a person has to find another way."""
    return replace(task, state=TaskState.FAILED, outcome=Outcome.DENIED, last_error=NAMELESS)


def _entry(
    request: PrivacyRequest, task: Task, told: Told, orders: Mapping[str, KnownOrder], services: Services
) -> Entry:
    entry = Entry(
        id=services.store.new_id("ent"),
        shop=request.shop,
        request_id=request.id,
        task_id=task.id,
        processor=told.processor,
        names=told.names,
        reference=told.reference,
        order=told.order,
        order_id=told.order_id,
        look_at=services.clock.now(),
    )
    parcel = told.parcel
    if parcel is None:
        order = orders.get(told.order_id)
        return replace(entry, matters=order.matters) if order else entry
    return replace(
        entry,
        system=parcel.held_by,
        shipped_at=parcel.shipped_at,
        status=parcel.status,
        status_at=parcel.status_at,
        cod=parcel.cod,
        matters=parcel.matters,
    )
