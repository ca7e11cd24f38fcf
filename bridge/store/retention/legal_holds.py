"""Legal claims at rest: one row for each order that a claim holds, one with a blank order where it holds none.

All rows of a claim say the same but the order, so that who asks by order or by person finds it either way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, or_, select, update

from bridge.model import LegalClaim, PrivacyRequest
from bridge.ports import OrderKey
from bridge.store.index.rows import IndexRows
from bridge.store.schema.retention_tables import legal_claims
from bridge.store.schema.tables import requests, suppressions

if TYPE_CHECKING:
    from bridge.store.session import Session


class LegalClaimRows:
    """`ports.LegalClaims` in one transaction."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def open(self, claim: LegalClaim, order_keys: Iterable[str]) -> None:
        """See ports.LegalClaims."""
        row = {name: getattr(claim, name) for name in LegalClaim.__slots__}
        keys = sorted({key for key in order_keys if key}) or [""]
        self._connection.execute(insert(legal_claims), [row | {"order_key": key} for key in keys])

    def get(self, claim_id: str) -> LegalClaim | None:
        """See ports.LegalClaims."""
        found = _whole(self._rows(legal_claims.c.id == claim_id))
        return found[0] if found else None

    def orders(self, claim_id: str) -> Sequence[str]:
        """See ports.LegalClaims."""
        return [row.order_key for row in self._rows(legal_claims.c.id == claim_id) if row.order_key]

    def living(
        self, *, shop: str = "", request_id: str = "", subject: str = "", order_keys: Iterable[str] = ()
    ) -> Sequence[LegalClaim]:
        """See ports.LegalClaims."""
        of_shop = [legal_claims.c.shop == shop] if shop else []
        keys = [key for key in order_keys if key]
        ways = [
            column == value
            for column, value in ((legal_claims.c.request_id, request_id), (legal_claims.c.subject, subject))
            if value
        ] + ([legal_claims.c.order_key.in_(keys)] if keys else [])
        return _whole(self._alive(*of_shop, *([or_(*ways)] if ways else [])))

    def on(self, orders: Iterable[OrderKey]) -> Mapping[OrderKey, Sequence[LegalClaim]]:
        """See ports.LegalClaims. A pseudonym is of one shop only."""
        binds = or_(legal_claims.c.released_at.is_(None), legal_claims.c.disposed_at.is_not(None))
        return self._on(orders, binds)

    def _on(self, orders: Iterable[OrderKey], *which: Any) -> dict[OrderKey, list[LegalClaim]]:
        keys = [order_key for _, order_key in orders if order_key]
        found: dict[OrderKey, list[LegalClaim]] = {}
        for claim in self._rows(legal_claims.c.order_key.in_(keys), *which) if keys else ():
            found.setdefault((claim.shop, claim.order_key), []).append(claim)
        return found

    def binding(self, request: PrivacyRequest, order_ids: Iterable[str]) -> Mapping[str, Sequence[str]]:
        """See ports.LegalClaims."""
        keys = {order_id: self.key_of(request.shop, order_id) for order_id in order_ids}
        alive = legal_claims.c.released_at.is_(None)
        of_orders = self._on([(request.shop, key) for key in keys.values()], alive)
        whole = {claim.id for claim in self._on_person(request)}
        return {
            order_id: sorted(whole | {claim.id for claim in of_orders.get((request.shop, key), ())})
            for order_id, key in keys.items()
        }

    def widen(self, request: PrivacyRequest, order_ids: Iterable[str]) -> None:
        """See ports.LegalClaims."""
        keys = {self.key_of(request.shop, order_id) for order_id in order_ids}
        for claim in self._on_person(request):
            if new := keys - {"", *self.orders(claim.id)}:
                self.open(claim, new)

    def _on_person(self, request: PrivacyRequest) -> Sequence[LegalClaim]:
        return self.living(shop=request.shop, request_id=request.id, subject=request.subject)

    def orders_of(self, request: PrivacyRequest) -> Sequence[str]:
        """See ports.LegalClaims. An erasure leaves the keys of the orders that must not come back."""
        known = {row.order_key for row in IndexRows(self._session).orders_of(request.shop, request.principal)}
        hers = select(requests.c.id).where(
            requests.c.shop == request.shop, requests.c.subject == request.subject, requests.c.subject != ""
        )
        erased = select(suppressions.c.key).where(
            suppressions.c.shop == request.shop,
            suppressions.c.field == "order",
            or_(suppressions.c.request_id == request.id, suppressions.c.request_id.in_(hers)),
        )
        return sorted(known | set(self._connection.scalars(erased)))

    def key_of(self, shop: str, order_id: str) -> str:
        """See ports.LegalClaims."""
        return self._session.vault.pseudonym(shop, "order", order_id)

    def reviewed(self, claim_id: str, *, actor: str, due_at: datetime) -> None:
        """See ports.LegalClaims."""
        self._set(claim_id, reviewed_by=actor, reviewed_at=self._session.now(), review_due_at=due_at)

    def approved(self, claim_id: str, *, actor: str) -> None:
        """See ports.LegalClaims."""
        self._set(claim_id, approved_by=actor)

    def released(self, claim_id: str, *, actor: str, disposed_at: datetime | None = None) -> None:
        """See ports.LegalClaims."""
        self._set(claim_id, released_by=actor, released_at=self._session.now(), disposed_at=disposed_at)

    def _set(self, claim_id: str, **values: Any) -> None:
        self._connection.execute(update(legal_claims).where(legal_claims.c.id == claim_id).values(**values))

    def _alive(self, *which: Any) -> list[LegalClaim]:
        return self._rows(legal_claims.c.released_at.is_(None), *which)

    def _rows(self, *which: Any) -> list[LegalClaim]:
        rows = select(legal_claims).where(*which).order_by(legal_claims.c.opened_at, legal_claims.c.id)
        return [LegalClaim(**row) for row in self._connection.execute(rows).mappings()]


def _whole(rows: Iterable[LegalClaim]) -> list[LegalClaim]:
    """Claims instead of their rows; the order is blank where there are several."""
    found: dict[str, LegalClaim] = {}
    for row in rows:
        found[row.id] = replace(row, order_key="") if row.id in found else row
    return list(found.values())
