"""A redact may be that of a merge: it waits for the merge, and a merge that comes too late takes its suppression back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from bridge.model import Destruction, Outcome, TaskAction, TaskState, Tombstone, WaitReason
from bridge.rules.recovery.restored import filter_live_tombstones
from bridge.steps.index.index_orders import index_deliveries
from bridge.steps.requests.process import process_request
from bridge.steps.webhooks.dispatch import dispatch_delivery
from bridge.store.schema.index_tables import customers, merges, orders, parcels, suppressions
from bridge.store.schema.tables import deliveries, metadata
from tests.factories import ASHA, NOW, SHOP, accepted, order_body, redact_body
from tests.kit.stored import list_fact_details
from tests.kit.suite.examples import count_examples

MINUTES = timedelta(minutes=1)
MOVING = {"id": 31, "order_id": 1001, "tracking_company": "Delhivery", "tracking_numbers": ["AWB7007007"]}
KEPT = {"email": "asha.kept@example.com", "phone": None}


@pytest.fixture
def services(services):
    """With the wait that a shop has by default."""
    return replace(services, settings=replace(services.settings, merge_wait_minutes=10))


def comes(services, topic, body):
    body = body | {"sent": services.store.new_id("x")}
    delivery = accepted(services.store, topic, body)
    services.clock.at += timedelta(seconds=5)
    if topic == "customers/redact":
        request_id = dispatch_delivery(delivery.id, services=services)
        process_request(request_id, services=services)
        return request_id
    index_deliveries(SHOP, services=services)
    return ""


def merge(gone, kept):
    return {
        "admin_graphql_api_customer_kept_id": f"gid://shopify/Customer/{kept}",
        "admin_graphql_api_customer_deleted_id": f"gid://shopify/Customer/{gone}",
    }


def redacts(services, *order_ids, customer=7001):
    return comes(services, "customers/redact", redact_body(*order_ids, id=customer, email=ASHA.email))


def waits(services, request_id, minutes=11):
    services.clock.at += minutes * MINUTES
    for _ in range(3):
        process_request(request_id, services=services)
        services.clock.at += MINUTES


def read_erase_task(services, request_id):
    with services.store.transaction() as tx:
        [task] = [task for task in tx.tasks.list_tasks(request_id) if task.action is TaskAction.ERASE]
        return task, tx.requests.get_request(request_id)


def rows(services, table):
    with services.store.engine.connect() as connection:
        return connection.execute(select(table)).all()


def test_nothing_is_destroyed_before_the_wait_is_over_and_the_wait_is_shown_with_its_end(services):
    comes(services, "orders/create", order_body(parcels=[("Delhivery", "AWB7007007")]))
    received_at = services.clock.now()
    request_id = redacts(services, 1001)
    task, request = read_erase_task(services, request_id)
    assert (task.state, task.wait_reason, task.last_error) == (
        TaskState.WAITING,
        WaitReason.MERGE_POSSIBLE,
        "merge_possible",
    )
    assert task.expected_by == task.wake_at == received_at + 10 * MINUTES
    assert request.due_at - request.received_at == timedelta(days=30), "the legal clock runs on"
    with services.store.transaction() as tx:
        assert tx.notice_items.list_items(request_id=request_id) == []
    assert (len(rows(services, orders)), rows(services, suppressions)) == (1, [])
    services.clock.at = received_at + 9 * MINUTES
    process_request(request_id, services=services)
    assert len(rows(services, orders)) == 1
    waits(services, request_id, minutes=1)
    task, _ = read_erase_task(services, request_id)
    assert (task.outcome, task.wait_reason, task.expected_by, rows(services, orders)) == (
        Outcome.ERASED,
        None,
        None,
        [],
    )
    facts = [
        fact
        for fact, detail in list_fact_details(services.store, request_id)
        if detail.get("reason") == "merge_possible"
    ]
    assert facts == ["task.waiting"], "said once"


def test_a_second_redact_of_the_same_customer_waits_again(services):
    comes(services, "orders/create", order_body())
    request_id = redacts(services, 1001)
    services.clock.at += 8 * MINUTES
    assert redacts(services, 1002) == request_id
    waits(services, request_id, minutes=5)
    assert len(rows(services, orders)) == 1
    waits(services, request_id)
    assert rows(services, orders) == []


def test_a_merge_within_the_wait_gives_the_orders_to_the_kept_customer(services):
    comes(services, "orders/create", order_body(parcels=[("Delhivery", "AWB7007007")]))
    request_id = redacts(services, 1001)
    comes(services, "customers/merge", merge(7001, 7002))
    waits(services, request_id)
    task, _ = read_erase_task(services, request_id)
    assert (task.state, task.outcome) == (TaskState.DONE, Outcome.ABSENT)
    assert (len(rows(services, orders)), len(rows(services, parcels))) == (1, 1)
    assert [row.field for row in rows(services, suppressions)] == ["customer"]
    with services.store.transaction() as tx:
        assert tx.notice_items.list_items(request_id=request_id) == [], (
            "no carrier is told to erase the kept one's parcel"
        )


EVENTS = {
    "redact a": lambda at: redacts(at, 1001),
    "merge a>b": lambda at: comes(at, "customers/merge", merge(7001, 7002)),
    "merge b>c": lambda at: comes(at, "customers/merge", merge(7002, 7003)),
    "update of c": lambda at: comes(
        at, "orders/updated", order_body(customer_id=7003, updated_at=(NOW + MINUTES).isoformat(), **KEPT)
    ),
    "fulfilment": lambda at: comes(at, "fulfillments/create", MOVING),
    "update of b": lambda at: comes(at, "customers/update", {"id": 7002, "email": "asha.kept@example.com"}),
}


def run_in_order(services, names):
    """All of it in this order within the wait, then a worker. Return what the tables hold in the end."""
    with services.store.engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            if table.name not in {"evidence", "evidence_head", "locks"}:
                connection.execute(delete(table))
    comes(services, "orders/create", order_body(customer_id=7001))
    request_id = ""
    for name in names:
        request_id = EVENTS[name](services) or request_id
    waits(services, request_id)
    task, _ = read_erase_task(services, request_id)
    with services.store.transaction() as tx:
        items = tx.notice_items.list_items(request_id=request_id)
    return (
        (task.state, task.outcome, len(items)),
        sorted((row.order_key, row.customer_key) for row in rows(services, orders)),
        sorted((row.parcel_key, row.order_key) for row in rows(services, parcels)),
        sorted((row.field, row.key) for row in rows(services, suppressions)),
        sorted(row.customer_key for row in rows(services, customers)),
        len(rows(services, merges)),
        [row for row in rows(services, deliveries) if row.body is not None],
    )


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@settings(max_examples=count_examples(15), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(sorted(EVENTS)))
def test_within_the_wait_the_order_of_arrival_changes_nothing(services, order):
    end = run_in_order(services, order)
    task, kept_orders, kept_parcels, suppressed, *_ = end
    assert task == (TaskState.DONE, Outcome.ABSENT, 0)
    assert (len(kept_orders), len(kept_parcels), [field for field, _ in suppressed]) == (1, 1, ["customer"])
    with services.store.transaction() as tx:
        assert kept_orders[0][1] == tx.person_lookup.pseudonym(SHOP, "customer", "7003")
    assert end[-1] == []


def erased_too_early(services, **given):
    comes(services, "orders/create", order_body(parcels=[("Delhivery", "AWB7007007")], **given))
    request_id = redacts(services, 1001)
    waits(services, request_id)
    assert rows(services, orders) == []
    return request_id


def test_a_merge_after_the_erasure_takes_the_suppression_back(services):
    request_id = erased_too_early(services)
    comes(services, "orders/updated", order_body(customer_id=7002, **KEPT))
    assert rows(services, orders) == [], "suppressed as long as no merge is known"
    comes(services, "customers/merge", merge(7001, 7002))
    comes(services, "orders/updated", order_body(customer_id=7002, **KEPT))
    comes(services, "fulfillments/update", MOVING)
    assert (len(rows(services, orders)), len(rows(services, parcels))) == (1, 1)
    assert [row.field for row in rows(services, suppressions)] == ["customer"], "the merged id stays suppressed"
    assert ("suppression.released", {"orders": 1, "why": "merge"}) in list_fact_details(services.store, request_id)
    with services.store.transaction() as tx:
        [item] = tx.notice_items.list_items(request_id=request_id)
    assert item.matters == (f"merge/{request_id}",), "the carrier is not told before an operator says so"


def test_the_merge_and_the_update_may_come_in_one_batch_and_in_a_chain(services):
    erased_too_early(services)
    comes(services, "customers/merge", merge(7002, 7003))
    for topic, body in (
        ("customers/merge", merge(7001, 7002)),
        ("orders/updated", order_body(customer_id=7003, **KEPT)),
    ):
        accepted(services.store, topic, body)
    index_deliveries(SHOP, services=services)
    [row] = rows(services, orders)
    with services.store.transaction() as tx:
        assert row.customer_key == tx.person_lookup.pseudonym(SHOP, "customer", "7003")


def test_an_order_that_has_arrived_stays_suppressed(services):
    comes(services, "orders/create", order_body())
    delivered = MOVING | {"shipment_status": "delivered", "updated_at": NOW.isoformat()}
    comes(services, "fulfillments/update", delivered)
    waits(services, redacts(services, 1001))
    comes(services, "customers/merge", merge(7001, 7002))
    comes(services, "orders/updated", order_body(customer_id=7002, **KEPT))
    assert rows(services, orders) == []


def test_a_merge_that_was_known_or_into_an_erased_customer_takes_nothing_back(services):
    erased_too_early(services)
    waits(services, redacts(services, customer=7002))
    comes(services, "customers/merge", merge(7001, 7002))
    comes(services, "orders/updated", order_body(customer_id=7002, **KEPT))
    assert rows(services, orders) == []


def test_an_ordinary_erasure_is_not_taken_back_by_the_merge_of_others(services):
    erased_too_early(services)
    before = rows(services, suppressions)
    comes(services, "customers/merge", merge(8001, 8002))
    assert rows(services, suppressions) == before


def test_a_restored_backup_does_not_suppress_again_what_a_merge_took_back(services):
    erased_too_early(services)
    with services.store.transaction() as tx:
        tombstones, _ = tx.ledger_state.list_unsynced(99)
        backup = [dict(row) for row in tx.session.connection.execute(select(suppressions)).mappings()]
    comes(services, "customers/merge", merge(7001, 7002))
    with services.store.transaction() as tx:
        _, taken_back = tx.ledger_state.list_unsynced(99)
        assert {one.kind for one in taken_back} == {"suppression"}
        assert [one.field for one in filter_live_tombstones(tombstones, taken_back)] == ["customer"]
        tx.session.connection.execute(delete(suppressions))
        tx.session.connection.execute(suppressions.insert(), backup)
        tx.ledger_state.repeat_destructions(taken_back)
    assert [row.field for row in rows(services, suppressions)] == ["customer"]


def test_what_was_erased_after_it_was_taken_back_is_suppressed_again():
    earlier, later = NOW, NOW + MINUTES
    tombstone = Tombstone(shop=SHOP, field="order", key="k", erased_at=later, request_id="r")
    taken_back = Destruction(kind="suppression", ref="k", shop=SHOP, at=earlier)
    assert filter_live_tombstones([tombstone], [taken_back]) == [tombstone]
    assert filter_live_tombstones([replace(tombstone, erased_at=earlier)], [taken_back]) == []
