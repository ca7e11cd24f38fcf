"""Who is meant, and which orders are hers: the index's lookups, all by pseudonym.

A customer id says it best, an e-mail next; a phone says it only where nothing better is named and one person
has it. Merges are followed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, false, or_, select

from bridge.model import Principal
from bridge.rules.index.minimise import Sighting
from bridge.store.schema.tables import customers, merges, orders

if TYPE_CHECKING:
    from bridge.store.session import Session


SELECT_MERGED_INTO = select(merges.c.kept_key).where(
    merges.c.shop == bindparam("at"), merges.c.deleted_key == bindparam("of")
)


class PersonLookup:
    """Lookups of one transaction."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def pseudonym(self, shop: str, field: str, value: str) -> str:
        """A value's pseudonym; '' where it has none."""
        return self._session.keyring.pseudonym(shop, field, value)

    def derive_person_keys(self, shop: str, person: Principal | Sighting) -> dict[str, str]:
        """Pseudonyms of customer id, e-mail and phone."""
        values = {"customer": person.customer_id, "email": person.email, "phone": person.phone}
        return {field: self.pseudonym(shop, field, value) for field, value in values.items()}

    def find_subject(self, shop: str, principal: Principal) -> str:
        """See ports.Index. A phone finds somebody only where nothing better is named and one person has it."""
        keys = self.derive_person_keys(shop, principal)
        if keys["customer"]:
            return self.follow_merges(shop, keys["customer"])
        for field in ("email", "phone"):
            if keys[field]:
                return self._find_sole_customer_by(shop, field, keys[field]) or keys[field]
        return self.pseudonym(shop, "order", principal.order_ids[0]) if principal.order_ids else ""

    def follow_merges(self, shop: str, customer_key: str) -> str:
        """The customer that remains after merges."""
        seen = set()
        while customer_key not in seen:
            seen.add(customer_key)
            after = self._connection.scalar(SELECT_MERGED_INTO, {"at": shop, "of": customer_key})
            if after is None:
                break
            customer_key = after
        return customer_key

    def is_merged(self, shop: str, principal: Principal) -> bool:
        """See ports.Index."""
        key = self.pseudonym(shop, "customer", principal.customer_id)
        return bool(key) and self.follow_merges(shop, key) != key

    def find_sole_customer(self, shop: str, keys: Mapping[str, str]) -> str:
        """The one customer that an e-mail, or else a phone, stands for; '' where it is none or several."""
        field = "email" if keys["email"] else "phone"
        return self._find_sole_customer_by(shop, field, keys[field]) if keys[field] else ""

    def _find_sole_customer_by(self, shop: str, field: str, key: str) -> str:
        found: set[str] = set()
        for table in (customers, orders):
            named = and_(table.c.shop == shop, table.c[f"{field}_key"] == key, table.c.customer_key != "")
            found |= set(
                self._connection.scalars(select(table.c.customer_key).where(named).distinct().limit(3))
            )
        return found.pop() if len(found) == 1 else ""

    def list_order_rows(self, shop: str, principal: Principal) -> list[Any]:
        """Rows of the person's orders: hers by customer, guest orders by e-mail, and those that are named.

        An order that names another customer is somebody else's, even where it is listed: after a merge the
        parcel under way belongs to the customer that was kept.
        """
        keys = self.derive_person_keys(shop, principal)
        customer = self.follow_merges(shop, keys["customer"]) if keys["customer"] else ""
        if not customer and keys["email"]:
            customer = self._find_sole_customer_by(shop, "email", keys["email"])
        ours = orders.c.customer_key.in_(["", customer])
        named = [self.pseudonym(shop, "order", number) for number in principal.order_ids]
        ways = [
            and_(orders.c.order_key.in_(named), ours) if customer else orders.c.order_key.in_(named),
            and_(orders.c.customer_key == customer, orders.c.customer_key != ""),
        ]
        if keys["email"]:
            ways.append(and_(orders.c.email_key == keys["email"], ours))
        elif keys["phone"] and not keys["customer"]:
            ways.append(self._match_sole_phone_owner(shop, keys["phone"]))
        return list(
            self._connection.execute(
                select(orders)
                .where(orders.c.shop == shop, or_(*ways))
                .order_by(orders.c.placed_at, orders.c.order_key)
            )
        )

    def _match_sole_phone_owner(self, shop: str, phone_key: str) -> Any:
        """A shared phone never merges two people: it finds orders only where they are all one person's."""
        rows = self._connection.execute(
            select(orders.c.customer_key, orders.c.email_key)
            .where(orders.c.shop == shop, orders.c.phone_key == phone_key)
            .distinct()
        ).all()
        people = {row.customer_key or row.email_key for row in rows}
        return orders.c.phone_key == phone_key if len(people) == 1 else false()
