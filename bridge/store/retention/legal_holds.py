"""Legal claims at rest: one row for each order that a claim holds, one with a blank order where it holds none.

All rows of a claim say the same but the order, so that who asks by order or by person finds it either way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, or_, select, update

from bridge.model import LegalHold, PrivacyRequest
from bridge.ports import ShopOrderKey
from bridge.store.index.rows import IndexRows
from bridge.store.schema.retention_tables import legal_holds
from bridge.store.schema.tables import requests, suppressions

if TYPE_CHECKING:
    from bridge.store.session import Session


class LegalHoldRows:
    """`ports.LegalClaims` in one transaction."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def open_legal_hold(self, legal_hold: LegalHold, order_keys: Iterable[str]) -> None:
        """See ports.LegalClaims."""
        row = {name: getattr(legal_hold, name) for name in LegalHold.__slots__}
        keys = sorted({key for key in order_keys if key}) or [""]
        self._connection.execute(insert(legal_holds), [row | {"order_key": key} for key in keys])

    def find_legal_hold(self, legal_hold_id: str) -> LegalHold | None:
        """See ports.LegalClaims."""
        found = _merge_legal_hold_rows(self._read_legal_holds(legal_holds.c.id == legal_hold_id))
        return found[0] if found else None

    def list_order_keys_on_hold(self, legal_hold_id: str) -> Sequence[str]:
        """See ports.LegalClaims."""
        return [
            row.order_key
            for row in self._read_legal_holds(legal_holds.c.id == legal_hold_id)
            if row.order_key
        ]

    def list_active_legal_holds(
        self, *, shop: str = "", request_id: str = "", subject: str = "", order_keys: Iterable[str] = ()
    ) -> Sequence[LegalHold]:
        """See ports.LegalClaims."""
        of_shop = [legal_holds.c.shop == shop] if shop else []
        keys = [key for key in order_keys if key]
        ways = [
            column == value
            for column, value in ((legal_holds.c.request_id, request_id), (legal_holds.c.subject, subject))
            if value
        ] + ([legal_holds.c.order_key.in_(keys)] if keys else [])
        return _merge_legal_hold_rows(
            self._read_active_legal_holds(*of_shop, *([or_(*ways)] if ways else []))
        )

    def find_legal_holds_by_order(
        self, orders: Iterable[ShopOrderKey]
    ) -> Mapping[ShopOrderKey, Sequence[LegalHold]]:
        """See ports.LegalClaims. A pseudonym is of one shop only."""
        binds = or_(legal_holds.c.released_at.is_(None), legal_holds.c.disposed_at.is_not(None))
        return self._read_legal_holds_by_order(orders, binds)

    def _read_legal_holds_by_order(
        self, orders: Iterable[ShopOrderKey], *conditions: Any
    ) -> dict[ShopOrderKey, list[LegalHold]]:
        keys = [order_key for _, order_key in orders if order_key]
        found: dict[ShopOrderKey, list[LegalHold]] = {}
        for claim in self._read_legal_holds(legal_holds.c.order_key.in_(keys), *conditions) if keys else ():
            found.setdefault((claim.shop, claim.order_key), []).append(claim)
        return found

    def find_legal_hold_ids_by_order_id(
        self, request: PrivacyRequest, order_ids: Iterable[str]
    ) -> Mapping[str, Sequence[str]]:
        """See ports.LegalClaims."""
        keys = {order_id: self.compute_order_key(request.shop, order_id) for order_id in order_ids}
        alive = legal_holds.c.released_at.is_(None)
        of_orders = self._read_legal_holds_by_order([(request.shop, key) for key in keys.values()], alive)
        whole = {claim.id for claim in self._list_legal_holds_on_principal(request)}
        return {
            order_id: sorted(whole | {claim.id for claim in of_orders.get((request.shop, key), ())})
            for order_id, key in keys.items()
        }

    def extend_legal_holds(self, request: PrivacyRequest, order_ids: Iterable[str]) -> None:
        """See ports.LegalClaims."""
        keys = {self.compute_order_key(request.shop, order_id) for order_id in order_ids}
        for claim in self._list_legal_holds_on_principal(request):
            if new := keys - {"", *self.list_order_keys_on_hold(claim.id)}:
                self.open_legal_hold(claim, new)

    def _list_legal_holds_on_principal(self, request: PrivacyRequest) -> Sequence[LegalHold]:
        return self.list_active_legal_holds(shop=request.shop, request_id=request.id, subject=request.subject)

    def find_order_keys_of_request(self, request: PrivacyRequest) -> Sequence[str]:
        """See ports.LegalClaims. An erasure leaves the keys of the orders that must not come back."""
        known = {
            row.order_key for row in IndexRows(self._session).list_order_rows(request.shop, request.principal)
        }
        hers = select(requests.c.id).where(
            requests.c.shop == request.shop, requests.c.subject == request.subject, requests.c.subject != ""
        )
        erased = select(suppressions.c.key).where(
            suppressions.c.shop == request.shop,
            suppressions.c.field == "order",
            or_(suppressions.c.request_id == request.id, suppressions.c.request_id.in_(hers)),
        )
        return sorted(known | set(self._connection.scalars(erased)))

    def compute_order_key(self, shop: str, order_id: str) -> str:
        """See ports.LegalClaims."""
        return self._session.keyring.pseudonym(shop, "order", order_id)

    def record_legal_hold_review(self, legal_hold_id: str, *, actor: str, due_at: datetime) -> None:
        """See ports.LegalClaims."""
        self._update_legal_hold(
            legal_hold_id, reviewed_by=actor, reviewed_at=self._session.now(), review_due_at=due_at
        )

    def record_legal_hold_approval(self, legal_hold_id: str, *, actor: str) -> None:
        """See ports.LegalClaims."""
        self._update_legal_hold(legal_hold_id, approved_by=actor)

    def record_legal_hold_release(
        self, legal_hold_id: str, *, actor: str, disposed_at: datetime | None = None
    ) -> None:
        """See ports.LegalClaims."""
        self._update_legal_hold(
            legal_hold_id, released_by=actor, released_at=self._session.now(), disposed_at=disposed_at
        )

    def _update_legal_hold(self, legal_hold_id: str, **values: Any) -> None:
        self._connection.execute(
            update(legal_holds).where(legal_holds.c.id == legal_hold_id).values(**values)
        )

    def _read_active_legal_holds(self, *conditions: Any) -> list[LegalHold]:
        return self._read_legal_holds(legal_holds.c.released_at.is_(None), *conditions)

    def _read_legal_holds(self, *conditions: Any) -> list[LegalHold]:
        rows = select(legal_holds).where(*conditions).order_by(legal_holds.c.opened_at, legal_holds.c.id)
        return [LegalHold(**row) for row in self._connection.execute(rows).mappings()]


def _merge_legal_hold_rows(rows: Iterable[LegalHold]) -> list[LegalHold]:
    """Claims instead of their rows; the order is blank where there are several."""
    found: dict[str, LegalHold] = {}
    for row in rows:
        found[row.id] = replace(row, order_key="") if row.id in found else row
    return list(found.values())
