"""Legal holds: one row for each order that is held, one with a blank order where the hold is on a person only.

All rows of a hold are the same but for the order, so that a search by order or by person finds it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import insert, or_, select, update

from bridge.model import LegalHold, PrivacyRequest, ShopOrderKey
from bridge.store.index.person_lookup import PersonLookup
from bridge.store.requests.requests import RequestRows
from bridge.store.schema.index_tables import orders, suppressions
from bridge.store.schema.retention_tables import legal_holds, vault_documents
from bridge.store.schema.tables import requests
from bridge.store.session import Session


class LegalHoldRows:
    """Disputes and proceedings that keep records. One may hold several orders."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def open_legal_hold(self, legal_hold: LegalHold, order_keys: Iterable[str]) -> None:
        """Store a legal hold on a person, on these orders, or on both."""
        row = {name: getattr(legal_hold, name) for name in LegalHold.__slots__}
        keys = sorted({key for key in order_keys if key})
        shops = self._find_shop_keys(legal_hold.shop, keys)
        rows = [row | {"shop": shops.get(key, legal_hold.shop), "order_key": key} for key in keys or [""]]
        self._connection.execute(insert(legal_holds), rows)

    def _find_shop_keys(self, shop: str, order_keys: Sequence[str]) -> Mapping[str, str]:
        """Return under which key of the shop these orders are stored, where it has several."""
        shop_keys = self._session.shops.list_keys(shop)
        if len(shop_keys) == 1:
            return {}
        columns = (
            (orders.c.order_key, orders.c.shop),
            (vault_documents.c.order_key, vault_documents.c.shop),
            (suppressions.c.key, suppressions.c.shop),
        )
        found = (select(key, at).where(at.in_(shop_keys), key.in_(order_keys)) for key, at in columns)
        return {key: at for rows in found for key, at in self._connection.execute(rows)}

    def find_legal_hold(self, legal_hold_id: str) -> LegalHold | None:
        """Return one legal hold, if any; `order_key` is blank where it holds several orders."""
        found = _merge_legal_hold_rows(self._read_legal_holds(legal_holds.c.id == legal_hold_id))
        return found[0] if found else None

    def list_order_keys_on_hold(self, legal_hold_id: str) -> Sequence[str]:
        """Return the pseudonyms of the orders that a legal hold holds."""
        return [row.order_key for row in self._read_legal_holds(legal_holds.c.id == legal_hold_id) if row.order_key]

    def list_active_legal_holds(
        self, *, shop: str = "", request_id: str = "", subject: str = "", order_keys: Iterable[str] = ()
    ) -> Sequence[LegalHold]:
        """Return legal holds that were not released, oldest first: all, or those on any of what is given."""
        of_shop = [legal_holds.c.shop == shop] if shop else []
        keys = [key for key in order_keys if key]
        filters = ((legal_holds.c.request_id, request_id), (legal_holds.c.subject, subject))
        matches = [column == value for column, value in filters if value]
        matches += [legal_holds.c.order_key.in_(keys)] if keys else []
        return _merge_legal_hold_rows(self._read_active_legal_holds(*of_shop, *([or_(*matches)] if matches else [])))

    def find_legal_holds_by_order(self, orders: Iterable[ShopOrderKey]) -> Mapping[ShopOrderKey, Sequence[LegalHold]]:
        """Return for each of these orders its active legal holds and its proceedings that were disposed of."""
        is_effective = or_(legal_holds.c.released_at.is_(None), legal_holds.c.disposed_at.is_not(None))
        return self._read_legal_holds_by_order(orders, is_effective)

    def _read_legal_holds_by_order(
        self, orders: Iterable[ShopOrderKey], *conditions: Any
    ) -> dict[ShopOrderKey, list[LegalHold]]:
        shops = {order_key: shop for shop, order_key in orders if order_key}
        found: dict[ShopOrderKey, list[LegalHold]] = {}
        for hold in self._read_legal_holds(legal_holds.c.order_key.in_(shops), *conditions) if shops else ():
            found.setdefault((shops[hold.order_key], hold.order_key), []).append(hold)
        return found

    def find_legal_hold_ids_by_order_id(
        self, request: PrivacyRequest, order_ids: Iterable[str]
    ) -> Mapping[str, Sequence[str]]:
        """Return by order id ('' is none) the ids of legal holds on this request's data subject or on that order."""
        on_principal = {hold.id for hold in self.list_legal_holds_on_principal(request)}
        found = {order_id: set(on_principal) for order_id in order_ids}
        keys = self.map_order_keys(request.shop, found)
        for (_, key), holds in self.find_legal_holds_by_order((request.shop, key) for key in keys).items():
            found[keys[key]] |= {hold.id for hold in holds if hold.released_at is None}
        return {order_id: sorted(hold_ids) for order_id, hold_ids in found.items()}

    def map_order_keys(self, shop: str, order_ids: Iterable[str]) -> dict[str, str]:
        """Return the order id of each pseudonym that these orders have, under all keys of the shop."""
        return {key: order_id for order_id in order_ids for key in self._compute_order_keys(shop, order_id)}

    def extend_legal_holds(self, request: PrivacyRequest, order_ids: Iterable[str]) -> None:
        """Extend the active legal holds on this request's data subject to orders that became known."""
        keys = {self.compute_order_key(request.shop, order_id) for order_id in order_ids}
        for hold in self.list_legal_holds_on_principal(request):
            if new_keys := keys - {"", *self.list_order_keys_on_hold(hold.id)}:
                self.open_legal_hold(hold, new_keys)

    def list_legal_holds_on_principal(self, request: PrivacyRequest) -> Sequence[LegalHold]:
        """Return the active legal holds on this request or on its data subject, under all keys of the shop."""
        subjects = set(RequestRows(self._session).list_subjects(request).items())
        if request.principal.further_customer_ids:
            lookup, shop_keys = PersonLookup(self._session), self._session.shops.list_keys(request.shop)
            customers = ((key, lookup.derive_search_keys(key, request.principal)["customer"]) for key in shop_keys)
            subjects |= {(key, subject) for key, found in customers for subject in found}
        found = [
            hold
            for key, subject in sorted(subjects)
            for hold in self.list_active_legal_holds(shop=key, request_id=request.id, subject=subject)
        ]
        return list({hold.id: hold for hold in found}.values())

    def find_order_keys_of_request(self, request: PrivacyRequest) -> Sequence[str]:
        """Return pseudonyms of the data subject's orders, as the index or the erasure knows them."""
        known = {row.order_key for row in PersonLookup(self._session).list_order_rows(request.shop, request.principal)}
        same_subject = select(requests.c.id).where(
            requests.c.shop == request.shop, requests.c.subject == request.subject, requests.c.subject != ""
        )
        erased = select(suppressions.c.key).where(
            suppressions.c.shop.in_(self._session.shops.list_keys(request.shop)),
            suppressions.c.field == "order",
            or_(suppressions.c.request_id == request.id, suppressions.c.request_id.in_(same_subject)),
        )
        return sorted(known | set(self._connection.scalars(erased)))

    def compute_order_key(self, shop: str, order_id: str) -> str:
        """Return the pseudonym of an order."""
        return self._session.keyring.pseudonym(shop, "order", order_id)

    def _compute_order_keys(self, shop: str, order_id: str) -> list[str]:
        """Return the pseudonyms of an order under all keys of the shop."""
        return [self.compute_order_key(key, order_id) for key in self._session.shops.list_keys(shop)]

    def record_legal_hold_review(self, legal_hold_id: str, *, actor: str, due_at: datetime) -> None:
        """Record a review; the next one is due at `due_at`."""
        self._update_legal_hold(legal_hold_id, reviewed_by=actor, reviewed_at=self._session.now(), review_due_at=due_at)

    def record_legal_hold_approval(self, legal_hold_id: str, *, actor: str) -> None:
        """Record that a second person agreed to continue the hold."""
        self._update_legal_hold(legal_hold_id, approved_by=actor)

    def record_legal_hold_release(self, legal_hold_id: str, *, actor: str, disposed_at: datetime | None = None) -> None:
        """Record that the hold is over; a proceeding by its final disposal at `disposed_at`."""
        now = self._session.now()
        self._update_legal_hold(legal_hold_id, released_by=actor, released_at=now, disposed_at=disposed_at)

    def _update_legal_hold(self, legal_hold_id: str, **values: Any) -> None:
        self._connection.execute(update(legal_holds).where(legal_holds.c.id == legal_hold_id).values(**values))

    def _read_active_legal_holds(self, *conditions: Any) -> list[LegalHold]:
        return self._read_legal_holds(legal_holds.c.released_at.is_(None), *conditions)

    def _read_legal_holds(self, *conditions: Any) -> list[LegalHold]:
        rows = select(legal_holds).where(*conditions).order_by(legal_holds.c.opened_at, legal_holds.c.id)
        return [LegalHold(**row) for row in self._connection.execute(rows).mappings()]


def _merge_legal_hold_rows(rows: Iterable[LegalHold]) -> list[LegalHold]:
    """Return legal holds instead of their rows; the order is blank where there are several."""
    found: dict[str, LegalHold] = {}
    for row in rows:
        found[row.id] = replace(row, order_key="") if row.id in found else row
    return list(found.values())
