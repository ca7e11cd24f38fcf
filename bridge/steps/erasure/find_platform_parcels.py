"""Asks the platform which parcels the data subject's orders were sent with, before it erases them.

What the index learned from webhooks may begin later than the orders. An erasure waits for no token: what the platform
cannot say is a gap of the certificate. Takes numbers only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from bridge.model import (
    Absence,
    Gap,
    Lease,
    Outcome,
    ParcelListing,
    Principal,
    PrivacyRequest,
    Task,
    TaskAction,
    TaskState,
    Waybill,
    add_row_counts,
)
from bridge.ports import Platform
from bridge.rules.index.attribution import normalise_waybill
from bridge.rules.index.listings import FulfillmentListing
from bridge.rules.index.shipping import read_platform_parcels
from bridge.rules.operations.batch_pace import BatchPace
from bridge.rules.requests.lifecycle import PLATFORM
from bridge.services import Services
from bridge.steps.erasure.platform_identifiers import select_platform_identifiers
from bridge.steps.index.doubt_parcels import open_item_reviews, open_superseded_reviews, pause_superseded_items
from bridge.steps.notices.open_notice_items import open_items_of_plan, plan_notice_items, record_opened_items
from bridge.steps.task_results import SYSTEM_ERRORS, after_failure, fail_task, finish_task, record_task_result

if TYPE_CHECKING:
    from bridge.store import Tx

ORDERS_PER_TRANSACTION = 50
MAX_TRACKINGS_READ = 10  # of one fulfilment, by the platform's document `shipped_order`
UNREPORTED_PARCELS = "parcels that no webhook told of"


def find_platform_parcels(request: PrivacyRequest, task: Task, lease: Lease, *, services: Services) -> Task:
    """Ask once, and open a notice item for each parcel that nobody knew. Return the task as saved.

    Raises LeaseLost and StoreUnavailable.
    """
    platform, now = services.connectors.get(PLATFORM), services.clock.now()
    parcels: list[Waybill] = []
    if not isinstance(platform, Platform):
        after = fail_task(task, Outcome.DENIED, "not_configured", now)
    else:
        try:
            parcels.extend(list_platform_parcels(request, platform, services))  # what came before a fault counts
            after = finish_task(replace(task, attempts=task.attempts + 1), None, now)
        except SYSTEM_ERRORS as fault:
            after = after_failure(task, fault, services)
    principal = request.principal.for_others
    with services.store.read() as tx:
        if tx.person_lookup.is_merged(request.shop, principal):
            parcels = []  # they belong to the surviving customer, and may be under way
        unreported, indexed = select_unreported_parcels(request, parcels, tx)
        listings = _list_platform_listings(parcels, now)
        plan = plan_notice_items(request, Principal(), unreported, {}, tx=tx, services=services)
    rest = list(dict.fromkeys(parcel.order_id for parcel in plan.parcels))
    pace = BatchPace(ORDERS_PER_TRANSACTION)
    opened: Mapping[str, int] = {}
    while len(rest) > pace.size:
        order_ids, rest = rest[: pace.size], rest[pace.size :]
        part = plan.select_part(order_ids, has_person=False)
        with services.store.transaction(pace) as tx:
            tx.requests.verify_lease(lease)
            opened = add_row_counts(opened, open_items_of_plan(request, part, (), tx=tx, services=services))
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        paused = [
            item
            for order_id, events in listings.items()
            for item in pause_superseded_items(request.shop, order_id, events, tx=tx, services=services)
        ]
        part = plan.select_part(rest, has_person=True)
        opened = add_row_counts(opened, open_items_of_plan(request, part, (), tx=tx, services=services))
        record_opened_items(request, plan, opened, tx=tx)
        # the erasure of the bridge's own rows may come later: it finds the reviews
        open_superseded_reviews(request.shop, _select_superseded_parcels(indexed, parcels, listings), request.id, tx)
        open_item_reviews(paused, {}, tx=tx)
        after = _set_result(after, len(unreported))
        tx.tasks.save_task(after)
        if after.state is not TaskState.RETRY and _is_erasure_done(request, tx):
            # the identifiers were kept for this question
            tx.request_changes.replace_principal(request, select_platform_identifiers(request, tx))
        record_task_result(request, after, tx, outcome=after.outcome, records=after.records, reason=after.last_error)
    return after


def list_platform_parcels(request: PrivacyRequest, platform: Platform, services: Services) -> Iterator[Waybill]:
    """Yield the parcels of the data subject's orders that the platform knows. Raises as the platform."""
    principal = request.principal.for_others
    orders = platform.list_shipped_orders(principal, shop=request.shop) if principal != Principal() else ()
    for order in orders:
        yield from read_platform_parcels(order, services.merchant.attribution)


def select_unreported_parcels(
    request: PrivacyRequest, parcels: Sequence[Waybill], tx: Tx
) -> tuple[list[Waybill], Sequence[Waybill]]:
    """Return those of the platform's parcels that the index does not know, and what it knows."""
    indexed = tx.index.list_parcels(request.shop, request.principal.for_others)
    known = {normalise_waybill(parcel.number) for parcel in indexed}
    return [parcel for parcel in parcels if normalise_waybill(parcel.number) not in known], indexed


def _list_platform_listings(parcels: Sequence[Waybill], now: datetime) -> dict[str, list[FulfillmentListing]]:
    """Return by order id which numbers the platform's fulfilments list now."""
    numbers: dict[tuple[str, str], list[str]] = {}
    for parcel in parcels:
        for fulfillment_id, _ in parcel.fulfillments:
            numbers.setdefault((parcel.order_id, fulfillment_id), []).append(parcel.number)
    listings: dict[str, list[FulfillmentListing]] = {}
    for (order_id, fulfillment_id), listed in sorted(numbers.items()):
        if len(listed) >= MAX_TRACKINGS_READ:
            continue  # it may list more
        event = FulfillmentListing(id=fulfillment_id, numbers=tuple(listed), updated_at=now)
        listings.setdefault(order_id, []).append(event)
    return listings


def _select_superseded_parcels(
    indexed: Sequence[Waybill], parcels: Sequence[Waybill], listings: Mapping[str, Sequence[FulfillmentListing]]
) -> list[Waybill]:
    """Return the indexed parcels that the platform no longer lists, though no webhook said so."""
    named = {normalise_waybill(parcel.number) for parcel in parcels}
    return [
        replace(parcel, listing=ParcelListing.SUPERSEDED)
        for parcel in indexed
        if normalise_waybill(parcel.number) not in named
        and parcel.fulfillments
        and {one.id for one in listings.get(parcel.order_id, ())}.issuperset(one for one, _ in parcel.fulfillments)
    ]


def _is_erasure_done(request: PrivacyRequest, tx: Tx) -> bool:
    tasks = tx.tasks.list_tasks(request.id)
    return any(task.action is TaskAction.ERASE and task.state is TaskState.DONE for task in tasks)


def _set_result(task: Task, new_count: int) -> Task:
    """Return the task with what was found, or with the gap of what could not be asked."""
    if task.state is TaskState.FAILED:
        absence = Absence.UNREACHED if task.outcome is Outcome.UNREACHED else Absence.DENIED
        gap = Gap(system=PLATFORM, absence=absence, what=UNREPORTED_PARCELS, reason=task.last_error)
        return replace(task, gaps=(gap,))
    if task.state is TaskState.DONE:
        outcome = Outcome.FOUND if new_count else Outcome.ABSENT
        return replace(task, outcome=outcome, records=new_count, gaps=())
    return task
