"""Read what is known of a data subject's orders, by which laws keep data. Changes nothing, calls nobody.

What the index does not have any more is read from what an erasure leaves: notice items, sealed documents, refunds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from bridge.model import (
    Document,
    IndexedOrder,
    LegalHold,
    NoticeItem,
    ParcelListing,
    PrivacyRequest,
    ReferenceKind,
    RefundAccount,
    ShopOrderKey,
    Waybill,
)
from bridge.rules.erasure.plan import INDEX_CATEGORY
from bridge.rules.index.attribution import normalise_waybill
from bridge.rules.notices.record_categories import list_record_categories
from bridge.rules.notices.timing import SHIPMENT_CATEGORY
from bridge.rules.retention.category_retention import (
    CategoryRetention,
    RetentionFacts,
    calculate_category_retention,
    combine_retentions,
)
from bridge.rules.retention.retention_events import OrderRecord, ParcelNews, build_retention_facts
from bridge.rules.retention.statutory_last_days import local_day
from bridge.services import Services
from bridge.steps.erasure.scope import ErasureScope
from bridge.steps.notices.batch import find_processor

if TYPE_CHECKING:
    from bridge.rules.notices.recipients import NoticeTarget
    from bridge.store import Tx


@dataclass(frozen=True, kw_only=True, slots=True)
class SubjectRetention:
    """What the laws of the retention file know of one data subject.

    `orders` are those of the index or of notice items, by id; `customer` is about the customer's own row, None where there
    is none; `others` is what belongs to no known order.
    """

    request: PrivacyRequest
    orders: Mapping[str, OrderRecord]
    customer: OrderRecord | None
    others: tuple[OrderRecord, ...]
    services: Services

    def calculate(self, category_id: str, records: Iterable[OrderRecord]) -> CategoryRetention:
        """Return what keeps the category of these records today; nothing where the file has no such category."""
        retention = self.services.retention
        category = retention.categories.get(category_id)
        if category is None:
            return CategoryRetention()
        today = local_day(self.services.clock.now(), retention.calendar)
        facts = [self._build_facts(record) for record in records]
        return calculate_category_retention(category, facts, today=today, retention=retention)

    def find_held_orders(self, order_ids: Iterable[str]) -> dict[str, CategoryRetention]:
        """Return those of these orders that something keeps in the index today, with what does."""
        retentions = {order_id: self.calculate(INDEX_CATEGORY, [self.orders[order_id]]) for order_id in order_ids}
        return {order_id: kept for order_id, kept in retentions.items() if kept.holds}

    def calculate_customer_hold(self, held_orders: Mapping[str, CategoryRetention]) -> CategoryRetention:
        """Return what keeps the customer's own row: the latest of its own holds and of the orders that stay."""
        if self.customer is None:
            return CategoryRetention()
        return combine_retentions([self.calculate(INDEX_CATEGORY, [self.customer]), *held_orders.values()])

    def calculate_all(self) -> dict[str, CategoryRetention]:
        """Return by category what keeps the data subject's data anywhere today."""
        records = self._list_all_records()
        return {category_id: self.calculate(category_id, records) for category_id in self.services.retention.categories}

    def calculate_customer(self, category_id: str) -> CategoryRetention:
        """Return what keeps data about the customer that belong to no order."""
        return self.calculate(category_id, [self.customer or OrderRecord(), *self.others])

    def _list_all_records(self) -> list[OrderRecord]:
        known = [*self.orders.values(), *self.others, *([self.customer] if self.customer else [])]
        return known or [OrderRecord()]

    def calculate_parcel(self, category_id: str, order_id: str, parcel: Waybill | None) -> CategoryRetention:
        """Return what keeps the category of one parcel, whatever the order's other parcels do."""
        record = self.orders.get(order_id) or OrderRecord()
        if parcel is not None:
            # as the processor's copy is decided about: by what it does, and by what is open of its order
            parcels = (_read_parcel_news(parcel),)
            record = OrderRecord(parcels=parcels, refunds=record.refunds, legal_holds=record.legal_holds)
        return self.calculate(category_id, [record])

    def calculate_target(self, target: NoticeTarget) -> tuple[str, CategoryRetention]:
        """Return what keeps the processor's copy of a record today, and of which category: the one kept longest.

        A parcel is decided about by itself, an order by itself, and a processor that is asked by the data subject's own
        reference as a whole.
        """
        if target.parcel is not None:
            return SHIPMENT_CATEGORY, self.calculate_parcel(SHIPMENT_CATEGORY, target.order_id, target.parcel)
        return self.calculate_record(target.processor, target.reference_kind, target.order_id)

    def calculate_record(self, processor_id: str, kind: ReferenceKind, order_id: str) -> tuple[str, CategoryRetention]:
        """Return the same of a record that is named by an order, or by the data subject."""
        processor = find_processor(processor_id, self.services)
        records = [self.orders.get(order_id, OrderRecord())] if order_id else self._list_all_records()
        categories = list_record_categories(processor, kind, self.services.retention)
        by_category = {category_id: self.calculate(category_id, records) for category_id in categories}
        kept = combine_retentions(by_category.values())
        ends = [
            category_id for category_id, own in by_category.items() if own.holds and own.governing == kept.governing
        ]
        return (ends or list(by_category))[0], kept

    def _build_facts(self, record: OrderRecord) -> RetentionFacts:
        return build_retention_facts(
            record,
            requested_at=self.request.received_at,
            now=self.services.clock.now(),
            untracked_days=self.services.merchant.instructions.untracked_days,
        )


def read_subject_retention(
    request: PrivacyRequest,
    scope: ErasureScope,
    *,
    tx: Tx,
    services: Services,
    excluded_order_ids: Collection[str] = (),
) -> SubjectRetention:
    """Return what is known today, without the excluded orders."""
    shop = request.shop
    items = tx.notice_items.list_items(request_id=request.id)
    placed_at = {order_id: at for item in items for order_id, at in item.placed_at}
    items = [item for item in items if item.order_id]
    known_ids = {*scope.orders, *scope.principal.order_ids, *placed_at, *(item.order_id for item in items)}
    order_ids = known_ids - set(excluded_order_ids)
    keys, other_keys = (tx.legal_holds.map_order_keys(shop, ids) for ids in (order_ids, excluded_order_ids))
    documents = {id_: one for id_, one in _read_documents(request, tx).items() if one.order_key not in other_keys}
    documents |= {
        document.id: document
        for found in tx.documents.find_documents_by_order_id(shop, order_ids).values()
        for document in found
    }
    refunds = {
        id_: one for id_, one in _read_refunds(request, order_ids, tx).items() if one.order_key not in other_keys
    }
    order_keys = [*keys, *(one.order_key for one in documents.values()), *(one.order_key for one in refunds.values())]
    if request.subject:
        order_keys += [key for key in tx.legal_holds.find_order_keys_of_request(request) if key not in other_keys]
    legal_holds = tx.legal_holds.find_legal_holds_by_order((shop, key) for key in order_keys)
    on_person = tuple(tx.legal_holds.list_legal_holds_on_principal(request)) if request.subject else ()
    grouped = _group_by_order(documents.values(), refunds.values(), legal_holds)
    orders: dict[str, OrderRecord] = {}
    keys_by_order: dict[str, list[str]] = {}
    for key, order_id in keys.items():
        keys_by_order.setdefault(order_id, []).append(key)
    news = _group_parcel_news(scope, items)
    for order_id in sorted(order_ids):
        records = [grouped.pop(key) for key in keys_by_order.get(order_id, ()) if key in grouped]
        record = _merge_records([OrderRecord(legal_holds=on_person), *records])
        order = scope.orders.get(order_id)
        orders[order_id] = replace(
            record,
            placed_at=find_order_time(order, request) if order else placed_at.get(order_id),
            updated_at=order.updated_at if order else None,
            parcels=tuple(news.get(order_id, {}).values()),
        )
    others = [*grouped.values(), *([OrderRecord(legal_holds=on_person)] if on_person else [])]
    return SubjectRetention(
        request=request,
        orders=orders,
        customer=_read_customer(request, scope, on_person, tx),
        others=tuple(others),
        services=services,
    )


def find_order_time(order: IndexedOrder, request: PrivacyRequest) -> datetime:
    """Return when the order was placed, as far as is known: at the latest when its data subject asked."""
    return order.placed_at or order.updated_at or request.received_at


def _read_documents(request: PrivacyRequest, tx: Tx) -> dict[str, Document]:
    return {document.id: document for document in tx.documents.list_documents_of_request(request.id)}


def _read_refunds(request: PrivacyRequest, order_ids: Iterable[str], tx: Tx) -> dict[str, RefundAccount]:
    """Return the refunds by id; those of an order that came after a cut-off are not this request's."""
    subject = "" if request.principal.cutoff_at else request.subject
    found = tx.refunds.list_refund_accounts_of_orders(request.shop, order_ids, subject=subject)
    return {account.id: account for account in (*found, *tx.refunds.list_refund_accounts_of_request(request.id))}


def _group_by_order(
    documents: Iterable[Document],
    refunds: Iterable[RefundAccount],
    legal_holds: Mapping[ShopOrderKey, Iterable[LegalHold]],
) -> dict[str, OrderRecord]:
    """Return what is known of each order besides its parcels, by its pseudonym."""
    grouped: dict[str, OrderRecord] = {}
    for document in documents:
        record = grouped.get(document.order_key, OrderRecord())
        grouped[document.order_key] = replace(record, documents=(*record.documents, document))
    for refund in refunds:
        record = grouped.get(refund.order_key, OrderRecord())
        grouped[refund.order_key] = replace(record, refunds=(*record.refunds, refund))
    for (_, order_key), holds in legal_holds.items():
        record = grouped.get(order_key, OrderRecord())
        grouped[order_key] = replace(record, legal_holds=tuple(holds))
    return grouped


def _merge_records(records: Iterable[OrderRecord]) -> OrderRecord:
    """Return one record of what is known of an order under several keys of its shop."""
    merged = OrderRecord()
    for record in records:
        merged = replace(
            merged,
            refunds=(*merged.refunds, *record.refunds),
            legal_holds=(*merged.legal_holds, *record.legal_holds),
            documents=(*merged.documents, *record.documents),
        )
    return merged


def _group_parcel_news(scope: ErasureScope, items: Iterable[NoticeItem]) -> dict[str, dict[str, ParcelNews]]:
    """Return by order the news of each parcel that was sent to the customer: of index and tracked item the later one."""
    news: dict[str, dict[str, ParcelNews]] = {}
    for parcel in scope.parcels:
        if not parcel.is_return and parcel.listing is ParcelListing.LISTED:
            news.setdefault(parcel.order_id, {})[normalise_waybill(parcel.number)] = _read_parcel_news(parcel)
    for item in items:
        if item.names is ReferenceKind.WAYBILL:
            number, reported = normalise_waybill(item.reference), _read_parcel_news(item)
            of_order = news.setdefault(item.order_id, {})
            known = of_order.get(number, reported)
            of_order[number] = max(known, reported, key=lambda one: (one.status_at is not None, one.status_at or 0))
    return news


def _read_parcel_news(parcel: Waybill | NoticeItem) -> ParcelNews:
    return ParcelNews(status=parcel.status, status_at=parcel.status_at, shipped_at=parcel.shipped_at)


def _read_customer(
    request: PrivacyRequest, scope: ErasureScope, on_person: tuple[LegalHold, ...], tx: Tx
) -> OrderRecord | None:
    """Return what is known of the customer's own row; None where there is none, or another customer has it now."""
    rows = [] if scope.is_merged else tx.person_lookup.list_customer_rows(request.shop, scope.principal)
    if not rows:
        return None
    times = [row.source_updated_at for row in rows if row.source_updated_at]
    return OrderRecord(updated_at=max(times, default=None), legal_holds=on_person)
