"""Due rows are enqueued, named locks end, expired data is destroyed, operators see it all."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from bridge.errors import LeaseLost, StoreUnavailable
from bridge.model import AnswerBasis, DeliveryState, Lease, NoticeState, Principal, RequestKind, RequestState
from bridge.store import SqlStore
from bridge.store.engine import StoreFault
from bridge.store.schema.index_tables import data_keys
from bridge.store.schema.tables import deliveries, requests
from bridge.store.schema.ulid import new_id
from bridge.store.shops.tokens import StoredTokenCache
from tests.factories import (
    NOW,
    OTHER_SHOP,
    SHOP,
    accepted,
    make_delivery,
    make_entry,
    make_finding,
    make_notice,
    make_request,
    make_task,
    opened,
)
from tests.fakes import page
from tests.kit.stored import write_package


def enqueue_due(store, limit=200, answers=True):
    jobs = []

    def enqueue(*job):
        jobs.append(job)
        return answers

    return jobs, store.enqueue_due(enqueue, max_jobs=limit)


def after(clock, seconds):
    clock.at = NOW + timedelta(seconds=seconds)


def finish_leased_delivery(store, delivery, state, reason="x"):
    with store.transaction() as tx:
        tx.inbox.finish_delivery(tx.inbox.acquire_lease(delivery.id)[0], state, reason)


def test_enqueue_due_finds_a_delivery_only_after_its_grace_period(store, clock):
    redact = accepted(store, "customers/redact", {"id": 1})
    accepted(store, "orders/create", {"id": 2})
    accepted(store, "orders/paid", {"id": 3})
    request = make_request()
    with store.transaction() as tx:
        opened(tx, request)
    assert enqueue_due(store) == ([], 0)
    after(clock, 5)
    jobs, count = enqueue_due(store)
    assert sorted(jobs) == [("dispatch", redact.id, True), ("index", SHOP, False), ("process", request.id, True)]
    assert count == 3


def test_a_row_is_enqueued_again_only_after_a_while(store, clock):
    accepted(store, "orders/create", {"id": 2})
    after(clock, 5)
    assert enqueue_due(store, answers=False)[1] == 0
    after(clock, 20)
    assert enqueue_due(store) == ([], 0)
    after(clock, 21)
    assert enqueue_due(store) == ([("index", SHOP, False)], 1)


def test_a_leased_or_done_row_is_not_enqueued(store, clock):
    owned, done = (accepted(store, "orders/create", {"id": number}) for number in (1, 2))
    request = make_request()
    with store.transaction() as tx:
        opened(tx, request)
    after(clock, 5)
    finish_leased_delivery(store, done, DeliveryState.DONE)
    with store.transaction() as tx:
        tx.inbox.acquire_lease(owned.id)
        lease = tx.requests.acquire_lease(request.id)
    assert enqueue_due(store) == ([], 0)
    with store.transaction() as tx:
        tx.requests.release_lease(lease, state=RequestState.DONE, wake_at=None, complete=True, closed_at=clock.at)
    after(clock, 60)
    assert enqueue_due(store) == ([("index", SHOP, False)], 1)


def test_privacy_work_is_enqueued_first_and_within_the_limit(store, clock):
    for number in range(5):
        accepted(store, "orders/create", {"id": number}, shop=f"shop{number}.myshopify.com")
    redact = accepted(store, "customers/redact", {"id": 1}, received_at=NOW + timedelta(seconds=1))
    request = make_request()
    with store.transaction() as tx:
        opened(tx, request)
    after(clock, 10)
    assert enqueue_due(store, limit=2) == ([("dispatch", redact.id, True), ("process", request.id, True)], 2)
    assert enqueue_due(store, limit=3)[1] == 3
    assert enqueue_due(store)[1] == 2
    assert enqueue_due(store)[1] == 0


def test_a_named_lock_has_one_holder_until_it_ends(store, clock):
    assert store.acquire_named_lock("clock", "a", 10)
    assert not store.acquire_named_lock("clock", "b", 10)
    assert store.acquire_named_lock("clock", "a", 10)
    after(clock, 11)
    assert store.acquire_named_lock("clock", "b", 10)
    assert not store.acquire_named_lock("unheard_of", "a", 10)


def test_bodies_and_packages_are_destroyed_at_their_age(store, clock):
    failed = accepted(store, "orders/create", {"id": 1})
    finish_leased_delivery(store, failed, DeliveryState.FAILED)
    store.accept_delivery(make_delivery(state=DeliveryState.REJECTED, reason="shop_unknown"))
    accepted(store, "orders/create", {"id": 2})
    request = make_request()
    with store.transaction() as tx:
        task = make_task(request.id)
        opened(tx, request, task)
        tx.findings.add_findings(task, page(make_finding()))
        with write_package(tx, request.id) as out:
            out.write(b"Asha")
    clock.at = NOW + timedelta(days=14)
    assert store.expire_bodies_and_packages(keep_failed_days=90, keep_packages_days=14) == {
        "raw_bodies": 0,
        "packages": 0,
        "request_details": 0,
    }
    clock.at = NOW + timedelta(days=14, seconds=1)
    assert store.expire_bodies_and_packages(keep_failed_days=90, keep_packages_days=14) == {
        "raw_bodies": 0,
        "packages": 1,
        "request_details": 0,
    }
    clock.at = NOW + timedelta(days=91)
    assert store.expire_bodies_and_packages(keep_failed_days=90, keep_packages_days=14) == {
        "raw_bodies": 2,
        "packages": 0,
        "request_details": 0,
    }
    with store.transaction() as tx:
        assert list(tx.findings.read_findings(request.id)) == list(tx.packages.read_package(request.id)) == []
        assert tx.operator_queries.reveal_delivery(failed.id).raw == b""
        assert tx.operator_queries.replay_deliveries([failed.id]) == []


@pytest.mark.parametrize(("state", "erased"), [("done", True), ("waiting", False)])
def test_a_done_request_loses_its_principal_with_its_package(store, clock, state, erased):
    request = make_request()
    with store.transaction() as tx:
        opened(tx, request)
        with write_package(tx, request.id) as out:
            out.write(b"Asha")
        released = {"state": RequestState(state), "wake_at": None, "complete": False, "closed_at": NOW}
        tx.requests.release_lease(tx.requests.acquire_lease(request.id), **released)
    clock.at = NOW + timedelta(days=15)
    store.expire_bodies_and_packages(keep_failed_days=90, keep_packages_days=14)
    with store.transaction() as tx:
        assert tx.requests.get_request(request.id).principal == (Principal() if erased else request.principal)


def test_a_request_that_does_not_open_does_not_stop_the_expiry(store, clock):
    request = make_request()
    with store.transaction() as tx:
        opened(tx, request)
        with write_package(tx, request.id) as out:
            out.write(b"Asha")
        tx.session.connection.execute(data_keys.delete())
    clock.at = NOW + timedelta(days=15)
    assert store.expire_bodies_and_packages(keep_failed_days=90, keep_packages_days=14)["packages"] == 1


def test_a_failed_delivery_is_put_back_as_if_just_received(store, clock):
    failed, rejected = (accepted(store, "orders/create", {"id": number}) for number in (1, 2))
    finish_leased_delivery(store, failed, DeliveryState.FAILED)
    finish_leased_delivery(store, rejected, DeliveryState.REJECTED)
    after(clock, 60)
    with store.transaction() as tx:
        assert tx.operator_queries.replay_deliveries([failed.id, rejected.id, "dlv_none"]) == [failed.id]
    with store.transaction() as tx:
        _, opened_again = tx.inbox.acquire_lease(failed.id)
    assert opened_again == failed


def test_the_inbox_is_listed_newest_first_without_bodies(store):
    old = accepted(store, "orders/create", {"id": 1}, received_at=NOW - timedelta(days=1))
    new = accepted(store, "customers/redact", {"id": 2})
    with store.transaction() as tx:
        listed = tx.operator_queries.list_deliveries()
        assert [row["id"] for row in listed] == [new.id, old.id]
        assert not {"body", "digest", "once_key"} & set(listed[0])
        assert [row["id"] for row in tx.operator_queries.list_deliveries(limit=1)] == [new.id]
        assert [row["id"] for row in tx.operator_queries.list_deliveries(topic="orders/create")] == [old.id]
        assert [row["id"] for row in tx.operator_queries.list_deliveries(since=NOW)] == [new.id]
        assert [row["id"] for row in tx.operator_queries.list_deliveries(ids=[old.id], state="received")] == [old.id]
        assert tx.operator_queries.list_deliveries(state="done") == []
        assert tx.operator_queries.list_last_received() == {
            (SHOP, "orders/create"): old.received_at,
            (SHOP, "customers/redact"): new.received_at,
        }


def test_health_counts_states_and_what_is_late(store, clock):
    accepted(store, "orders/create", {"id": 1}, shop=OTHER_SHOP)
    with store.transaction() as tx:
        opened(tx, make_request())
        opened(tx, make_request(subject="b", closed_at=NOW, answered_at=NOW, answer_basis=AnswerBasis.DELIVERED))
        opened(tx, make_request(subject="c", kind=RequestKind.ERASURE, closed_at=NOW))
        assert tx.operator_queries.count_by_state() == {
            "deliveries": {"received": 1},
            "requests": {"in_progress": 3},
            "notices": {},
            "late": {"requests": 0, "notices": 0},
            "remnants": {"overdue": 0},
            "stuck": {"entries": 0},
            "platform_customers": {"in_doubt": 0},
        }
    clock.at = NOW + timedelta(days=31)
    with store.transaction() as tx:
        assert tx.operator_queries.count_by_state()["late"] == {"requests": 1, "notices": 0}


def test_health_counts_overdue_notices_and_blocked_items(store):
    with store.transaction() as tx:
        tx.notices.open_notice(make_notice(state=NoticeState.SENT, due_at=NOW - timedelta(days=1)), [])
        tx.notices.open_notice(make_notice(state=NoticeState.SENT, due_at=NOW + timedelta(days=1)), [])
        tx.notice_items.add_items([make_entry(reason="contact_not_verified"), make_entry(reason="parcel_moving")])
        counts = tx.operator_queries.count_by_state()
    assert (counts["notices"], counts["late"]["notices"], counts["stuck"]) == ({"sent": 2}, 1, {"entries": 1})


def test_a_lease_is_renewed_while_its_block_works(database_url, vault, clock):
    store = SqlStore(database_url, keyring=vault, now=clock.now, lease_s=0.15)
    request = make_request()
    with store.transaction() as tx:
        opened(tx, request)
        lease = tx.requests.acquire_lease(request.id)
    clock.at = NOW + timedelta(hours=1)
    deadline = time.monotonic() + 5
    with store.renewing_lease(lease):
        while _lease(store) < clock.at and time.monotonic() < deadline:
            time.sleep(0.01)
    assert _lease(store) == clock.at + timedelta(seconds=0.15)
    with store.renewing_lease(replace(lease, fence=9)):
        time.sleep(0.1)
    assert _lease(store) == clock.at + timedelta(seconds=0.15)
    store.close()


def _lease(store):
    with store.engine.connect() as connection:
        return connection.scalar(select(requests.c.lease_until))


def test_tokens_are_shared_and_sealed_and_a_missing_database_is_no_error(store, vault, clock, tmp_path):
    tokens = StoredTokenCache(store)
    assert tokens.get_access_token(SHOP) is None
    tokens.save_token(SHOP, "shpat_1", NOW)
    assert StoredTokenCache(store).get_access_token(SHOP) == ("shpat_1", NOW)
    away = SqlStore(f"sqlite:///{tmp_path}/empty.db", keyring=vault, now=clock.now)
    StoredTokenCache(away).save_token(SHOP, "shpat_1", NOW)
    assert StoredTokenCache(away).get_access_token(SHOP) is None
    away.close()


def test_errors_of_the_database_lose_their_text(store, vault, clock):
    store.ping()
    with pytest.raises(StoreFault) as caught, store.transaction() as tx:
        tx.session.connection.execute(deliveries.insert().values(id="dlv_qwertzuiop"))
    assert "qwertzuiop" not in str(caught.value)
    assert caught.value.__cause__ is None
    away = SqlStore("postgresql+psycopg://nobody@/x?host=/nowhere", keyring=vault, now=clock.now)
    with pytest.raises(StoreUnavailable):
        away.ping()
    with pytest.raises(StoreUnavailable):
        away.accept_delivery(make_delivery())
    away.close()


def test_a_lost_lease_names_only_the_row(store):
    with pytest.raises(LeaseLost, match=r"^req_none$"), store.transaction() as tx:
        tx.requests.verify_lease(lose_lease("req_none"))


def lose_lease(row_id):
    return Lease(row_id=row_id, fence=1)


def test_ids_sort_by_time_and_are_unique():
    made = [new_id("dlv")]
    while len(made) < 5:
        time.sleep(0.002)
        made.append(new_id("dlv"))
    assert made == sorted(set(made))
    assert all(len(one) == 30 for one in made)
