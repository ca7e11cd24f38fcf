"""Whose records an address, a phone or an order is on, as far as the index knows. By pseudonyms; it writes nothing."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import case, select

from bridge.model import Principal
from bridge.store.index.contact_keys import match_contact
from bridge.store.index.person_lookup import PersonLookup
from bridge.store.schema.index_tables import customers, orders
from bridge.store.session import Session

MAX_OWNERS = 50  # more than one person has for any of them; beyond that it tells nobody apart
# a guest's order belongs to the address that it was placed with
_ORDER_OWNER = case((orders.c.customer_key != "", orders.c.customer_key), else_=orders.c.email_key)


class RecordOwners:
    """Lookups of the persons behind identifiers: customers, or the address of guests."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection
        self._lookup = PersonLookup(session)

    def list_owners_of_address(self, shop: str, address: str) -> set[str]:
        """Return the persons on whose records an e-mail address is."""
        return self._list_owners_by(shop, "email", Principal(email=address))

    def list_owners_of_named(self, shop: str, principal: Principal) -> set[str]:
        """Return the persons on whose records the customer, the phone or an order is that a request names."""
        owners = self._list_owners_by(shop, "phone", Principal(phone=principal.phone)) if principal.phone else set()
        order_keys = self._lookup.derive_order_keys(shop, principal.order_ids)
        if order_keys:
            keys = self._session.shops.list_keys(shop)
            named = (orders.c.shop.in_(keys), orders.c.order_key.in_(list(order_keys)))
            owners |= set(self._connection.scalars(select(_ORDER_OWNER).where(*named)))
        for at in self._session.shops.list_keys(shop):
            customer_keys = self._lookup.derive_search_keys(at, Principal(customer_id=principal.customer_id))[
                "customer"
            ]
            owners |= {self._lookup.follow_merges(at, key) for key in customer_keys}
        return owners - {""}

    def _list_owners_by(self, shop: str, field: str, principal: Principal) -> set[str]:
        owners: set[str] = set()
        for at in self._session.shops.list_keys(shop):
            keys: Collection[str] = self._lookup.derive_search_keys(at, principal)[field]
            if not keys:
                continue
            for table, owner in ((customers, customers.c.customer_key), (orders, _ORDER_OWNER)):
                found: Any = select(owner).where(
                    table.c.shop == at, match_contact(self._connection, at, table, field, keys)
                )
                owners |= {
                    self._lookup.follow_merges(at, key)
                    for key in self._connection.scalars(found.distinct().limit(MAX_OWNERS))
                }
        return owners - {""}
