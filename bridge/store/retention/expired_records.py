"""Selects what has expired, by category of the retention file: each selection finds its rows by an index.

Records under an active legal hold, or of a person whose data may only be stored, are not selected.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, exists, func, literal_column, or_, select

from bridge.model import DeliveryState, RequestState
from bridge.store.requests.restrictions import is_restricted
from bridge.store.schema.columns import inline
from bridge.store.schema.desk_tables import disclosures, marketing_stops, nominations
from bridge.store.schema.identity_tables import identity_checks
from bridge.store.schema.index_tables import customers, merges, orders, parcels, suppressions
from bridge.store.schema.notice_tables import notice_items
from bridge.store.schema.retention_tables import legal_holds, reviews, vault_documents
from bridge.store.schema.tables import deliveries, requests

EXPIRED_KEY_PREFIX = "aged|"  # in place of the key of a request that was reduced to its line in the register
# in the words of the index of requests that are not reduced
IS_NOT_REDUCED = func.substr(requests.c.once_key, literal_column("1"), literal_column("5")) != inline(
    EXPIRED_KEY_PREFIX
)
ENDED_DELIVERY_STATES = (DeliveryState.DONE, DeliveryState.REJECTED, DeliveryState.FAILED)

# a proceeding that was disposed of, while there are documents that the law keeps because of it
IS_DISPOSED_WITH_DOCUMENTS = and_(
    legal_holds.c.disposed_at.is_not(None),
    exists().where(
        vault_documents.c.shop == legal_holds.c.shop, vault_documents.c.order_key == legal_holds.c.order_key
    ),
)


_IS_PARCEL_OF_ORDER = and_(parcels.c.shop == orders.c.shop, parcels.c.order_key == orders.c.order_key)


def _has_active_legal_hold(*conditions: Any) -> Any:
    return exists().where(legal_holds.c.released_at.is_(None), *conditions)


def select_expired_suppressions(cutoff: datetime) -> Select[Any]:
    """Select suppression keys that reached their age."""
    rows = select(suppressions.c.shop, suppressions.c.field, suppressions.c.key)
    return rows.where(suppressions.c.erased_at < cutoff).order_by(suppressions.c.erased_at)


def select_expired_marketing_stops(cutoff: datetime) -> Select[Any]:
    """Select withdrawals of consents to marketing that reached their age."""
    key = (marketing_stops.c[name] for name in ("shop", "field", "channel", "key"))
    return select(*key).where(marketing_stops.c.since < cutoff).order_by(marketing_stops.c.since)


def select_expired_delivery_receipts(cutoff: datetime) -> Select[Any]:
    """Select ended deliveries without a body."""
    ended = (deliveries.c.body.is_(None), deliveries.c.state.in_(ENDED_DELIVERY_STATES))
    rows = select(deliveries.c.shop, deliveries.c.id).where(*ended, deliveries.c.received_at < cutoff)
    return rows.order_by(deliveries.c.received_at)


def select_expired_closed_requests(cutoff: datetime) -> Select[Any]:
    """Select closed requests that are not reduced to their line in the register."""
    expired = (
        requests.c.state == inline(RequestState.DONE),
        requests.c.closed_at < cutoff,
        IS_NOT_REDUCED,
        ~_has_active_legal_hold(legal_holds.c.request_id == requests.c.id),
        ~exists().where(reviews.c.request_id == requests.c.id, reviews.c.closed_at.is_(None)),
    )
    rows = select(requests.c.shop, requests.c.id, requests.c.data_key_id)
    return rows.where(*expired).order_by(requests.c.closed_at)


def select_expired_released_legal_holds(cutoff: datetime) -> Select[Any]:
    """Select holds that are over and belong to no stored request; a proceeding stays while its documents do."""
    expired = (
        legal_holds.c.released_at < cutoff,
        ~exists().where(requests.c.id == legal_holds.c.request_id, IS_NOT_REDUCED),
        ~IS_DISPOSED_WITH_DOCUMENTS,
    )
    rows = select(legal_holds.c.shop, legal_holds.c.id, legal_holds.c.order_key)
    return rows.where(*expired).order_by(legal_holds.c.released_at)


def select_expired_nominations(cutoff: datetime) -> Select[Any]:
    """Select nominations that ended; one that stands never expires."""
    rows = select(nominations.c.shop, nominations.c.id).where(nominations.c.ended_at < cutoff)
    return rows.order_by(nominations.c.ended_at)


def select_expired_disclosures(cutoff: datetime) -> Select[Any]:
    """Select disclosures that the person could be told of for long enough; one that nobody may tell never expires."""
    rows = select(disclosures.c.shop, disclosures.c.id).where(disclosures.c.disclosable_at < cutoff)
    return rows.order_by(disclosures.c.disclosable_at)


def select_expired_notice_item_texts(cutoff: datetime) -> Select[Any]:
    """Select answered items whose sealed text nothing needs: an item that will be looked at again needs its reference."""
    expired = (
        notice_items.c.doc.is_not(None),
        notice_items.c.answered_at < cutoff,
        notice_items.c.look_at.is_(None),
        ~_has_active_legal_hold(
            legal_holds.c.shop == notice_items.c.shop,
            legal_holds.c.order_key == notice_items.c.order_key,
            legal_holds.c.order_key != "",
        ),
        ~_has_active_legal_hold(legal_holds.c.request_id == notice_items.c.request_id),
        ~is_restricted(notice_items.c.shop, notice_items.c.order_key),
    )
    rows = select(notice_items.c.shop, notice_items.c.id)
    return rows.where(*expired).order_by(notice_items.c.answered_at)


def _match_unreported_orders(cutoff: datetime) -> Select[Any]:
    """Build the selection of orders without a later report of their parcels, and without a legal hold."""
    reported_at = func.coalesce(parcels.c.source_updated_at, parcels.c.shipped_at)
    rows = select(orders.c.shop, orders.c.order_key, orders.c.data_key_id)
    return rows.where(
        ~exists().where(_IS_PARCEL_OF_ORDER, or_(reported_at >= cutoff, reported_at.is_(None))),
        ~_has_active_legal_hold(legal_holds.c.shop == orders.c.shop, legal_holds.c.order_key == orders.c.order_key),
        ~is_restricted(orders.c.shop, orders.c.order_key, orders.c.customer_key),
    )


def select_expired_orders(cutoff: datetime) -> Select[Any]:
    """Select orders without a later report of the order or of its parcels."""
    expired = orders.c.source_updated_at < cutoff
    return _match_unreported_orders(cutoff).where(expired).order_by(orders.c.source_updated_at)


def select_expired_unreported_orders(cutoff: datetime) -> Select[Any]:
    """Select the same of orders that only say when they were placed."""
    expired = (orders.c.source_updated_at.is_(None), orders.c.placed_at < cutoff)
    return _match_unreported_orders(cutoff).where(*expired).order_by(orders.c.placed_at)


def select_expired_undated_orders(cutoff: datetime) -> Select[Any]:
    """Select the same of orders of which only parcels have a date. An order without any date never expires."""
    undated = (orders.c.source_updated_at.is_(None), orders.c.placed_at.is_(None))
    return _match_unreported_orders(cutoff).where(*undated, exists().where(_IS_PARCEL_OF_ORDER))


def select_expired_customers(cutoff: datetime) -> Select[Any]:
    """Select customers without an order."""
    of_customer = and_(orders.c.shop == customers.c.shop, orders.c.customer_key == customers.c.customer_key)
    is_kept = is_restricted(customers.c.shop, customers.c.customer_key)
    expired = (customers.c.source_updated_at < cutoff, ~exists().where(of_customer), ~is_kept)
    return select(customers.c.shop, customers.c.customer_key).where(*expired)


def select_expired_merges(cutoff: datetime) -> Select[Any]:
    """Select merges into customers that have no row any more."""
    is_unused = [
        ~exists().where(table.c.shop == merges.c.shop, table.c.customer_key == merges.c.kept_key)
        for table in (orders, customers)
    ]
    return select(merges.c.shop, merges.c.deleted_key).where(merges.c.merged_at < cutoff, *is_unused)


def select_expired_identity_proofs(cutoff: datetime) -> Select[Any]:
    """Select doubts that ended, whose proof is still stored."""
    expired = (identity_checks.c.doc.is_not(None), identity_checks.c.decided_at < cutoff)
    rows = select(identity_checks.c.shop, identity_checks.c.request_id)
    return rows.where(*expired).order_by(identity_checks.c.decided_at)


EXPIRED_SELECTS: Mapping[str, tuple[Callable[[datetime], Select[Any]], ...]] = {
    "suppression": (select_expired_suppressions, select_expired_marketing_stops),
    "security_log": (select_expired_delivery_receipts,),
    "request_evidence": (
        select_expired_closed_requests,
        select_expired_released_legal_holds,
        select_expired_nominations,
        select_expired_disclosures,
    ),
    "identity_proof": (select_expired_identity_proofs,),
    "instruction_text": (select_expired_notice_item_texts,),
    "parcel_index": (
        select_expired_orders,
        select_expired_unreported_orders,
        select_expired_undated_orders,
        select_expired_customers,
        select_expired_merges,
    ),
}
