"""The same signed bytes again: an access request is known for good, an erasure is limited to what was known then."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from bridge.model import Outcome, Principal, RequestKind, RequestState, WaitReason
from bridge.steps.index.index_orders import index_deliveries
from bridge.steps.requests.process import process_request
from bridge.steps.webhooks.dispatch import dispatch_delivery
from bridge.store.schema.index_tables import suppressions
from bridge.store.schema.tables import remembered_bodies, requests
from tests.factories import ASHA, NOW, SHOP, accepted, data_request_body, order_body, redact_body
from tests.kit.stored import read_request

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

DAY = timedelta(days=1)


def take(services, topic, body):
    """Receive a mandatory webhook and act on it; return the request's id."""
    request_id = dispatch_delivery(accepted(services.store, topic, body).id, services=services)
    process_request(request_id, services=services)
    return request_id


def close(services, request_id):
    """End a request, whatever it waits for."""
    with services.store.transaction() as tx:
        tx.session.connection.execute(
            requests.update()
            .where(requests.c.id == request_id)
            .values(state=RequestState.DONE, active_key=None, wake_at=None, closed_at=services.clock.now())
        )


def learn(services, number, **given):
    accepted(services.store, "orders/create", order_body(number, at=services.clock.now(), **given))
    index_deliveries(SHOP, services=services)


def known_orders(services):
    with services.store.transaction() as tx:
        return sorted(tx.index.list_orders(SHOP, ASHA))


def facts(services, request_id):
    return [(fact.fact, fact.detail) for fact in read_request(services.store, request_id)[2]]


def read_certificate(services, request_id):
    with services.store.transaction() as tx:
        return tx.packages.find_certificate(request_id)


def test_an_access_request_with_a_number_is_known_for_good(services, clock):
    body = data_request_body(9999, 1001)
    first = take(services, "customers/data_request", body)
    close(services, first)
    with services.store.transaction() as tx:  # what the end of its retention leaves of a request
        tx.session.connection.execute(requests.update().values(once_key=f"aged|{first}", principal=None, subject=""))
    clock.at += 900 * DAY
    assert take(services, "customers/data_request", body) == first
    name, detail = facts(services, first)[-1]
    assert (name, detail["first_received_at"]) == ("request.joined", NOW.isoformat())
    assert read_request(services.store, first)[0].state is RequestState.DONE


def test_an_access_request_without_a_number_is_asked_anew_and_about_everything(services, clock):
    body = data_request_body(9999, 1001) | {"data_request": None}
    first = take(services, "customers/data_request", body)
    close(services, first)
    clock.at += 9 * DAY
    second = take(services, "customers/data_request", body)
    assert second != first
    assert read_request(services.store, second)[0].principal == Principal(
        customer_id="7001", email=ASHA.email, phone=ASHA.phone, order_ids=("1001",)
    )


def test_a_repeated_redact_touches_nothing_that_came_since(services, platform, clock):
    learn(services, 1001, parcels=[("Delhivery", "AWB1001")])
    body = redact_body(1001)
    first = take(services, "customers/redact", body)
    close(services, first)
    clock.at += 30 * DAY
    learn(services, 2001, parcels=[("Delhivery", "AWB2001")])
    platform.sent = [{"id": "gid://shopify/Order/2001", "fulfillments": [{"trackingInfo": [{"number": "AWB2001"}]}]}]
    clock.at += DAY
    platform.located.clear()
    second = take(services, "customers/redact", body)
    request, tasks, _ = read_request(services.store, second)
    assert second != first
    assert known_orders(services) == ["2001"]
    assert platform.located == [Principal(order_ids=("1001",))] * len(platform.located)
    assert {task.outcome for task in tasks if task.action == "erase"} == {Outcome.ABSENT}
    assert not [task for task in tasks if task.action == "instruct" and task.records and task.system == "gokwik"]
    name, detail = facts(services, second)[0]
    assert (name, detail["first_received_at"]) == ("request.opened", NOW.isoformat())
    assert request.kind is RequestKind.ERASURE
    certificates = [read_certificate(services, each) for each in (first, second)]
    assert [certificate.get("limited_to_known_at") for certificate in certificates] == [None, NOW.isoformat()]


def test_an_order_placed_between_both_receipts_is_learned_after_the_second(services, clock):
    body = redact_body(1001)
    close(services, take(services, "customers/redact", body))
    clock.at += 30 * DAY
    placed_at = clock.at
    clock.at += DAY
    take(services, "customers/redact", body)
    accepted(services.store, "orders/create", order_body(2001, at=placed_at))
    accepted(services.store, "orders/create", order_body(1002, at=NOW - DAY))
    index_deliveries(SHOP, services=services)
    assert known_orders(services) == ["2001"]
    with services.store.engine.connect() as connection:
        assert max(connection.scalars(select(suppressions.c.erased_at))) < placed_at


def test_a_repeated_redact_erases_what_its_body_names_and_what_was_there_then(services, clock):
    learn(services, 1001)
    body = redact_body(2001)
    delivery = accepted(services.store, "customers/redact", body)
    first = dispatch_delivery(delivery.id, services=services)
    close(services, first)  # nothing was erased
    clock.at += DAY
    learn(services, 2001)
    learn(services, 2002)
    assert known_orders(services) == ["1001", "2001", "2002"]
    take(services, "customers/redact", body)
    # 2001 is named; 1001 was there; 2002 came since
    assert known_orders(services) == ["2002"]


@pytest.mark.parametrize("other_bytes", [False, True])
def test_a_repeated_redact_adds_nothing_to_a_request_that_is_open(services, clock, other_bytes):
    """Its erasure may be done while the platform and carriers must still answer: it is not run again."""
    learn(services, 1001, parcels=[("Delhivery", "AWB1001")])
    body = redact_body(1001)
    first = take(services, "customers/redact", body)
    if other_bytes:
        close(services, first)
        first = take(services, "customers/redact", redact_body(1001, 1003))
    assert read_request(services.store, first)[0].state is RequestState.WAITING
    clock.at += 30 * DAY
    learn(services, 2001)
    assert take(services, "customers/redact", body) == first
    assert known_orders(services) == ["2001"]
    assert facts(services, first)[-1][0] == "request.joined"


def test_another_redact_of_a_person_who_came_back_erases_everything(services, clock):
    close(services, take(services, "customers/redact", redact_body(1001)))
    clock.at += 30 * DAY
    learn(services, 2001)
    clock.at += DAY
    take(services, "customers/redact", redact_body(1001, 2001))
    assert known_orders(services) == []


def test_digests_outlive_the_erasure_of_the_shop_and_hold_no_body(services, clock):
    take(services, "customers/redact", redact_body(1001))
    take(services, "shop/redact", {"shop_id": 1, "shop_domain": SHOP})
    with services.store.engine.connect() as connection:
        rows = connection.execute(select(remembered_bodies)).all()
    assert [(row.topic, row.shop) for row in rows] == [("customers/redact", SHOP), ("shop/redact", SHOP)]
    assert "qwertzuiop" not in repr(rows)
    clock.at += DAY
    learn(services, 2001)
    request_id = take(services, "shop/redact", {"shop_id": 1, "shop_domain": SHOP})
    [task] = read_request(services.store, request_id)[1]
    assert task.wait_reason is WaitReason.INSTALLED_AGAIN


def test_joining_and_repeating_leave_the_same_details_in_the_evidence(services, clock):
    """One writer: the orders named, the deadline in force, and the proof of receipt."""
    learn(services, 1001, parcels=[("Delhivery", "AWB1001")])
    first = take(services, "customers/redact", redact_body(1001))
    clock.at += 30 * DAY
    take(services, "customers/redact", redact_body(1001))
    take(services, "customers/redact", redact_body(1001, 1002))
    found = [detail for name, detail in facts(services, first) if name == "request.joined"]
    repeated, joined = found
    assert repeated.keys() - joined.keys() == {"first_received_at"}
    assert joined.keys() <= repeated.keys()
    assert [detail["orders"] for detail in found] == [1, 2]
    due_at = read_request(services.store, first)[0].due_at.isoformat()
    assert {detail["due_at"] for detail in found} == {due_at}
