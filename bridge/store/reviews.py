"""Reviews: matters that an operator must look at. It stores kinds and locations, no personal values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import and_, select, update

from bridge.errors import ConcurrentChange
from bridge.model import Fact, NoticeItem, Review
from bridge.rules.notices.parcel_reviews import PARCEL_REVIEW_KIND, PARCEL_REVIEW_PREFIX, build_parcel_review_key
from bridge.store.evidence.chain import EvidenceRows
from bridge.store.notices.notice_items import NoticeItemRows
from bridge.store.schema.index_tables import orders
from bridge.store.schema.retention_tables import reviews
from bridge.store.schema.ulid import new_id
from bridge.store.session import Session
from bridge.store.upsert import upsert

_BLOCKER_CHARS = 16
REVIEW_COLUMNS = [reviews.c[name] for name in Review.__slots__]


class ReviewRows:
    """Reviews, open and closed."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection
        self._evidence = EvidenceRows(session)

    def open_review(
        self, shop: str, kind: str, what: str, *, order_id: str = "", request_id: str = "", idempotency_key: str = ""
    ) -> str:
        """Open a review and record it. Return its id; '' where the same is open or was opened under this idempotency key."""
        review_id, keyring = new_id("rev"), self._session.keyring
        key = idempotency_key or f"{what}|{order_id}|{request_id}"
        row = {
            "id": review_id,
            "shop": shop,
            "kind": kind,
            "what": what[:200],
            "order_key": keyring.pseudonym(shop, "order", order_id),
            "request_id": request_id,
            "once_key": self._compute_once_key(shop, kind, key),
            "opened_at": self._session.now(),
            "closed_by": "",
        }
        insert = upsert(self._connection, reviews).returning(reviews.c.id)
        if self._connection.scalar(insert, row) is None:
            return ""
        self._evidence.append_fact(
            Fact.REVIEW_OPENED, shop=shop, request_id=request_id, review=review_id, kind=kind, what=row["what"]
        )
        return review_id

    def open_parcel_review(self, shop: str, what: str, *, order_id: str, waybill: str, request_id: str = "") -> Review:
        """Return the review of this parcel of this order, open or decided; it is opened now if there is none."""
        known = self.find_parcel_review(shop, order_id=order_id, waybill=waybill)
        if known is not None:
            return known
        key = build_parcel_review_key(order_id, waybill)
        about = {"order_id": order_id, "request_id": request_id, "idempotency_key": key}
        self.open_review(shop, PARCEL_REVIEW_KIND, what, **about)
        opened = self.find_parcel_review(shop, order_id=order_id, waybill=waybill)
        if opened is None:
            raise ConcurrentChange  # another transaction opened it, and this one does not see it yet
        return opened

    def build_parcel_blocker(self, shop: str, *, order_id: str, waybill: str) -> str:
        """Return the blocker of notice items of this parcel while its review waits for a decision."""
        key = build_parcel_review_key(order_id, waybill)
        return PARCEL_REVIEW_PREFIX + self._compute_once_key(shop, PARCEL_REVIEW_KIND, key)[:_BLOCKER_CHARS]

    def find_blocked_items(self, review: Review) -> tuple[str, list[NoticeItem]]:
        """Return the blocker of a parcel's review, and the notice items that wait for it."""
        row = self._connection.execute(select(reviews).where(reviews.c.id == review.id)).one()
        blocker = PARCEL_REVIEW_PREFIX + row.once_key[:_BLOCKER_CHARS]
        items = NoticeItemRows(self._session).list_items(order_keys=[row.order_key])
        return blocker, [item for item in items if item.shop == row.shop and blocker in item.matters]

    def find_parcel_reviews(self, shop: str, parcels: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Review]:
        """Return the reviews of these (order id, number), open or decided: one reading for all of them."""
        rows = select(reviews.c.id, reviews.c.once_key)
        rows = rows.where(reviews.c.shop == shop, reviews.c.kind == PARCEL_REVIEW_KIND)
        ids = {row.once_key: row.id for row in self._connection.execute(rows)}
        if not ids:
            return {}
        keys = {
            (order_id, number): self._compute_once_key(
                shop, PARCEL_REVIEW_KIND, build_parcel_review_key(order_id, number)
            )
            for order_id, number in parcels
        }
        found = {of_parcel: ids[key] for of_parcel, key in keys.items() if key in ids}
        by_id = {review.id: review for review in self._read_reviews(reviews.c.id.in_(list(found.values())))}
        return {of_parcel: by_id[review_id] for of_parcel, review_id in found.items()}

    def find_parcel_review(self, shop: str, *, order_id: str, waybill: str) -> Review | None:
        """Return the review of this parcel of this order, open or decided, if there is one."""
        key = build_parcel_review_key(order_id, waybill)
        return self.find_review_by_idempotency_key(shop, PARCEL_REVIEW_KIND, key)

    def find_review_by_idempotency_key(self, shop: str, kind: str, idempotency_key: str) -> Review | None:
        """Return the review of this kind that was opened under this key, open or decided, if there is one."""
        once_key = self._compute_once_key(shop, kind, idempotency_key)
        return next(iter(self._read_reviews(reviews.c.once_key == once_key)), None)

    def close_review(self, review_id: str, *, actor: str, reason: str, decision: str = "") -> bool:
        """Close a review and record it, with what was decided about a parcel; False where it is not open."""
        is_open = (reviews.c.id == review_id, reviews.c.closed_at.is_(None))
        values = {"closed_at": self._session.now(), "closed_by": actor, "decision": decision}
        closing = update(reviews).where(*is_open).values(values)
        row = self._connection.execute(closing.returning(reviews.c.shop, reviews.c.request_id)).one_or_none()
        if row is None:
            return False
        self._evidence.append_fact(
            Fact.REVIEW_CLOSED,
            shop=row.shop,
            actor=actor,
            request_id=row.request_id,
            review=review_id,
            reason=reason,
            **({"decision": decision} if decision else {}),
        )
        return True

    def close_reviews(self, kind: str, *, actor: str, reason: str, request_id: str = "") -> None:
        """Close the open reviews of a kind, of one request or of all, and record each."""
        for review in self.list_reviews(kind=kind, request_id=request_id):
            self.close_review(review.id, actor=actor, reason=reason)

    def list_reviews(self, *, is_open: bool = True, kind: str = "", request_id: str = "") -> Sequence[Review]:
        """Return reviews of a kind or a request, oldest first; without `is_open` the closed ones too."""
        conditions = [reviews.c.closed_at.is_(None)] if is_open else []
        filters = ((reviews.c.kind, kind), (reviews.c.request_id, request_id))
        return self._read_reviews(*conditions, *(column == value for column, value in filters if value))

    def find_standing_requests(self, kind: str, request_ids: Sequence[str], *, ended_by: str) -> set[str]:
        """Return those of these requests that have a review of a kind, open or closed, but for one closed by this decision."""
        stands = (reviews.c.kind == kind, reviews.c.request_id.in_(list(request_ids)), reviews.c.decision != ended_by)
        return set(self._connection.scalars(select(reviews.c.request_id).where(*stands)))

    def find_review(self, review_id: str) -> Review | None:
        """Return one review, open or closed, if there is one with this id."""
        return next(iter(self._read_reviews(reviews.c.id == review_id)), None)

    def list_reviews_of_order(self, shop: str, order_id: str) -> Sequence[Review]:
        """Return all reviews about this order."""
        shop_keys = self._session.shops.list_keys(shop)
        keys = {self._session.keyring.pseudonym(key, "order", order_id) for key in shop_keys} - {""}
        return self._read_reviews(reviews.c.shop.in_(shop_keys), reviews.c.order_key.in_(keys))

    def list_reviews_by_idempotency_key(self, shop: str, build_key: Callable[[Review], str]) -> Sequence[Review]:
        """Return all reviews that were opened under the key that `build_key` gives them.

        A key is stored as a digest, so it can only be compared.
        """
        is_of_shop = reviews.c.shop.in_(self._session.shops.list_keys(shop))
        rows = select(reviews.c.id, reviews.c.once_key).where(is_of_shop)
        keys = {row.id: row.once_key for row in self._connection.execute(rows)}
        return [
            review
            for review in self._read_reviews(is_of_shop)
            if keys[review.id] == self._compute_once_key(review.shop, review.kind, build_key(review))
        ]

    def find_order_of_review(self, review_id: str) -> tuple[str, str]:
        """Return (id, name) of the order as the index has it sealed; blanks where it has none."""
        from bridge.store.index.rows import IndexRows  # noqa: PLC0415 - slow to import, and listings of requests ask for reviews

        same_order = and_(orders.c.shop == reviews.c.shop, orders.c.order_key == reviews.c.order_key)
        rows = select(orders).join(reviews, same_order).where(reviews.c.id == review_id)
        row = self._connection.execute(rows).one_or_none()
        doc = IndexRows(self._session).open_order_doc(row.shop, row) if row else {}
        return doc.get("id", ""), doc.get("name", "")

    def _compute_once_key(self, shop: str, kind: str, idempotency_key: str) -> str:
        return self._session.keyring.digest(f"review|{shop}|{kind}", idempotency_key.encode())

    def _read_reviews(self, *conditions: Any) -> list[Review]:
        rows = select(*REVIEW_COLUMNS).where(*conditions).order_by(reviews.c.opened_at, reviews.c.id)
        return [Review(**row) for row in self._connection.execute(rows).mappings()]
