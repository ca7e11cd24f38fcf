"""Migrations meet rows that an earlier release wrote: nothing is lost, and what must go on goes on.

Rows are written in SQL, as the earlier release wrote them: the columns that it knows and no other.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert, inspect, select, text, update

from bridge.model import (
    EraseProgress,
    Fact,
    Outcome,
    RememberedBody,
    RequestKind,
    RequestSource,
    RequestState,
    TaskAction,
    TaskState,
    WaitReason,
)
from bridge.rules.requests.progress_codec import encode_detail
from bridge.steps.requests.process import process_request
from bridge.store.migrations.upgrade import downgrade_database, upgrade_database
from bridge.store.requests.tasks import TASK_CURSOR_AAD
from bridge.store.schema.tables import packages, remembered_bodies, requests, tasks
from tests.factories import ASHA, NOW, OTHER_SHOP, SHOP, make_reconciliation, make_request, make_task, opened, order
from tests.store.schema.stored_tasks import STORED, WAITING

RELEASE_BEFORE = "0004"


def write_as_before(tx, task, cursor="", detail=None, **columns):
    """Insert or overwrite a task as the release before does: it does not know `wait_reason`."""
    sealed = tx.session.keyring.seal(cursor.encode(), TASK_CURSOR_AAD.format(id=task.id)) if cursor else None
    row = {
        "state": task.state,
        "attempts": task.attempts,
        "records": task.records,
        "outcome": task.outcome,
        "last_error": task.last_error,
        "cursor": sealed,
        "gaps": "[]",
        "detail": json.dumps(detail or {}),
        "wake_at": task.wake_at,
        **columns,
    }
    is_known = tx.session.connection.scalar(select(tasks.c.id).where(tasks.c.id == task.id))
    if is_known:
        tx.session.connection.execute(update(tasks).where(tasks.c.id == task.id).values(**row))
        return
    fixed = {"id": task.id, "request_id": task.request_id, "position": 0, "system": task.system}
    values = {**fixed, "action": task.action, **row}
    tx.session.connection.execute(insert(tasks).values(**values))


def stored_parts(tx, task_id):
    """What rests of a task: its opened cursor and its detail."""
    row = tx.session.connection.execute(select(tasks).where(tasks.c.id == task_id)).one()
    cursor = tx.session.open(row.cursor, TASK_CURSOR_AAD.format(id=task_id)).decode() if row.cursor else ""
    return cursor, json.loads(row.detail)


def test_0003_wakes_requests_from_before_notice_items(store):
    noted = make_request(kind=RequestKind.ERASURE)
    other = make_request(kind=RequestKind.ERASURE, subject="somebody else")
    listed = make_task(noted.id, "delhivery", TaskAction.NOTIFY_PROCESSOR, state=TaskState.WAITING)
    polled = make_task(other.id, "shopify", TaskAction.POLL_PLATFORM_ERASURE, state=TaskState.WAITING)
    with store.transaction() as tx:
        for request, task in ((noted, listed), (other, polled)):
            tx.requests.open_request(request, idempotency_key=request.id, tasks=[task])
            lease = tx.requests.acquire_lease(request.id)
            tx.requests.release_lease(lease, state=RequestState.WAITING, wake_at=None, complete=False, closed_at=NOW)
        write_as_before(tx, listed, "[]")
    downgrade_database(store.engine, "0002")
    upgrade_database(store.engine)
    with store.transaction() as tx:
        rows = tx.session.connection.execute(select(requests.c.id, requests.c.wake_at)).all()
        assert {row.id: row.wake_at is not None for row in rows} == {noted.id: True, other.id: False}
        (task,) = tx.tasks.list_tasks(noted.id)
        assert (stored_parts(tx, noted_id := task.id), task.wake_at is not None) == (("[]", {}), True)
        assert noted_id == listed.id
        assert tx.session.connection.execute(text("SELECT count(*) FROM notice_entries")).scalar() == 0


def test_0005_carries_every_stored_format_over_and_writes_it_as_before(store):
    written = []
    with store.transaction() as tx:
        for number, (kind, action, cursor, detail, progress) in enumerate(STORED):
            request = opened(tx, make_request(kind=kind, subject=f"subject-{number}"))
            task = make_task(request.id, "shopify", TaskAction(action))
            write_as_before(tx, task, cursor, detail)
            written.append((task, cursor, detail, progress))
    downgrade_database(store.engine, RELEASE_BEFORE)
    upgrade_database(store.engine)
    with store.transaction() as tx:
        for task, cursor, detail, progress in written:
            (found,) = tx.tasks.list_tasks(task.request_id)
            assert (found.progress, found.wait_reason) == (progress, None)
            assert list(encode_detail(found.progress)) == list(detail), "commands print it in this order"
            tx.tasks.save_task(found)
            assert stored_parts(tx, task.id) == (cursor, detail), "the release before can read it on"


def test_0005_fills_the_reason_of_what_waits(store):
    written = write_waiting_tasks(store)
    downgrade_database(store.engine, RELEASE_BEFORE)
    upgrade_database(store.engine)
    with store.transaction() as tx:
        columns = dict(tx.session.connection.execute(select(tasks.c.id, tasks.c.wait_reason)).all())
        for task, reason, column in written:
            (found,) = tx.tasks.list_tasks(task.request_id)
            assert (found.wait_reason, found.last_error) == (reason, task.last_error)
            assert columns[task.id] == column


@pytest.mark.parametrize("stale", ["", "plan_changed"])
def test_a_row_that_the_release_before_wrote_last_is_read_by_its_text(store, stale):
    written = write_waiting_tasks(store)
    with store.transaction() as tx:  # "plan_changed": this release had written the row before
        tx.session.connection.execute(update(tasks).values(wait_reason=stale))
        for task, reason, _ in written:
            (found,) = tx.tasks.list_tasks(task.request_id)
            assert found.wait_reason is reason
        waiting = tx.shop_exits.list_requests_waiting_for(SHOP, WaitReason.INVOICE_COPY_MISSING)
    assert list(waiting) == [written[0][0].request_id]


def write_waiting_tasks(store):
    """Write the tasks of WAITING as the release before does: (task, its reason, what 0005 puts in the column)."""
    written = []
    with store.transaction() as tx:
        for number, (state, error, reason, column) in enumerate(WAITING):
            request = opened(tx, make_request(kind=RequestKind.ERASURE, subject=f"subject-{number}"))
            action = TaskAction.REQUEST_PLATFORM_ERASURE
            task = make_task(request.id, action=action, state=TaskState(state), last_error=error)
            write_as_before(tx, task)
            written.append((task, reason, column))
    return written


def test_an_erasure_that_the_release_before_left_waiting_for_a_copy_goes_on(services, platform, clock):
    """The release before erased all but an order without a copy; the copy comes, and this release ends the work."""
    request = make_request(kind=RequestKind.ERASURE, source=RequestSource.OPERATOR)
    search = make_task(request.id, "vault", TaskAction.SEAL_INVOICES, state=TaskState.FAILED, last_error="copy_missing")
    erase = make_task(
        request.id,
        "bridge",
        TaskAction.ERASE,
        state=TaskState.WAITING,
        outcome=Outcome.INCOMPLETE,
        last_error="copy_missing",
        records=1,
        wake_at=clock.now(),
    )
    with services.store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [order(1001)])
        opened(tx, request)
        write_as_before(tx, search, '{"none": [], "missing": ["1001"], "whole": true}')
        write_as_before(tx, erase, '["1001"]', {"customers": 1})
    assert process_request(request.id, services=services)
    with services.store.transaction() as tx:
        found = {task.action: task for task in tx.tasks.list_tasks(request.id)}[TaskAction.ERASE]
        assert (found.state, found.wait_reason) == (TaskState.WAITING, WaitReason.INVOICE_COPY_MISSING)
        assert found.progress == EraseProgress(removed_rows={"customers": 1}, excluded_order_ids=("1001",))
        write_as_before(tx, search, '{"none": ["1001"], "missing": [], "whole": true}', state="done", last_error="")
        tx.request_changes.restart_request(request.id)
    assert process_request(request.id, services=services)
    with services.store.transaction() as tx:
        found = {task.action: task for task in tx.tasks.list_tasks(request.id)}[TaskAction.ERASE]
    assert (found.state, found.outcome, found.wait_reason) == (TaskState.DONE, Outcome.ERASED, None)
    assert found.progress == EraseProgress(removed_rows={"customers": 1, "orders": 1})


def test_0008_remembers_the_bodies_that_the_evidence_tells_of(store):
    erasure = make_request(kind=RequestKind.ERASURE)
    with store.transaction() as tx:
        opened(tx, erasure)
        tx.evidence.append_fact(Fact.REQUEST_OPENED, shop=SHOP, request_id=erasure.id, body_digest="first")
        tx.evidence.append_fact(Fact.REQUEST_JOINED, shop=SHOP, request_id=erasure.id, body_digest="second")
        tx.evidence.append_fact(Fact.REQUEST_JOINED, shop=SHOP, request_id="req_later", body_digest="first")
        tx.evidence.append_fact(Fact.REQUEST_OPENED, shop=SHOP, request_id="req_by_hand")
    downgrade_database(store.engine, "0007")
    upgrade_database(store.engine)
    with store.transaction() as tx:
        assert tx.remembered_bodies.find_body("first") == RememberedBody(first_received_at=NOW, request_id=erasure.id)
        assert tx.remembered_bodies.find_body("second") == RememberedBody(first_received_at=NOW, request_id=erasure.id)
        rows = tx.session.connection.execute(select(remembered_bodies.c.topic, remembered_bodies.c.shop)).all()
    assert [tuple(row) for row in rows] == [("customers/redact", SHOP)] * 2


def test_0009_lists_every_shop_that_stores_rows_without_a_number(store):
    with store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [order(1001)])
        opened(tx, make_request(shop=OTHER_SHOP))
    downgrade_database(store.engine, "0008")
    upgrade_database(store.engine)
    with store.transaction() as tx:
        names = {name.domain: (name.number, name.key) for name in tx.shop_names.directory.names}
        assert names == {SHOP: ("", SHOP), OTHER_SHOP: ("", OTHER_SHOP)}
        assert len(tx.shop_names.directory.list_due_domains(NOW.replace(year=2099))) == 2
        assert list(tx.index.list_orders(SHOP, ASHA)) == ["1001"]


def test_0012_what_was_destroyed_before_is_overwritten_too(store):
    downgrade_database(store.engine, "0011")
    upgrade_database(store.engine)
    with store.read() as tx:
        assert tx.remnants.list_remnants(lacking=store.list_parts()) == [], "a new database destroyed nothing"
    with store.transaction() as tx:
        tx.evidence.append_fact(Fact.REQUEST_OPENED, shop=SHOP)
    downgrade_database(store.engine, "0011")
    upgrade_database(store.engine)
    with store.read() as tx:
        [earlier] = found = tx.remnants.list_remnants(lacking=store.list_parts())
    assert (earlier.request_id, earlier.overwritten) == ("", frozenset())
    result = store.overwrite_parts(found, store.list_parts(), max_bytes=None)
    assert result.parts_by_id[earlier.id] == set(store.list_parts())


def test_0013_a_task_keeps_its_state_and_may_be_one_of_several_customers(store):
    request = make_request(kind=RequestKind.ERASURE, source=RequestSource.OPERATOR)
    asked = make_task(request.id, "shopify", TaskAction.REQUEST_PLATFORM_ERASURE, state=TaskState.DONE)
    with store.transaction() as tx:
        opened(tx, request, asked)
    downgrade_database(store.engine, "0012")
    upgrade_database(store.engine)
    with store.transaction() as tx:
        [task] = tx.tasks.list_tasks(request.id)
        assert (task.state, task.customer) == (TaskState.DONE, "")
        tx.tasks.save_task(replace(task, customer="a"))
        tx.tasks.save_task(replace(task, id=f"{task.id}z", customer="b", state=TaskState.PENDING))
    downgrade_database(store.engine, "0012")
    upgrade_database(store.engine)
    with store.transaction() as tx:
        assert [one.state for one in tx.tasks.list_tasks(request.id)] == [TaskState.DONE], "the first one's"


def test_0015_begins_without_reconciliations_and_forgets_them(store):
    run = make_reconciliation()
    with store.transaction() as tx:
        assert tx.reconciliations.open_reconciliation(run)
        assert tx.reconciliations.find_reconciliation(run.id) == run
    downgrade_database(store.engine, "0014")
    upgrade_database(store.engine)
    with store.transaction() as tx:
        assert tx.reconciliations.find_reconciliation(run.id) is None
        assert tx.reconciliations.open_reconciliation(run)


def read_answers(store):
    """Return of each request when its answer left, when the person had it, and how that is known."""
    columns = (requests.c.subject, requests.c.handed_over_at, requests.c.answered_at, requests.c.answer_basis)
    with store.transaction() as tx:
        return {row[0]: tuple(row)[1:] for row in tx.session.connection.execute(select(*columns))}


def test_0010_assumes_what_an_earlier_release_closed_and_calls_no_sealed_package_an_answer(store, clock):
    """One request of every kind and source, open and closed; packages that left, that stayed, and that expired."""
    access, erasure = {"kind": RequestKind.ACCESS}, {"kind": RequestKind.ERASURE}
    by_hand, closed = {"source": RequestSource.OPERATOR}, {"closed_at": NOW}
    rows = {
        "released": {**access, **closed},
        "sealed": {**access, **closed},
        "expired": {**access, **closed},
        "open": access,
        "open by hand": {**access, **by_hand},
        "erased by hand": {**erasure, **by_hand, **closed},
        "erasing by hand": {**erasure, **by_hand},
        "erased by webhook": {**erasure, **closed},
        "shop": {"kind": RequestKind.SHOP_ERASURE, **closed},
    }
    with store.transaction() as tx:
        ids = {name: opened(tx, make_request(subject=name, **given)).id for name, given in rows.items()}
        for name in ("released", "sealed"):
            package = {"request_id": ids[name], "seq": 0, "made_at": NOW, "body": b"sealed"}
            tx.session.connection.execute(insert(packages).values(package))
    released_at = []
    for _ in range(2):
        clock.at += timedelta(days=1)
        with store.transaction() as tx:
            fact = tx.evidence.append_fact(Fact.PACKAGE_RELEASED, shop=SHOP, request_id=ids["released"])
            released_at.append(fact.at)
    nothing, assumed = (None, None, None), (None, NOW, "assumed")
    expected = dict.fromkeys(rows, nothing) | {"expired": assumed, "erased by hand": assumed}
    expected["released"] = (released_at[-1], NOW, "assumed")
    for _ in range(2):  # up, down and up again
        downgrade_database(store.engine, "0009")
        with store.engine.connect() as connection:
            assert connection.execute(text("SELECT count(*) FROM requests")).scalar() == len(rows)
        upgrade_database(store.engine)
        assert read_answers(store) == expected


def test_0011_keeps_the_certificates_of_an_earlier_release_and_supersedes_them(store):
    certificates = {
        kind: {"request_id": f"req_{kind}", "kind": kind, "issued_at": NOW.isoformat(), "what": "ä €"}
        for kind in ("erasure", "shop_erasure")
    }
    with store.transaction() as tx:
        for certificate in certificates.values():
            tx.packages.save_certificate(certificate["request_id"], certificate)
    downgrade_database(store.engine, "0010")
    upgrade_database(store.engine)
    for certificate in certificates.values():
        request_id, later = certificate["request_id"], {**certificate, "what": "later"}
        with store.transaction() as tx:
            assert tx.packages.find_certificate(request_id) == certificate
            assert tx.packages.list_superseded_certificates(request_id) == []
            tx.packages.save_certificate(request_id, later)
            assert tx.packages.list_superseded_certificates(request_id) == [certificate]
    downgrade_database(store.engine, "0010")
    upgrade_database(store.engine)
    with store.transaction() as tx:
        for certificate in certificates.values():
            request_id = certificate["request_id"]
            assert tx.packages.find_certificate(request_id)["what"] == "later", "the newest is never lost"
            assert tx.packages.list_superseded_certificates(request_id) == []


def test_0012_forgets_what_waits_and_overwrites_all_of_it_after_the_way_back(store):
    """Remnants of every kind: of an erasure, of a shop, of no request, and one that is overwritten in part."""
    shop_erasure = make_request(kind=RequestKind.SHOP_ERASURE)
    with store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [order(1001)])
        opened(tx, shop_erasure)
        tx.person_eraser.erase_person(SHOP, ASHA, request_id="req_1")
        for request_id in ("", shop_erasure.id):
            tx.session.mark_remnants(request_id)
        tx.evidence.append_fact(Fact.PRINCIPAL_ERASED, shop=SHOP, request_id="req_1")
    with store.transaction() as tx:
        first, *others = tx.remnants.list_remnants(lacking=store.list_parts())
        tx.remnants.record_overwritten(first, store.list_parts()[:1], is_complete=False)
        assert len(others) == 3
    downgrade_database(store.engine, "0011")
    with store.engine.connect() as connection:
        tables = inspect(connection).get_table_names()
        assert connection.execute(text("SELECT count(*) FROM evidence")).scalar() == 1
    assert "remnants" not in tables
    upgrade_database(store.engine)
    with store.read() as tx:
        [one] = tx.remnants.list_remnants(lacking=store.list_parts())
        assert tx.remnants.list_overwritten(store.list_parts()) == []
    assert (one.request_id, one.shop, one.overwritten) == ("", "", frozenset())


def test_0022_runs_nothing_that_waits_for_an_approval_after_the_way_back(store):
    """What an earlier release opened has no gate; what waits for an approval is failed, and what began goes on."""
    with store.transaction() as tx:
        waiting, begun, earlier = (
            opened(tx, make_request(kind=RequestKind.ERASURE, source=RequestSource.OPERATOR, subject=f"s{number}")).id
            for number in range(3)
        )
        for request_id in (waiting, begun):
            tx.approvals.open_gate(request_id, RequestSource.OPERATOR, free_at=None)
        tx.approvals.begin_deed(begun)
        tx.session.connection.execute(
            update(requests).where(requests.c.id == waiting).values(state="awaiting_approval")
        )
    downgrade_database(store.engine, "0019")
    states = {waiting: "failed", begun: "in_progress", earlier: "in_progress"}
    with store.engine.connect() as connection:
        assert dict(connection.execute(text("SELECT id, state FROM requests")).all()) == states
    upgrade_database(store.engine)
    with store.transaction() as tx:
        assert [tx.approvals.find_gate(request_id) for request_id in states] == [None] * 3
        assert tx.requests.get_request(begun).ending is None
