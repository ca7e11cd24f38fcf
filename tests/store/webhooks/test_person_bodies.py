"""The bodies of webhooks are searched for one person: the newest, within a limit, and only what can be read."""

from __future__ import annotations

import pytest

from bridge.model import Principal
from tests.factories import ASHA, SHOP, accepted, order_body


def search(store, principal=ASHA, limit=10):
    """Return the ids of the deliveries found, and whether all bodies were searched."""
    with store.transaction() as tx:
        found, is_complete = tx.person_bodies.list_bodies(SHOP, principal, (), limit=limit)
    return [delivery.id for delivery in found], is_complete


def test_more_bodies_than_the_limit_are_not_called_searched(store):
    bodies = [accepted(store, "orders/create", order_body(number)).id for number in (1, 2, 3)]
    found, is_complete = search(store)
    assert (set(found), is_complete) == (set(bodies), True)
    found, is_complete = search(store, limit=2)
    assert (len(found), is_complete) == (2, False)


def test_a_body_that_cannot_be_read_is_about_nobody(store):
    accepted(store, "orders/create", b"{ no json")
    assert search(store) == ([], True)


@pytest.mark.parametrize(
    ("principal", "is_found"),
    [
        (Principal(phone=ASHA.phone), True),
        (Principal(phone=ASHA.phone, email="nobody@example.com"), False),
        (Principal(email=ASHA.email), True),
        (Principal(customer_id="7001"), True),
        (Principal(customer_id="7002", email=ASHA.email), False),
        (Principal(), False),
    ],
)
def test_a_body_is_found_by_what_names_one_person(store, principal, is_found):
    """A phone only where the request names nothing else; an address does not outweigh another customer's number."""
    accepted(store, "orders/create", order_body())
    assert bool(search(store, principal)[0]) is is_found
