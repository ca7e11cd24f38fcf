"""Whose order a body is about, with a thousand shops as with two: the same answer from as many statements."""

import pytest
from sqlalchemy import event

from bridge.rules.index.minimise import Sighting, SightingKind
from bridge.store.index import routing

HERE, OTHERS = "here.myshopify.com", [f"shop-{number}.myshopify.com" for number in range(1_000)]


def see_order(number, customer="", kind=SightingKind.ORDER):
    return Sighting(kind=kind, order_id=number, customer_id=customer)


def see_customer(number):
    return Sighting(kind=SightingKind.CUSTOMER, customer_id=number)


def register(tx, *domains):
    for place, domain in enumerate(domains):
        tx.session.save_shop_name(tx.shop_names.directory.record_name(domain, str(place + 1), tx.session.now()))


@pytest.fixture
def statements(store):
    seen = []

    def note(_connection, _cursor, statement, *_):
        if statement.startswith("SELECT") and "shop_names" not in statement:
            seen.append(statement)

    event.listen(store.engine, "before_cursor_execute", note)
    yield seen
    event.remove(store.engine, "before_cursor_execute", note)


def find_foreign(store, sightings, own=()):
    with store.transaction() as tx:
        return tx.index.find_sightings_of_other_shops(HERE, sightings, own)


def test_an_order_that_only_the_last_of_many_shops_knows_is_found(store):
    with store.transaction() as tx:
        register(tx, HERE, *OTHERS[:30])
        tx.index.ingest_sightings(OTHERS[29], [see_order("1", "11")])
        tx.index.ingest_sightings(HERE, [see_order("2", "12")])
    fulfilment = SightingKind.PARCELS
    asked = [see_order("1", kind=fulfilment), see_order("2", kind=fulfilment), see_order("3", kind=fulfilment)]
    asked += [see_customer("11"), see_customer("12"), see_customer("13"), see_customer("")]
    assert find_foreign(store, asked) == {0, 3}


def test_what_came_at_the_same_time_and_says_that_it_is_ours_is_known_here(store):
    with store.transaction() as tx:
        register(tx, HERE, *OTHERS[:3])
        tx.index.ingest_sightings(OTHERS[1], [see_order("1", "11")])
    asked = [see_order("1", kind=SightingKind.PARCELS), see_customer("11"), see_customer("12")]
    assert find_foreign(store, asked) == {0, 1}
    assert find_foreign(store, asked, own=[see_order("1", "12")]) == {1}
    assert find_foreign(store, asked, own=[see_order("9", "11")]) == {0}


def test_the_number_of_statements_does_not_grow_with_the_number_of_shops(store, statements):
    counted = []
    for many in (2, 30):
        with store.transaction() as tx:
            register(tx, HERE, *OTHERS[:many])
        statements.clear()
        find_foreign(store, [see_order(str(number), "1", SightingKind.PARCELS) for number in range(5)])
        counted.append(len(statements))
    assert counted[0] == counted[1] <= 12


def test_a_body_that_ours_explains_asks_no_other_shop(store, statements):
    with store.transaction() as tx:
        register(tx, HERE, *OTHERS[:3])
    statements.clear()
    find_foreign(store, [see_order("1", kind=SightingKind.PARCELS), see_customer("11")], own=[see_order("1", "11")])
    assert statements == []


def test_more_pairs_than_one_statement_takes_are_cut(store, monkeypatch):
    with store.transaction() as tx:
        register(tx, HERE, *OTHERS[:7])
        tx.index.ingest_sightings(OTHERS[6], [see_order("5", "15")])
    monkeypatch.setattr(routing, "MAX_PAIRS", {"postgresql": 3, "sqlite": 3})
    asked = [see_order(str(number), kind=SightingKind.PARCELS) for number in range(10)]
    assert find_foreign(store, asked) == {5}
