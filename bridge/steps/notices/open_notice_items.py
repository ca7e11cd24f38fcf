"""Opens a notice item for each record that a processor holds of a data subject, and a task for each processor.

Works in the caller's transaction. Decides nothing about when the processor is notified: `notify` does. Calls nobody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bridge.model import (
    Fact,
    IndexedOrder,
    NoticeItem,
    NoticePurpose,
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
from bridge.steps.rights.restricted_person import add_restriction_blockers
from bridge.steps.task_results import fail_task

if TYPE_CHECKING:
    from bridge.store import Tx


@dataclass(frozen=True, kw_only=True, slots=True)
class NoticePlan:
    """Records for which notice items are opened, and the data subject's orders by id.

    `record_counts` says how many records each processor has of the whole plan, also in a part of it. `purpose` is what the
    processors are told to do.
    """

    parcels: Sequence[Waybill]
    targets: Sequence[NoticeTarget]
    orders: Mapping[str, IndexedOrder]
    record_counts: Mapping[str, int]
    purpose: NoticePurpose = NoticePurpose.ERASE

    def select_part(self, order_ids: Collection[str], *, has_person: bool) -> NoticePlan:
        """Return the part about these orders; with `has_person` also what names the data subject, of all orders."""
        return replace(
            self,
            parcels=[parcel for parcel in self.parcels if parcel.order_id in order_ids],
            targets=[one for one in self.targets if (one.order_id in order_ids if one.order_id else has_person)],
        )


def plan_notice_items(
    request: PrivacyRequest,
    principal: Principal,
    parcels: Sequence[Waybill],
    orders: Mapping[str, IndexedOrder],
    *,
    tx: Tx,
    services: Services,
) -> NoticePlan:
    """Return the records for which items must be open. Changes nothing.

    `orders` are the data subject's by id; `principal` and `orders` are blank where only parcels are new.
    """
    parcels = add_review_blockers(request.shop, parcels, tx)
    order_names = {order_id: order.name for order_id, order in orders.items()}
    targets = list_notice_targets(principal, parcels, order_names, services.merchant.processors)
    counts = Counter(target.processor for target in targets if target.reference)
    return NoticePlan(parcels=parcels, targets=targets, orders=orders, record_counts=counts)


def open_notice_items(
    request: PrivacyRequest,
    principal: Principal,
    parcels: Sequence[Waybill],
    orders: Mapping[str, IndexedOrder],
    *,
    tx: Tx,
    services: Services,
) -> dict[str, int]:
    """Open an item for each record as `plan_notice_items` lists them. Return how many by processor. Writes evidence last."""
    plan = plan_notice_items(request, principal, parcels, orders, tx=tx, services=services)
    opened = open_items_of_plan(request, plan, orders, tx=tx, services=services)
    record_opened_items(request, plan, opened, tx=tx)
    return opened


def open_items_of_plan(
    request: PrivacyRequest, plan: NoticePlan, order_ids: Iterable[str], *, tx: Tx, services: Services
) -> dict[str, int]:
    """Open the items of a plan, or of the part of it about these orders. One that is listed already stays as it is.

    For another purpose than an erasure what was told before is told anew. Return how many are new by processor, for `record_opened_items`; of a new task also none.
    """
    by_processor: dict[str, list[NoticeTarget]] = {}
    for target in plan.targets:
        by_processor.setdefault(target.processor, []).append(target)
    is_erasure = plan.purpose is NoticePurpose.ERASE
    if is_erasure:
        tx.legal_holds.extend_legal_holds(request, {*order_ids, *(parcel.order_id for parcel in plan.parcels)})
    known_tasks = {
        task.system: task for task in tx.tasks.list_tasks(request.id) if task.action is TaskAction.NOTIFY_PROCESSOR
    }
    opened: dict[str, int] = {}
    for processor, targets in sorted(by_processor.items()):
        named = [target for target in targets if target.reference]
        task = known_tasks.get(processor) or _build_task(
            request, processor, plan.record_counts.get(processor, 0), services
        )
        is_new_task = processor not in known_tasks
        if is_new_task:
            tx.tasks.save_task(task)
        items = [
            replace(_build_notice_item(request, task, target, plan.orders, services), purpose=plan.purpose)
            for target in named
        ]
        if is_erasure:
            items = _add_legal_hold_blockers(items, request, tx)
            items = add_restriction_blockers(items, request, tx)
        new_count = tx.notice_items.add_items(items) if is_erasure else _replace_items(items, tx)
        if new_count and not is_new_task:
            tx.notice_items.wake_requests_of_items(items)
        if new_count or is_new_task:
            opened[processor] = new_count
    return opened


def _replace_items(items: Sequence[NoticeItem], tx: Tx) -> int:
    """Store items for another purpose than an erasure: what the same task told before is told anew."""
    if not items:
        return 0
    former = tx.notice_items.list_items(request_id=items[0].request_id)
    letters = {item.notice_id for item in former if item.task_id == items[0].task_id} - {""}
    count = tx.notice_items.replace_items(items)
    for notice_id in sorted(letters):
        if not tx.notice_items.list_items(notice_id=notice_id, limit=1):
            tx.notices.withdraw_notice(notice_id)
    return count


def record_opened_items(request: PrivacyRequest, plan: NoticePlan, opened: Mapping[str, int], *, tx: Tx) -> None:
    """Record the items that were opened, by processor, and open the reviews of the plan's parcels. Writes evidence."""
    # evidence last: a worker on one of these accounts takes the account's lock before the chain's
    for processor, new_count in opened.items():
        tx.evidence.append_fact(
            Fact.NOTICE_ITEMS_OPENED,
            shop=request.shop,
            request_id=request.id,
            subject=request.subject,
            processor=processor,
            entries=new_count,
            **({} if plan.purpose is NoticePurpose.ERASE else {"purpose": plan.purpose}),
            **({} if plan.record_counts.get(processor) else {"reason": NO_REFERENCE}),
        )
    open_superseded_reviews(request.shop, plan.parcels, request.id, tx)
    for parcel in plan.parcels:
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
    of_target = orders
    if target.order_id:  # one of thousands
        of_target = {target.order_id: orders[target.order_id]} if target.order_id in orders else {}
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
        placed_at=tuple((order_id, find_order_time(order, request)) for order_id, order in of_target.items()),
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
