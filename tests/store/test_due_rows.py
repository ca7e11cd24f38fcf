"""What is due is rung for, locks are held for a while, what is over is destroyed, operators see it all."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from bridge.errors import LeaseLost, StoreUnavailable
from bridge.model import DeliveryState, NoticeState, Principal, RequestState
from bridge.ports import Lease
from bridge.store import SqlStore
from bridge.store.engine import StoreFault
from bridge.store.schema.tables import data_keys, deliveries, requests
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


def ring(store, room=200, heard=True):
    bells = []

    def bell(*job):
        bells.append(job)
        return heard

    return bells, store.enqueue_due(bell, max_jobs=room)


def after(clock, seconds):
    clock.at = NOW + timedelta(seconds=seconds)


def settle(store, delivery, state, reason="x"):
    with store.transaction() as tx:
        tx.inbox.finish_delivery(tx.inbox.acquire_lease(delivery.id)[0], state, reason)


def test_the_bell_comes_first_and_sweep_after_a_grace(store, clock):
    redact = accepted(store, "customers/redact", {"id": 1})
    accepted(store, "orders/create", {"id": 2})
    accepted(store, "orders/paid", {"id": 3})
    request = make_request()
    with store.transaction() as tx:
        opened(tx, request)
    assert ring(store) == ([], 0)
    after(clock, 5)
    bells, heard = ring(store)
    assert sorted(bells) == [
        ("dispatch", redact.id, True),
        ("index", SHOP, False),
        ("process", request.id, True),
    ]
    assert heard == 3


def test_a_row_is_rung_for_again_only_after_a_while(store, clock):
    accepted(store, "orders/create", {"id": 2})
    after(clock, 5)
    assert ring(store, heard=False)[1] == 0
    after(clock, 20)
    assert ring(store) == ([], 0)
    after(clock, 21)
    assert ring(store) == ([("index", SHOP, False)], 1)


def test_nobody_is_rung_for_a_row_that_is_owned_or_done(store, clock):
    owned, done = (accepted(store, "orders/create", {"id": number}) for number in (1, 2))
    request = make_request()
    with store.transaction() as tx:
        opened(tx, request)
    after(clock, 5)
    settle(store, done, DeliveryState.DONE)
    with store.transaction() as tx:
        tx.inbox.acquire_lease(owned.id)
        claim = tx.requests.acquire_lease(request.id)
    assert ring(store) == ([], 0)
    with store.transaction() as tx:
        tx.requests.release_lease(
            claim, state=RequestState.DONE, wake_at=None, complete=True, closed_at=clock.at
        )
    after(clock, 60)
    assert ring(store) == ([("index", SHOP, False)], 1)


def test_privacy_work_is_rung_for_first_and_within_the_room_however_much_waits(store, clock):
    for number in range(5):
        accepted(store, "orders/create", {"id": number}, shop=f"shop{number}.myshopify.com")
    redact = accepted(store, "customers/redact", {"id": 1}, received_at=NOW + timedelta(seconds=1))
    request = make_request()
    with store.transaction() as tx:
        opened(tx, request)
    after(clock, 10)
    assert ring(store, room=2) == ([("dispatch", redact.id, True), ("process", request.id, True)], 2)
    assert ring(store, room=3)[1] == 3
    assert ring(store)[1] == 2
    assert ring(store)[1] == 0


def test_a_lock_is_held_by_one_until_it_ends(store, clock):
    assert store.acquire_named_lock("clock", "a", 10)
    assert not store.acquire_named_lock("clock", "b", 10)
    assert store.acquire_named_lock("clock", "a", 10)
    after(clock, 11)
    assert store.acquire_named_lock("clock", "b", 10)
    assert not store.acquire_named_lock("unheard_of", "a", 10)


def test_bodies_and_packages_are_destroyed_when_their_days_are_over(store, clock):
    failed = accepted(store, "orders/create", {"id": 1})
    settle(store, failed, DeliveryState.FAILED)
    store.accept_delivery(make_delivery(state=DeliveryState.REJECTED, reason="shop_unknown"))
    accepted(store, "orders/create", {"id": 2})
    request = make_request()
    with store.transaction() as tx:
        task = make_task(request.id)
        opened(tx, request, task)
        tx.findings.add_findings(task, page(make_finding()))
        with tx.packages.write_package(request.id) as out:
            out.write(b"Asha")
    clock.at = NOW + timedelta(days=14)
    assert store.expire_bodies_and_packages(keep_failed_days=90, keep_packages_days=14) == {
        "raw_bodies": 0,
        "packages": 0,
    }
    clock.at = NOW + timedelta(days=14, seconds=1)
    assert store.expire_bodies_and_packages(keep_failed_days=90, keep_packages_days=14) == {
        "raw_bodies": 0,
        "packages": 1,
    }
    clock.at = NOW + timedelta(days=91)
    assert store.expire_bodies_and_packages(keep_failed_days=90, keep_packages_days=14) == {
        "raw_bodies": 2,
        "packages": 0,
    }
    with store.transaction() as tx:
        assert list(tx.findings.read_findings(request.id)) == list(tx.packages.read_package(request.id)) == []
        assert tx.operator_queries.reveal_delivery(failed.id).raw == b""
        assert tx.operator_queries.replay_deliveries([failed.id]) == []


@pytest.mark.parametrize(("state", "forgotten"), [("done", True), ("waiting", False)])
def test_a_request_that_is_done_forgets_the_person_with_its_package(store, clock, state, forgotten):
    request = make_request()
    with store.transaction() as tx:
        opened(tx, request)
        with tx.packages.write_package(request.id) as out:
            out.write(b"Asha")
        told = {"state": RequestState(state), "wake_at": None, "complete": False, "closed_at": NOW}
        tx.requests.release_lease(tx.requests.acquire_lease(request.id), **told)
    clock.at = NOW + timedelta(days=15)
    store.expire_bodies_and_packages(keep_failed_days=90, keep_packages_days=14)
    with store.transaction() as tx:
        assert tx.requests.get_request(request.id).principal == (
            Principal() if forgotten else request.principal
        )


def test_a_request_that_does_not_open_does_not_stop_the_purge(store, clock):
    request = make_request()
    with store.transaction() as tx:
        opened(tx, request)
        with tx.packages.write_package(request.id) as out:
            out.write(b"Asha")
        tx.session.connection.execute(data_keys.delete())
    clock.at = NOW + timedelta(days=15)
    assert store.expire_bodies_and_packages(keep_failed_days=90, keep_packages_days=14)["packages"] == 1


def test_what_failed_is_put_back_as_if_it_had_just_come(store, clock):
    failed, rejected = (accepted(store, "orders/create", {"id": number}) for number in (1, 2))
    settle(store, failed, DeliveryState.FAILED)
    settle(store, rejected, DeliveryState.REJECTED)
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
        assert [row["id"] for row in tx.operator_queries.list_deliveries(ids=[old.id], state="received")] == [
            old.id
        ]
        assert tx.operator_queries.list_deliveries(state="done") == []
        assert tx.operator_queries.list_last_received() == {
            (SHOP, "orders/create"): old.received_at,
            (SHOP, "customers/redact"): new.received_at,
        }


def test_health_counts_states_and_what_is_late(store, clock):
    accepted(store, "orders/create", {"id": 1}, shop=OTHER_SHOP)
    with store.transaction() as tx:
        opened(tx, make_request())
        opened(tx, make_request(subject="b", closed_at=NOW))
        assert tx.operator_queries.count_by_state() == {
            "deliveries": {"received": 1},
            "requests": {"in_progress": 2},
            "notices": {},
            "late": {"requests": 0, "notices": 0},
            "stuck": {"entries": 0},
        }
    clock.at = NOW + timedelta(days=31)
    with store.transaction() as tx:
        assert tx.operator_queries.count_by_state()["late"] == {"requests": 1, "notices": 0}


def test_health_counts_notices_that_are_overdue_and_entries_that_nobody_can_send(store):
    with store.transaction() as tx:
        tx.notices.open_notice(make_notice(state=NoticeState.SENT, due_at=NOW - timedelta(days=1)), [])
        tx.notices.open_notice(make_notice(state=NoticeState.SENT, due_at=NOW + timedelta(days=1)), [])
        tx.notices.add_items([make_entry(reason="contact_not_verified"), make_entry(reason="parcel_moving")])
        counts = tx.operator_queries.count_by_state()
    assert (counts["notices"], counts["late"]["notices"], counts["stuck"]) == ({"sent": 2}, 1, {"entries": 1})


def test_a_lease_is_renewed_while_its_block_works(database_url, vault, clock):
    store = SqlStore(database_url, keyring=vault, now=clock.now, lease_s=0.15)
    request = make_request()
    with store.transaction() as tx:
        opened(tx, request)
        claim = tx.requests.acquire_lease(request.id)
    clock.at = NOW + timedelta(hours=1)
    deadline = time.monotonic() + 5
    with store.renewing_lease(claim):
        while _lease(store) < clock.at and time.monotonic() < deadline:
            time.sleep(0.01)
    assert _lease(store) == clock.at + timedelta(seconds=0.15)
    with store.renewing_lease(replace(claim, fence=9)):
        time.sleep(0.1)
    assert _lease(store) == clock.at + timedelta(seconds=0.15)
    store.close()


def _lease(store):
    with store.engine.connect() as connection:
        return connection.scalar(select(requests.c.lease_until))


def test_tokens_are_shared_sealed_and_no_fault_when_the_database_is_away(store, vault, clock, tmp_path):
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


def test_a_lost_claim_says_only_which_row(store):
    with pytest.raises(LeaseLost, match=r"^req_none$"), store.transaction() as tx:
        tx.requests.verify_lease(_claim("req_none"))


def _claim(row_id):
    return Lease(row_id=row_id, fence=1)


def test_ids_sort_by_time_and_are_never_the_same():
    made = [new_id("dlv")]
    while len(made) < 5:
        time.sleep(0.002)
        made.append(new_id("dlv"))
    assert made == sorted(set(made))
    assert all(len(one) == 30 for one in made)
