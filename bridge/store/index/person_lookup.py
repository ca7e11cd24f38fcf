"""Finds the customer of given identifiers, and that customer's orders. All lookups go by pseudonym.

A customer id decides, else an e-mail; a phone decides only where nothing else is named and one person has it. Merges
of customers are followed. It writes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, bindparam, exists, false, or_, select, union

from bridge.model import Principal
from bridge.rules.index.minimise import Sighting
from bridge.store.index.contact_keys import list_contact_parts, match_contact
from bridge.store.schema.index_tables import customers, data_keys, merges, orders
from bridge.store.session import Session

LOOKUP_FIELDS = ("customer", "email")  # a phone alone names nobody: families and offices share one
SELECT_MERGED_INTO = select(merges.c.kept_key).where(
    merges.c.shop == bindparam("at"), merges.c.deleted_key == bindparam("of")
)


class PersonLookup:
    """Lookups of customers and of rows of their orders."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def pseudonym(self, shop: str, field: str, value: str) -> str:
        """Return a value's pseudonym; '' for an empty value."""
        return self._session.keyring.pseudonym(shop, field, value)

    def derive_contact_keys(self, shop: str, person: Principal | Sighting) -> dict[str, list[str]]:
        """Return the pseudonyms of every e-mail address and every phone number that the person's fields hold."""
        values = {"email": person.email, "phone": person.phone}
        return {field: self._session.keyring.pseudonyms(shop, field, value) for field, value in values.items()}

    def derive_search_keys(self, shop: str, person: Principal | Sighting) -> dict[str, list[str]]:
        """Return the pseudonyms to search by: those of today, then those of rows that earlier releases stored."""
        former, values = self._session.keyring.former_pseudonyms, {"email": person.email, "phone": person.phone}
        contacts = self.derive_contact_keys(shop, person)
        keys = {field: [*contacts[field], *former(shop, field, value)] for field, value in values.items()}
        numbers = person.customer_ids if isinstance(person, Principal) else (person.customer_id,)
        customer_keys = [key for number in numbers if (key := self.pseudonym(shop, "customer", number))]
        found = {"customer": customer_keys, **keys}
        if isinstance(person, Principal) and person.pseudonyms:
            return {field: [*known, *person.list_pseudonyms(field)] for field, known in found.items()}
        return found

    def derive_order_keys(self, shop: str, order_ids: Iterable[str]) -> dict[str, str]:
        """Return the ids of these orders by their pseudonyms under all keys of the shop."""
        keys = self._session.shops.list_keys(shop)
        return {self.pseudonym(key, "order", order_id): order_id for order_id in order_ids if order_id for key in keys}

    def find_subject(self, shop: str, principal: Principal) -> str:
        """Return the data subject's pseudonym: by customer id, else by e-mail, else by phone; merges are followed.

        An e-mail or phone leads to a customer only where exactly one has it, and of several values only the first: the
        others may be somebody else's.
        """
        keys, contacts = self.derive_search_keys(shop, principal), self.derive_contact_keys(shop, principal)
        if keys["customer"]:
            return self.follow_merges(shop, keys["customer"][0])
        for field in ("email", "phone"):
            if keys[field]:
                searched = contacts[field][:1] if len(contacts[field]) > 1 else keys[field]
                return self.find_sole_customer_by(shop, field, searched) or keys[field][0]
        return self.pseudonym(shop, "order", principal.order_ids[0]) if principal.order_ids else ""

    def follow_merges(self, shop: str, customer_key: str) -> str:
        """Return the customer that remains after all merges."""
        return self._session.ask_once(("merges", shop, customer_key), lambda: self._follow_merges(shop, customer_key))

    def _follow_merges(self, shop: str, customer_key: str) -> str:
        seen = set()
        while customer_key not in seen:
            seen.add(customer_key)
            after = self._connection.scalar(SELECT_MERGED_INTO, {"at": shop, "of": customer_key})
            if after is None:
                break
            customer_key = after
        return customer_key

    def is_merged(self, shop: str, principal: Principal) -> bool:
        """Return True where the customer was merged into another, who now owns the orders, e-mail and phone.

        Of several customers: where each was merged into somebody else's.
        """
        for at in self._session.shops.list_keys(shop):
            keys = self.derive_search_keys(at, principal)["customer"]
            if keys and not self.list_surviving_customers(at, keys):
                return True
        return False

    def list_surviving_customers(self, shop: str, customer_keys: Sequence[str]) -> list[str]:
        """Return those of a data subject's customers that were not merged into somebody else's."""
        return [key for key in customer_keys if self.follow_merges(shop, key) in customer_keys]

    def find_sole_customer(self, shop: str, keys: Mapping[str, Collection[str]]) -> str:
        """Return the one customer with this e-mail, or else this phone; '' where there is none or several."""
        field = "email" if keys["email"] else "phone"
        return self.find_sole_customer_by(shop, field, keys[field]) if keys[field] else ""

    def find_sole_customer_by(self, shop: str, field: str, keys: Collection[str]) -> str:
        """Return the one customer whose `field` (email, phone) has one of these pseudonyms; '' for none or several."""
        found = self.find_customers_by(shop, field, keys)
        return found.pop() if len(found) == 1 else ""

    def find_customers_by(self, shop: str, field: str, keys: Collection[str]) -> set[str]:
        """Return the customers whose `field` (email, phone) has one of these pseudonyms, a few where there are many."""
        found: set[str] = set()
        for table in (customers, orders):
            has_key = match_contact(self._connection, shop, table, field, keys)
            named = and_(table.c.shop == shop, has_key, table.c.customer_key != "")
            found |= set(self._connection.scalars(select(table.c.customer_key).where(named).distinct().limit(3)))
        return found

    def list_customer_rows(self, shop: str, principal: Principal) -> list[Any]:
        """Return the rows of the customers with this id or e-mail address, under all keys of the shop."""
        shop_keys = self._session.shops.list_keys(shop)
        return [
            row for key in shop_keys for row in self.list_customer_rows_at(key, self.derive_search_keys(key, principal))
        ]

    def list_customer_rows_at(self, shop: str, keys: Mapping[str, Collection[str]]) -> list[Any]:
        """Return the rows of customers with one of these pseudonyms of `customer` and `email`, under one key of the shop."""
        matches: list[Any] = [customers.c.customer_key.in_(keys["customer"])] if keys["customer"] else []
        if keys["email"]:
            matches += list_contact_parts(shop, customers, "email", keys["email"])
        if not matches:
            return []
        parts = union(*(select(customers.c.customer_key).where(customers.c.shop == shop, part) for part in matches))
        found = select(customers).where(customers.c.shop == shop, customers.c.customer_key.in_(parts))
        return list(self._connection.execute(found))

    def list_order_rows(self, shop: str, principal: Principal) -> list[Any]:
        """Return rows of the data subject's orders: by customer id, guest orders by e-mail, and orders that are named.

        Those under all keys of the shop: `row.shop` is the key of each. An order of another customer is left out even
        where it is named: after a merge, the parcel on its way belongs to the customer that remains. With a cut-off, so
        is one that was placed or learned since and is not named.
        """
        return [row for key in self._session.shops.list_keys(shop) for row in self.list_order_rows_at(key, principal)]

    def list_order_rows_at(self, shop: str, principal: Principal) -> list[Any]:
        """Return the rows that `list_order_rows` finds under this one key of the shop."""
        return list(self._connection.execute(self._select_orders(select(orders), shop, principal)))

    def list_order_keys_at(self, shop: str, principal: Principal) -> list[str]:
        """Return the pseudonyms of the orders that `list_order_rows` finds under this one key of the shop."""
        return list(self._connection.scalars(self._select_orders(select(orders.c.order_key), shop, principal)))

    def _select_orders(self, columns: Select[Any], shop: str, principal: Principal) -> Select[Any]:
        keys = self.derive_search_keys(shop, principal)
        remaining = [self.follow_merges(shop, key) for key in keys["customer"]]
        own = list(dict.fromkeys([key for key in remaining if key in keys["customer"]] or remaining))
        if not own and keys["email"] and (customer := self.find_sole_customer_by(shop, "email", keys["email"])):
            own = [customer]
        not_of_others = orders.c.customer_key.in_(["", *own])
        named = [self.pseudonym(shop, "order", number) for number in principal.order_ids]
        named += principal.list_pseudonyms("order")
        matches: list[Any] = [orders.c.customer_key.in_(own)] if own else []
        if named:
            matches.append(and_(orders.c.order_key.in_(named), not_of_others) if own else orders.c.order_key.in_(named))
        if keys["email"]:
            parts = list_contact_parts(shop, orders, "email", keys["email"])
            matches += [and_(part, not_of_others) for part in parts]
        elif keys["phone"] and not keys["customer"]:
            matches.append(self._match_sole_phone_owner(shop, keys["phone"]))
        if not matches:
            return columns.where(false())
        # each part finds its rows by an index of its own: with OR, SQLite reads all of the shop
        found = union(*(select(orders.c.order_key).where(orders.c.shop == shop, part) for part in matches))
        rows = columns.where(orders.c.shop == shop, orders.c.order_key.in_(found))
        if principal.cutoff_at is not None:
            rows = rows.where(or_(orders.c.order_key.in_(named), _match_known_by(principal.cutoff_at)))
        return rows.order_by(orders.c.placed_at, orders.c.order_key)

    def _match_sole_phone_owner(self, shop: str, phone_keys: Collection[str]) -> Any:
        """Return the condition for orders with this phone; it matches none where several people have the phone."""
        has_phone = match_contact(self._connection, shop, orders, "phone", phone_keys)
        owners = select(orders.c.customer_key, orders.c.email_key).distinct()
        rows = self._connection.execute(owners.where(orders.c.shop == shop, has_phone)).all()
        people = {row.customer_key or row.email_key for row in rows}
        return has_phone if len(people) == 1 else false()


def _match_known_by(cutoff_at: datetime) -> Any:
    """Return the condition for orders that were placed by then, under a data key that was made by then.

    An erasure destroys the data subject's key: what is learned later is sealed under a new one.
    """
    has_key = exists().where(data_keys.c.id == orders.c.data_key_id, data_keys.c.created_at <= cutoff_at)
    return and_(orders.c.placed_at <= cutoff_at, has_key)
