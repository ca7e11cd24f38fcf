"""Requests: opened once, leased by one worker, joined by the data subject's next request, released."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from bridge.errors import LeaseLost
from bridge.model import (
    Absence,
    Gap,
    GatherProgress,
    Outcome,
    Principal,
    RequestKind,
    RequestState,
    TaskAction,
    TaskState,
)
from bridge.store.requests.requests import request_from_row
from bridge.store.schema.index_tables import data_keys
from bridge.store.schema.tables import requests
from bridge.store.selection.row_filter import RowFilter
from tests.factories import ASHA, NOW, OTHER_SHOP, SHOP, make_finding, make_request, make_task, merged, opened
from tests.fakes import page
from tests.kit.running import acquire_lease

LATER = NOW + timedelta(hours=1)


def read_with_tasks(store, request_id):
    with store.transaction() as tx:
        return tx.requests.get_request(request_id), tx.tasks.list_tasks(request_id)


def release(tx, lease, state, **given):
    values = {"wake_at": None, "complete": None, "closed_at": None}
    tx.requests.release_lease(lease, state=state, **(values | given))


@pytest.fixture
def request_(store):
    request = make_request()
    with store.transaction() as tx:
        opened(tx, request, make_task(request.id), make_task(request.id, "delhivery"))
    return request


def test_a_request_reads_back_as_it_was_opened(store, request_):
    read_back, tasks = read_with_tasks(store, request_.id)
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
            tx.requests.open_request(second, idempotency_key="shop|access|9999", tasks=[make_task(second.id)]) is None
        )
        assert tx.tasks.list_tasks(second.id) == []
        assert tx.requests.find_request_by_idempotency_key("shop|access|9999") == first
        assert tx.requests.find_request_by_idempotency_key("shop|access|1") is None


def test_an_open_request_of_the_same_person_and_kind_is_found_and_not_opened_twice(store, request_):
    with store.transaction() as tx:
        assert tx.requests.open_request(make_request(), idempotency_key="another", tasks=[]) is None
        assert tx.requests.find_open_request(SHOP, RequestKind.ACCESS, request_.subject) == request_
        assert tx.requests.find_open_request(SHOP, RequestKind.ERASURE, request_.subject) is None
        assert tx.requests.find_open_request(OTHER_SHOP, RequestKind.ACCESS, request_.subject) is None
        opened(tx, make_request(kind=RequestKind.ERASURE))


def test_a_done_request_is_not_joined(store, request_):
    lease = acquire_lease(store, request_.id)
    with store.transaction() as tx:
        release(tx, lease, RequestState.DONE, complete=True, closed_at=NOW)
    with store.transaction() as tx:
        assert tx.requests.find_open_request(SHOP, RequestKind.ACCESS, request_.subject) is None
        opened(tx, make_request())
    assert acquire_lease(store, request_.id) is None


def test_a_request_has_one_worker_until_its_lease_ends(store, clock, request_):
    first = acquire_lease(store, request_.id)
    assert acquire_lease(store, request_.id) is None
    clock.at = NOW + timedelta(seconds=14)
    with store.transaction() as tx:
        tx.requests.verify_lease(first)
    clock.at = NOW + timedelta(seconds=28)
    assert acquire_lease(store, request_.id) is None
    clock.at = NOW + timedelta(seconds=30)
    second = acquire_lease(store, request_.id)
    assert (first.fence, second.fence) == (1, 2)
    for write in (
        lambda tx: tx.requests.verify_lease(first),
        lambda tx: release(tx, first, RequestState.DONE),
        lambda tx: tx.requests.postpone_request(first, "x", LATER),
        lambda tx: tx.requests.fail_request(first, "x"),
    ):
        with pytest.raises(LeaseLost), store.transaction() as tx:
            write(tx)
    assert read_with_tasks(store, request_.id)[0].attempts == 2


def test_a_released_request_is_free_and_its_attempts_start_at_zero(store, request_):
    lease = acquire_lease(store, request_.id)
    with store.transaction() as tx:
        release(tx, lease, RequestState.WAITING, wake_at=LATER, complete=False, closed_at=NOW)
    request, _ = read_with_tasks(store, request_.id)
    assert (request.state, request.complete, request.closed_at) == (RequestState.WAITING, False, NOW)
    assert request.attempts == 0
    assert acquire_lease(store, request_.id).fence == 2


def test_a_released_lease_is_not_renewed(store, request_):
    with store.transaction() as tx:
        lease = tx.requests.acquire_lease(request_.id)
        tx.requests.release_lease(lease, state=RequestState.WAITING, wake_at=NOW, complete=False, closed_at=None)
    with pytest.raises(LeaseLost), store.transaction() as tx:
        tx.requests.verify_lease(lease)
    with store.transaction() as tx:
        assert tx.requests.acquire_lease(request_.id)


def test_a_postponed_request_is_due_at_its_time(store, clock, request_):
    lease = acquire_lease(store, request_.id)
    with store.transaction() as tx:
        tx.requests.postpone_request(lease, "KeyError at x.py:1 f", LATER)
    assert acquire_lease(store, request_.id) is None
    clock.at = LATER
    assert acquire_lease(store, request_.id).fence == 2
    assert read_with_tasks(store, request_.id)[0].last_error == "KeyError at x.py:1 f"


def test_a_failed_request_is_run_again_by_restart(store, request_):
    lease = acquire_lease(store, request_.id)
    with store.transaction() as tx:
        tx.requests.fail_request(lease, "gave_up")
    assert read_with_tasks(store, request_.id)[0].state is RequestState.FAILED
    assert acquire_lease(store, request_.id) is None
    with store.transaction() as tx:
        assert tx.requests.find_open_request(SHOP, RequestKind.ACCESS, request_.subject) is not None
        tx.request_changes.restart_request(request_.id)
    request, _ = read_with_tasks(store, request_.id)
    assert (request.state, request.attempts, request.last_error) == (RequestState.IN_PROGRESS, 0, "")
    assert acquire_lease(store, request_.id)


def test_restart_continues_from_the_last_page_and_moves_no_clock(store, request_):
    failed, retried = read_with_tasks(store, request_.id)[1]
    waiting = make_task(
        request_.id, "shopify", TaskAction.POLL_PLATFORM_ERASURE, state=TaskState.WAITING, wake_at=LATER
    )
    calls = make_task(request_.id, "bluedart", TaskAction.NOTIFY_PROCESSOR, state=TaskState.WAITING)
    with store.transaction() as tx:
        tx.tasks.save_task(replace(failed, state=TaskState.FAILED, progress=GatherProgress(cursor="p2"), attempts=3))
        tx.tasks.save_task(replace(retried, state=TaskState.RETRY, wake_at=LATER, records=4))
        tx.tasks.save_task(waiting)
        tx.tasks.save_task(calls)
        tx.request_changes.restart_request(request_.id)
    request, (first, second, follow, notify_task) = read_with_tasks(store, request_.id)
    assert (first.state, first.progress.cursor, first.attempts) == (TaskState.PENDING, "p2", 0)
    assert (second.state, second.wake_at, second.records) == (TaskState.PENDING, None, 4)
    assert (follow.state, follow.wake_at) == (TaskState.WAITING, NOW)
    assert (notify_task.state, notify_task.wake_at) == (TaskState.WAITING, None)
    assert request == request_


def test_restart_begins_again_where_an_answer_had_gaps(store, request_):
    partly, complete_task = read_with_tasks(store, request_.id)[1]
    done = {"state": TaskState.DONE, "records": 1, "progress": GatherProgress(cursor="p9")}
    with store.transaction() as tx:
        for task, outcome in ((partly, Outcome.INCOMPLETE), (complete_task, Outcome.FOUND)):
            tx.findings.add_findings(task, page(make_finding()))
            tx.tasks.save_task(replace(task, outcome=outcome, **done))
        tx.request_changes.restart_request(request_.id)
        assert [system for system, _ in tx.findings.read_findings(request_.id)] == ["delhivery"]
    first, second = read_with_tasks(store, request_.id)[1]
    assert (first.state, first.records, first.progress.cursor, first.outcome) == (TaskState.PENDING, 0, "", None)
    assert (second.state, second.records, second.progress.cursor) == (TaskState.DONE, 1, "p9")


def test_joining_with_nothing_new_only_restarts(store, request_):
    lease = acquire_lease(store, request_.id)
    with store.transaction() as tx:
        tx.request_changes.widen_request(request_.id, Principal(customer_id="7001"))
        tx.request_changes.widen_request("req_none", ASHA)
        tx.requests.verify_lease(lease)
    assert read_with_tasks(store, request_.id)[0] == request_


def test_joining_with_more_orders_runs_again_and_revokes_the_lease(store, request_):
    task = read_with_tasks(store, request_.id)[1][0]
    lease = acquire_lease(store, request_.id)
    gap = Gap(system="shopify", absence=Absence.DENIED, what="events", reason="scope")
    with store.transaction() as tx:
        tx.findings.add_findings(task, page(make_finding()))
        tx.tasks.save_task(
            replace(
                task,
                state=TaskState.DONE,
                outcome=Outcome.FOUND,
                records=1,
                progress=GatherProgress(cursor="p1"),
                gaps=(gap,),
            )
        )
    with store.transaction() as tx:
        tx.request_changes.widen_request(request_.id, Principal(order_ids=("1", "2")))
        tx.request_changes.widen_request(request_.id, Principal(order_ids=("2", "3")))
    with pytest.raises(LeaseLost), store.transaction() as tx:
        tx.requests.verify_lease(lease)
    request, tasks = read_with_tasks(store, request_.id)
    assert request.principal == replace(ASHA, order_ids=("1", "2", "3"))
    assert (tasks[0].state, tasks[0].records, tasks[0].progress.cursor, tasks[0].gaps) == (TaskState.PENDING, 0, "", ())
    with store.transaction() as tx:
        assert list(tx.findings.read_findings(request_.id)) == []
    assert acquire_lease(store, request_.id)


def test_joining_a_request_about_a_merged_id_names_the_remaining_customer(store):
    merged_id, remaining_id = Principal(customer_id="7000"), Principal(customer_id="7001", email=ASHA.email)
    request = make_request(kind=RequestKind.ERASURE, principal=merged_id)
    with store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [merged(7000, 7001)])
        opened(tx, request)
        tx.request_changes.widen_request(request.id, remaining_id)
    assert read_with_tasks(store, request.id)[0].principal == remaining_id
    with store.transaction() as tx:
        tx.request_changes.widen_request(request.id, merged_id)
    assert read_with_tasks(store, request.id)[0].principal == remaining_id


def test_removing_a_principal_destroys_its_key_too(store, request_):
    with store.transaction() as tx:
        tx.request_changes.replace_principal(request_, None)
    request, _ = read_with_tasks(store, request_.id)
    assert request.principal == Principal()
    with store.engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(data_keys)) == 0


def test_the_principal_of_an_erasure_has_a_key_of_its_own(store):
    request = make_request(kind=RequestKind.ERASURE)
    with store.transaction() as tx:
        opened(tx, request)
        key_id = tx.session.get_or_create_data_key(SHOP, request.subject).id
        tx.request_changes.replace_principal(request, Principal(customer_id="7001"))
    with store.transaction() as tx:
        assert tx.requests.get_request(request.id).principal == Principal(customer_id="7001")
        assert tx.session.find_data_key(key_id) is None


def test_a_task_reads_back_as_it_was_saved_and_its_cursor_is_sealed(store, request_):
    gap = Gap(system="shopify", absence=Absence.UNREACHED, what="all records", reason="timeout")
    task = make_task(
        request_.id,
        "bluedart",
        TaskAction.GATHER,
        state=TaskState.RETRY,
        attempts=2,
        records=7,
        outcome=Outcome.UNREACHED,
        last_error="x" * 200,
        progress=GatherProgress(cursor="qwertzuiop", requested_parcels=1),
        gaps=(gap,),
        wake_at=LATER,
        expected_by=LATER,
        finished_at=NOW,
    )
    with store.transaction() as tx:
        tx.tasks.save_task(task)
        tx.tasks.save_task(task)
    assert read_with_tasks(store, request_.id)[1][-1] == task


def test_a_listing_has_no_principal(store, request_):
    with store.transaction() as tx:
        [listed] = tx.selection.select_requests(RowFilter(state="in_progress", kind="access", shop=SHOP)).rows
        assert tx.selection.select_requests(RowFilter(state="done")).rows == ()
        row = tx.session.connection.execute(select(requests)).one()
    assert listed == replace(request_, principal=Principal())
    assert request_from_row(row, ASHA) == request_
