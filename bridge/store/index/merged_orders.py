"""Gives the orders of a merged customer to the one that remains, some at a time: it may have thousands."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import ColumnElement, and_, select, update

from bridge.store.bounded_changes import change_some
from bridge.store.index.person_lookup import PersonLookup
from bridge.store.schema.index_tables import orders
from bridge.store.session import Session


class MergedOrderRows:
    """Orders of a customer that a merge deletes, before the merge itself is stored."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def has_more_orders(self, shop: str, deleted_id: str, kept_id: str, than: int) -> bool:
        """Return whether the deleted customer has more orders than so many under one key of the shop."""
        return any(
            self._connection.scalar(select(orders.c.order_key).where(of_deleted).offset(than).limit(1)) is not None
            for of_deleted, _ in self._match_orders(shop, deleted_id, kept_id)
        )

    def move_orders(self, shop: str, deleted_id: str, kept_id: str, *, limit: int) -> int:
        """Give at most `limit` of the deleted customer's orders to the one that remains. Return how many.

        What looks for either in between finds a part, as it does before the merge is worked on. The merge itself, when it is
        stored, takes the rest.
        """
        self._session.lock_shop(shop)
        for of_deleted, remaining in self._match_orders(shop, deleted_id, kept_id):
            change = update(orders).values(customer_key=remaining)
            if count := change_some(self._connection, change, orders, of_deleted, limit=limit):
                return count
        return 0

    def _match_orders(self, shop: str, deleted_id: str, kept_id: str) -> Iterator[tuple[ColumnElement[bool], str]]:
        """Yield for each key of the shop the condition for the deleted customer's orders, and the customer that remains."""
        lookup = PersonLookup(self._session)
        for key in self._session.shops.list_keys(shop):
            deleted, kept = (lookup.pseudonym(key, "customer", number) for number in (deleted_id, kept_id))
            remaining = lookup.follow_merges(key, kept) if kept else ""
            if deleted and remaining and deleted != remaining:
                yield and_(orders.c.shop == key, orders.c.customer_key == deleted), remaining
