"""Requests: opened once, owned by one, joined by the same person's next, released, never forgotten."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from bridge.errors import LeaseLost
from bridge.model import Absence, Gap, Outcome, Principal, RequestKind, RequestState, TaskAction, TaskState
from bridge.store.requests.request_rows import request_from_row
from bridge.store.schema.tables import data_keys, requests
from tests.factories import (
    ASHA,
    NOW,
    OTHER_SHOP,
    SHOP,
    make_finding,
    make_request,
    make_task,
    merged,
    opened,
)
from tests.fakes import page

LATER = NOW + timedelta(hours=1)


def claimed(store, request_id):
    with store.transaction() as tx:
        return tx.requests.acquire_lease(request_id)


def read(store, request_id):
    with store.transaction() as tx:
        return tx.requests.get_request(request_id), tx.requests.list_tasks(request_id)


def release(tx, claim, state, **given):
    told = {"wake_at": None, "complete": None, "closed_at": None}
    tx.requests.release_lease(claim, state=state, **(told | given))


@pytest.fixture
def request_(store):
    request = make_request()
    with store.transaction() as tx:
        opened(tx, request, make_task(request.id), make_task(request.id, "delhivery"))
    return request


def test_a_request_reads_back_as_it_was_opened(store, request_):
    read_back, tasks = read(store, request_.id)
    assert read_back == request_
    assert [task.system for task in tasks] == ["shopify", "delhivery"]
    with store.transaction() as tx:
        assert tx.requests.get_request("req_none") is None
        assert tx.requests.acquire_lease("req_none") is None


def test_the_same_idempotency_key_opens_nothing_a_second_time(store):
    first, second = make_request(), make_request(subject="another")
    with store.transaction() as tx:
        opened(tx, first, once="shop|access|9999")
    with store.transaction() as tx:
        assert (
            tx.requests.open_request(second, idempotency_key="shop|access|9999", tasks=[make_task(second.id)])
            is None
        )
        assert tx.requests.list_tasks(second.id) == []
        assert tx.requests.find_request_by_idempotency_key("shop|access|9999") == first
        assert tx.requests.find_request_by_idempotency_key("shop|access|1") is None


def test_the_same_person_and_kind_in_flight_is_found_and_not_opened_twice(store, request_):
    with store.transaction() as tx:
        assert tx.requests.open_request(make_request(), idempotency_key="another", tasks=[]) is None
        assert tx.requests.find_open_request(SHOP, RequestKind.ACCESS, request_.subject) == request_
        assert tx.requests.find_open_request(SHOP, RequestKind.ERASURE, request_.subject) is None
        assert tx.requests.find_open_request(OTHER_SHOP, RequestKind.ACCESS, request_.subject) is None
        opened(tx, make_request(kind=RequestKind.ERASURE))


def test_a_request_that_is_done_takes_nobody_in(store, request_):
    claim = claimed(store, request_.id)
    with store.transaction() as tx:
        release(tx, claim, RequestState.DONE, complete=True, closed_at=NOW)
    with store.transaction() as tx:
        assert tx.requests.find_open_request(SHOP, RequestKind.ACCESS, request_.subject) is None
        opened(tx, make_request())
    assert claimed(store, request_.id) is None


def test_a_request_has_one_owner_until_its_lease_lapses(store, clock, request_):
    first = claimed(store, request_.id)
    assert claimed(store, request_.id) is None
    clock.at = NOW + timedelta(seconds=14)
    with store.transaction() as tx:
        tx.requests.verify_lease(first)
    clock.at = NOW + timedelta(seconds=28)
    assert claimed(store, request_.id) is None
    clock.at = NOW + timedelta(seconds=30)
    second = claimed(store, request_.id)
    assert (first.fence, second.fence) == (1, 2)
    for write in (
        lambda tx: tx.requests.verify_lease(first),
        lambda tx: release(tx, first, RequestState.DONE),
        lambda tx: tx.requests.postpone_request(first, "x", LATER),
        lambda tx: tx.requests.fail_request(first, "x"),
    ):
        with pytest.raises(LeaseLost), store.transaction() as tx:
            write(tx)
    assert read(store, request_.id)[0].attempts == 2


def test_a_released_request_is_free_and_its_attempts_begin_anew(store, request_):
    claim = claimed(store, request_.id)
    with store.transaction() as tx:
        release(tx, claim, RequestState.WAITING, wake_at=LATER, complete=False, closed_at=NOW)
    request, _ = read(store, request_.id)
    assert (request.state, request.complete, request.closed_at) == (RequestState.WAITING, False, NOW)
    assert request.attempts == 0
    assert claimed(store, request_.id).fence == 2


def test_a_request_that_was_given_back_is_not_held_again(store, request_):
    with store.transaction() as tx:
        claim = tx.requests.acquire_lease(request_.id)
        tx.requests.release_lease(
            claim, state=RequestState.WAITING, wake_at=NOW, complete=False, closed_at=None
        )
    with pytest.raises(LeaseLost), store.transaction() as tx:
        tx.requests.verify_lease(claim)
    with store.transaction() as tx:
        assert tx.requests.acquire_lease(request_.id)


def test_a_postponed_request_comes_back_at_its_time(store, clock, request_):
    claim = claimed(store, request_.id)
    with store.transaction() as tx:
        tx.requests.postpone_request(claim, "KeyError at x.py:1 f", LATER)
    assert claimed(store, request_.id) is None
    clock.at = LATER
    assert claimed(store, request_.id).fence == 2
    assert read(store, request_.id)[0].last_error == "KeyError at x.py:1 f"


def test_a_failed_request_is_a_dead_letter_that_restart_brings_back(store, request_):
    claim = claimed(store, request_.id)
    with store.transaction() as tx:
        tx.requests.fail_request(claim, "gave_up")
    assert read(store, request_.id)[0].state is RequestState.FAILED
    assert claimed(store, request_.id) is None
    with store.transaction() as tx:
        assert tx.requests.find_open_request(SHOP, RequestKind.ACCESS, request_.subject) is not None
        tx.requests.restart_request(request_.id)
    request, _ = read(store, request_.id)
    assert (request.state, request.attempts, request.last_error) == (RequestState.IN_PROGRESS, 0, "")
    assert claimed(store, request_.id)


def test_restart_goes_on_from_the_last_page_and_moves_no_clock(store, request_):
    failed, retried = read(store, request_.id)[1]
    waiting = make_task(
        request_.id, "shopify", TaskAction.POLL_PLATFORM_ERASURE, state=TaskState.WAITING, wake_at=LATER
    )
    asked = make_task(request_.id, "bluedart", TaskAction.NOTIFY_PROCESSOR, state=TaskState.WAITING)
    with store.transaction() as tx:
        tx.requests.save_task(replace(failed, state=TaskState.FAILED, cursor="p2", attempts=3))
        tx.requests.save_task(replace(retried, state=TaskState.RETRY, wake_at=LATER, records=4))
        tx.requests.save_task(waiting)
        tx.requests.save_task(asked)
        tx.requests.restart_request(request_.id)
    request, (first, second, follow, instruct) = read(store, request_.id)
    assert (first.state, first.cursor, first.attempts) == (TaskState.PENDING, "p2", 0)
    assert (second.state, second.wake_at, second.records) == (TaskState.PENDING, None, 4)
    assert (follow.state, follow.wake_at) == (TaskState.WAITING, NOW)
    assert (instruct.state, instruct.wake_at) == (TaskState.WAITING, None)
    assert request == request_


def test_restart_asks_again_from_the_start_where_an_answer_had_gaps(store, request_):
    partly, whole = read(store, request_.id)[1]
    done = {"state": TaskState.DONE, "records": 1, "cursor": "p9"}
    with store.transaction() as tx:
        for task, outcome in ((partly, Outcome.INCOMPLETE), (whole, Outcome.FOUND)):
            tx.findings.add_findings(task, page(make_finding()))
            tx.requests.save_task(replace(task, outcome=outcome, **done))
        tx.requests.restart_request(request_.id)
        assert [system for system, _ in tx.findings.read_findings(request_.id)] == ["delhivery"]
    first, second = read(store, request_.id)[1]
    assert (first.state, first.records, first.cursor, first.outcome) == (TaskState.PENDING, 0, "", None)
    assert (second.state, second.records, second.cursor) == (TaskState.DONE, 1, "p9")


def test_joining_with_nothing_new_only_restarts(store, request_):
    claim = claimed(store, request_.id)
    with store.transaction() as tx:
        tx.requests.widen_request(request_.id, Principal(customer_id="7001"))
        tx.requests.widen_request("req_none", ASHA)
        tx.requests.verify_lease(claim)
    assert read(store, request_.id)[0] == request_


def test_joining_with_more_orders_runs_again_and_fences_the_worker_off(store, request_):
    task = read(store, request_.id)[1][0]
    claim = claimed(store, request_.id)
    gap = Gap(system="shopify", absence=Absence.DENIED, what="events", reason="scope")
    with store.transaction() as tx:
        tx.findings.add_findings(task, page(make_finding()))
        tx.requests.save_task(
            replace(task, state=TaskState.DONE, outcome=Outcome.FOUND, records=1, cursor="p1", gaps=(gap,))
        )
    with store.transaction() as tx:
        tx.requests.widen_request(request_.id, Principal(order_ids=("1", "2")))
        tx.requests.widen_request(request_.id, Principal(order_ids=("2", "3")))
    with pytest.raises(LeaseLost), store.transaction() as tx:
        tx.requests.verify_lease(claim)
    request, tasks = read(store, request_.id)
    assert request.principal == replace(ASHA, order_ids=("1", "2", "3"))
    assert (tasks[0].state, tasks[0].records, tasks[0].cursor, tasks[0].gaps) == (
        TaskState.PENDING,
        0,
        "",
        (),
    )
    with store.transaction() as tx:
        assert list(tx.findings.read_findings(request_.id)) == []
    assert claimed(store, request_.id)


def test_joining_a_request_about_a_merged_id_names_the_customer_that_was_kept(store):
    gone, kept = Principal(customer_id="7000"), Principal(customer_id="7001", email=ASHA.email)
    request = make_request(kind=RequestKind.ERASURE, principal=gone)
    with store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [merged(7000, 7001)])
        opened(tx, request)
        tx.requests.widen_request(request.id, kept)
    assert read(store, request.id)[0].principal == kept
    with store.transaction() as tx:
        tx.requests.widen_request(request.id, gone)
    assert read(store, request.id)[0].principal == kept


def test_a_principal_that_is_forgotten_is_gone_and_so_is_her_key(store, request_):
    with store.transaction() as tx:
        tx.requests.replace_principal(request_, None)
    request, _ = read(store, request_.id)
    assert request.principal == Principal()
    with store.engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(data_keys)) == 0


def test_what_an_erasure_still_says_of_her_has_a_key_of_its_own(store):
    request = make_request(kind=RequestKind.ERASURE)
    with store.transaction() as tx:
        opened(tx, request)
        hers = tx.session.get_or_create_data_key(SHOP, request.subject).id
        tx.requests.replace_principal(request, Principal(customer_id="7001"))
    with store.transaction() as tx:
        assert tx.requests.get_request(request.id).principal == Principal(customer_id="7001")
        assert tx.session.find_data_key(hers) is None


def test_a_task_reads_back_as_it_was_saved_and_its_cursor_rests_sealed(store, request_):
    gap = Gap(system="shopify", absence=Absence.UNREACHED, what="all records", reason="timeout")
    task = make_task(
        request_.id,
        "shopify",
        TaskAction.POLL_PLATFORM_ERASURE,
        state=TaskState.RETRY,
        attempts=2,
        records=7,
        outcome=Outcome.UNREACHED,
        last_error="x" * 200,
        cursor="qwertzuiop",
        gaps=(gap,),
        wake_at=LATER,
        expected_by=LATER,
        finished_at=NOW,
        detail={"waybills": 1},
    )
    with store.transaction() as tx:
        tx.requests.save_task(task)
        tx.requests.save_task(task)
    assert read(store, request_.id)[1][-1] == task


def test_a_listing_describes_without_the_person(store, request_):
    with store.transaction() as tx:
        [listed] = tx.operator_queries.list_requests(state="in_progress", kind="access", shop=SHOP)
        assert tx.operator_queries.list_requests(state="done") == []
        row = tx.session.connection.execute(select(requests)).one()
    assert listed == replace(request_, principal=Principal())
    assert request_from_row(row, ASHA) == request_
