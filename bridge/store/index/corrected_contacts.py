"""Replaces the keys of a contact of a customer that was corrected, so that the person is found by the new one only.

Orders keep what they were placed with at the platform; here the former address or number no longer leads to the customer:
it may be somebody else's.
"""

from __future__ import annotations

from sqlalchemy import delete, select, update

from bridge.store.index.person_lookup import PersonLookup
from bridge.store.schema.index_tables import contact_keys, customers, orders
from bridge.store.session import Session
from bridge.store.upsert import upsert


def replace_customer_contact(session: Session, shop: str, customer_id: str, field: str, former: str, new: str) -> None:
    """Replace the keys of `former` by that of `new`, under all keys of the shop. `field` is `email` or `phone`."""
    connection, lookup, column = session.connection, PersonLookup(session), f"{field}_key"
    for number, key in enumerate(session.shops.list_keys(shop)):
        customer_key = lookup.follow_merges(key, lookup.pseudonym(key, "customer", customer_id))
        new_key = lookup.pseudonym(key, field, new)
        former_keys = [
            one
            for one in (
                *session.keyring.pseudonyms(key, field, former),
                *session.keyring.former_pseudonyms(key, field, former),
            )
            if one != new_key
        ]
        others = dict.fromkeys(("email_key", "phone_key"), "")
        row = {"shop": key, "customer_key": customer_key, **others, column: new_key, "source_updated_at": session.now()}
        if number == 0:
            connection.execute(upsert(connection, customers, ["shop", "customer_key"], [column]), row)
        named = (customers.c.shop == key, customers.c.customer_key == customer_key)
        connection.execute(update(customers).where(*named).values({column: new_key}))
        of_customer = (orders.c.shop == key, orders.c.customer_key == customer_key)
        has_former = orders.c[column].in_(former_keys)
        connection.execute(update(orders).where(*of_customer, has_former).values({column: new_key}))
        rows = [customer_key, *connection.scalars(select(orders.c.order_key).where(*of_customer))]
        further = (contact_keys.c.shop == key, contact_keys.c.field == field, contact_keys.c.key.in_(former_keys))
        connection.execute(delete(contact_keys).where(*further, contact_keys.c.row_key.in_(rows)))
