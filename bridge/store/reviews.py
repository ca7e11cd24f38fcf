"""What needs a person's eye, at rest: kinds and places, no values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from bridge.model import Fact, Review
from bridge.store.evidence import EvidenceRows
from bridge.store.ids import new_id
from bridge.store.law_tables import reviews

if TYPE_CHECKING:
    from bridge.store.session import Session

SHOWN = [reviews.c[name] for name in Review.__slots__]


class ReviewRows:
    """`ports.Reviews` in one transaction."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection
        self._evidence = EvidenceRows(session)

    def open(
        self, shop: str, kind: str, what: str, *, order_id: str = "", request_id: str = "", once: str = ""
    ) -> str:
        """See ports.Reviews."""
        review_id, vault = new_id("rev"), self._session.vault
        told = once or f"{what}|{order_id}|{request_id}"
        row = {
            "id": review_id,
            "shop": shop,
            "kind": kind,
            "what": what[:200],
            "order_key": vault.pseudonym(shop, "order", order_id),
            "request_id": request_id,
            "once_key": vault.digest(f"review|{shop}|{kind}", told.encode()),
            "opened_at": self._session.now(),
            "closed_by": "",
        }
        dialect = postgresql if self._connection.dialect.name == "postgresql" else sqlite
        insert = dialect.insert(reviews).on_conflict_do_nothing().returning(reviews.c.id)
        if self._connection.scalar(insert, row) is None:
            return ""
        self._evidence.append(
            Fact.REVIEW_OPENED,
            shop=shop,
            request_id=request_id,
            review=review_id,
            kind=kind,
            what=row["what"],
        )
        return review_id

    def close(self, review_id: str, *, actor: str, reason: str) -> bool:
        """See ports.Reviews."""
        is_open = (reviews.c.id == review_id, reviews.c.closed_at.is_(None))
        ended = update(reviews).where(*is_open).values(closed_at=self._session.now(), closed_by=actor)
        row = self._connection.execute(ended.returning(reviews.c.shop, reviews.c.request_id)).one_or_none()
        if row is None:
            return False
        self._evidence.append(
            Fact.REVIEW_CLOSED,
            shop=row.shop,
            actor=actor,
            request_id=row.request_id,
            review=review_id,
            reason=reason,
        )
        return True

    def listed(self, *, is_open: bool = True, kind: str = "", request_id: str = "") -> Sequence[Review]:
        """Oldest first."""
        rows = select(*SHOWN).order_by(reviews.c.opened_at, reviews.c.id)
        if is_open:
            rows = rows.where(reviews.c.closed_at.is_(None))
        for column, value in ((reviews.c.kind, kind), (reviews.c.request_id, request_id)):
            if value:
                rows = rows.where(column == value)
        return [Review(**row) for row in self._connection.execute(rows).mappings()]
