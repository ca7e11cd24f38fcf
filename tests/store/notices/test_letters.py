"""Notices at rest: what names a record is sealed, one worker has an account, a token is a hash, once is once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from bridge.errors import ConcurrentChange, LeaseLost
from bridge.model import NoticeState, ParcelStatus, ProcessorAnswer, ReferenceKind, RequestState, TaskState
from bridge.store.schema.notice_tables import notice_items, notice_links
from tests.factories import NOW, OTHER_SHOP, SHOP, make_entry, make_notice, make_request, make_task, opened

ACCOUNT = f"{SHOP}|delhivery"
TOKEN = "a-token-nobody-guesses"


def kept(store, *entries):
    with store.transaction() as tx:
        return tx.notices.add_items(entries)


def test_an_entry_comes_back_as_it_was_kept_and_its_waybill_rests_sealed(store):
    entry = make_entry(
        reference="AWB7007007",
        also=("AWB7007008",),
        order="#77",
        answer=ProcessorAnswer.RETAINED,
        law="tax",
        until=date(2031, 3, 31),
        note="said Asha Qwertzuiop",
        not_before=NOW + timedelta(days=1),
        remitted=True,
    )
    assert kept(store, entry) == 1
    with store.transaction() as tx:
        assert tx.notices.find_item(entry.id) == entry
        (row,) = tx.session.connection.execute(select(notice_items)).all()
    assert not [
        word for word in ("AWB7007007", "AWB7007008", "#77", "Qwertzuiop") if word in repr(tuple(row))
    ]


def test_a_task_lists_a_record_once(store):
    entry = make_entry()
    assert kept(store, entry, replace(entry, id="ent_2")) == 1
    assert kept(store, replace(entry, id="ent_3")) == 0
    assert kept(store, replace(entry, id="ent_4", task_id="tsk_other")) == 1
    order = replace(entry, id="ent_5", names=ReferenceKind.ORDER)
    assert kept(store, order) == 1, "an order of that name is another record"


def test_a_blank_reference_destroys_what_was_sealed(store):
    entry = make_entry()
    kept(store, entry)
    with store.transaction() as tx:
        tx.notices.save_items([replace(entry, reference="", state=NoticeState.COMPLETED)])
        (row,) = tx.session.connection.execute(select(notice_items)).all()
        assert row.doc is None
        assert (tx.notices.find_item(entry.id).reference, tx.notices.find_item(entry.id).order) == ("", "")


def test_entries_are_found_by_account_request_notice_state_and_day(store):
    mine = make_entry(look_at=NOW - timedelta(hours=1))
    later = make_entry(request_id=mine.request_id, look_at=NOW + timedelta(hours=1))
    other = make_entry(processor="bluedart")
    elsewhere = make_entry(shop=OTHER_SHOP)
    kept(store, mine, later, other, elsewhere)

    def found(**which):
        with store.transaction() as tx:
            return {entry.id for entry in tx.notices.list_items(**which)}

    assert found(account=ACCOUNT) == {mine.id, later.id}
    assert found(account=ACCOUNT, due_at=NOW) == {mine.id}
    assert found(request_id=mine.request_id) == {mine.id, later.id}
    assert found(account=ACCOUNT, states=[NoticeState.QUEUED]) == set()
    assert len(found(account=ACCOUNT, limit=1)) == 1


def test_one_worker_has_an_account_until_its_lease_is_over(store, clock):
    kept(store, make_entry())
    with store.transaction() as tx:
        claim = tx.notices.acquire_lease(ACCOUNT)
        assert claim is not None
        assert tx.notices.acquire_lease(ACCOUNT) is None
        assert tx.notices.acquire_lease(f"{SHOP}|nobody") is None
    clock.at = NOW + timedelta(seconds=16)
    with store.transaction() as tx:
        second = tx.notices.acquire_lease(ACCOUNT)
        assert second is not None
        assert tx.notices.count_attempts(ACCOUNT) == 2
        with pytest.raises(LeaseLost):
            tx.notices.verify_lease(claim)
        with pytest.raises(LeaseLost):
            tx.notices.release_lease(claim)
        tx.notices.verify_lease(second)
        tx.notices.release_lease(second)
        with pytest.raises(LeaseLost):
            tx.notices.verify_lease(second)


def test_an_account_sleeps_until_the_first_thing_that_is_due_of_it(store, clock):
    entry = make_entry(look_at=NOW + timedelta(days=3))
    kept(store, entry)
    with store.transaction() as tx:
        claim = tx.notices.acquire_lease(ACCOUNT)
        tx.notices.open_notice(make_notice(next_at=NOW + timedelta(days=2)), [])
        tx.notices.release_lease(claim)
    clock.at = NOW + timedelta(days=1)
    with store.transaction() as tx:
        assert tx.notices.acquire_lease(ACCOUNT) is None
    clock.at = NOW + timedelta(days=2)
    with store.transaction() as tx:
        claim = tx.notices.acquire_lease(ACCOUNT)
        assert tx.notices.count_attempts(ACCOUNT) == 1, "what went well is forgotten"
        tx.notices.release_lease(claim, error="x at y", not_before=NOW + timedelta(days=4))
    clock.at = NOW + timedelta(days=3, hours=1)
    with store.transaction() as tx:
        assert tx.notices.acquire_lease(ACCOUNT) is None
    assert store.enqueue_due(lambda *_: True, max_jobs=9) == 0
    clock.at = NOW + timedelta(days=4)
    rung = []
    store.enqueue_due(lambda *job: rung.append(job) or True, max_jobs=9)
    assert rung == [("notify", ACCOUNT, False)]


def test_waking_only_moves_a_day_nearer(store, clock):
    with store.transaction() as tx:
        tx.notices.wake_account(ACCOUNT, NOW + timedelta(days=2))
        tx.notices.wake_account(ACCOUNT, NOW + timedelta(days=5))
        tx.notices.wake_account(ACCOUNT, NOW + timedelta(days=1))
    clock.at = NOW + timedelta(days=1)
    with store.transaction() as tx:
        assert tx.notices.acquire_lease(ACCOUNT) is not None


def test_a_token_rests_as_a_hash_and_ends(store, clock):
    notice = make_notice()
    with store.transaction() as tx:
        tx.notices.open_notice(notice, [])
        tx.notices.save_link_token(notice.id, TOKEN, NOW + timedelta(days=60))
        tx.notices.save_link_token(notice.id, "another", NOW + timedelta(days=60))
        rows = tx.session.connection.execute(select(notice_links)).all()
        assert not [row for row in rows if TOKEN in repr(tuple(row))]
        assert tx.notices.find_notice_by_token(TOKEN) == notice
        assert tx.notices.find_notice_by_token(TOKEN[:-1]) is None
        tx.notices.delete_link_tokens(notice.id, "another")
        assert tx.notices.find_notice_by_token("another") is None
        assert tx.notices.find_notice_by_token(TOKEN) == notice
    clock.at = NOW + timedelta(days=60)
    with store.transaction() as tx:
        assert tx.notices.find_notice_by_token(TOKEN) is None
    clock.at = NOW
    with store.transaction() as tx:
        tx.notices.delete_link_tokens(notice.id)
        assert tx.notices.find_notice_by_token(TOKEN) is None


def test_who_read_an_older_state_overwrites_nothing(store):
    notice = make_notice()
    with store.transaction() as tx:
        tx.notices.open_notice(notice, [])
        sent = replace(notice, state=NoticeState.SENT, message_id=f"<{notice.id}.3@example.in>")
        assert tx.notices.save_notice(sent, expected_state=NoticeState.QUEUED)
        assert not tx.notices.save_notice(
            replace(notice, state=NoticeState.EXPIRED), expected_state=NoticeState.QUEUED
        )
        assert tx.notices.find_notice(notice.id).state is NoticeState.SENT
        assert tx.notices.find_last_opened_at(ACCOUNT) == NOW
        assert tx.notices.find_notice_by_message_id(f"<{notice.id}.3@example.in>") is not None
        assert tx.notices.find_notice_by_message_id(f"<{notice.id}.1@example.in>") is None, (
            "an older one may bounce late"
        )


def test_who_read_an_older_entry_overwrites_nothing(store):
    """A return that is opened while a carrier is asked must not be lost, nor an answer by a late decision."""
    entry = make_entry()
    with store.transaction() as tx:
        tx.notices.add_items([entry])
        tx.notices.record_blocker(entry.shop, entry.order_id, "return/9", is_open=True)
    for write in (
        lambda tx: tx.notices.save_items([replace(entry, state=NoticeState.QUEUED)]),
        lambda tx: tx.notices.open_notice(make_notice(), [entry]),
    ):
        with pytest.raises(ConcurrentChange), store.transaction() as tx:
            write(tx)
    with store.transaction() as tx:
        kept = tx.notices.find_item(entry.id)
        assert (kept.state, kept.matters) == (NoticeState.WAITING, ("return/9",))
        tx.notices.save_items([replace(kept, state=NoticeState.QUEUED)])
        assert tx.notices.find_item(entry.id).state is NoticeState.QUEUED
        assert tx.notices.list_notices() == []


def test_a_request_that_was_done_goes_on_when_its_entries_move(store):
    request = make_request()
    task = make_task(request.id, "delhivery", "instruct", state=TaskState.DONE, finished_at=NOW)
    entry = make_entry(request_id=request.id, task_id=task.id)
    with store.transaction() as tx:
        opened(tx, request, task)
        claim = tx.requests.acquire_lease(request.id)
        tx.requests.release_lease(claim, state=RequestState.DONE, wake_at=None, complete=True, closed_at=NOW)
        tx.notices.add_items([entry])
        tx.notices.wake_requests_of_items([entry])
        assert tx.requests.get_request(request.id).state is RequestState.WAITING
        (after,) = tx.requests.list_tasks(request.id)
        assert (after.state, after.wake_at, after.finished_at) == (TaskState.WAITING, NOW, None)
        assert tx.requests.acquire_lease(request.id) is not None


def test_the_shops_word_finds_the_entry_by_its_pseudonym(store):
    entry = make_entry(status=ParcelStatus.UNKNOWN, status_at=None, look_at=NOW + timedelta(days=5))
    kept(store, entry)
    with store.transaction() as tx:
        assert tx.notices.record_parcel_status(
            SHOP, f" {entry.reference.lower()} ", ParcelStatus.DELIVERED, NOW
        )
        assert not tx.notices.record_parcel_status(OTHER_SHOP, entry.reference, ParcelStatus.DELIVERED, NOW)
        assert not tx.notices.record_parcel_status(SHOP, "AWB0", ParcelStatus.DELIVERED, NOW)
        after = tx.notices.find_item(entry.id)
        assert (after.status, after.look_at) == (ParcelStatus.DELIVERED, NOW)
        for matter, is_open in (("return/9", True), ("return/10", True), ("return/9", False)):
            tx.notices.record_blocker(SHOP, entry.order_id, matter, is_open=is_open)
        tx.notices.record_blocker(SHOP, entry.order_id, "dispute/4", is_open=False)
        assert tx.notices.find_item(entry.id).matters == ("return/10",)
        assert tx.notices.list_blockers(SHOP, entry.order_id) == ("return/10",)
        tx.notices.record_blocker(SHOP, entry.order_id, "return/10", is_open=False)
        assert tx.notices.list_blockers(SHOP, entry.order_id) == ()


def test_a_shop_that_leaves_takes_its_notices_along(store):
    entry, notice = make_entry(), make_notice()
    kept(store, entry, make_entry(shop=OTHER_SHOP))
    with store.transaction() as tx:
        tx.notices.open_notice(notice, [entry])
        tx.notices.save_link_token(notice.id, TOKEN, NOW + timedelta(days=1))
        removed = tx.index.erase_shop(SHOP, request_id="req_1")
        assert (removed["notice_entries"], removed["notices"], removed["notice_accounts"]) == (1, 1, 1)
        assert tx.notices.find_notice_by_token(TOKEN) is None
        assert len(tx.notices.list_items()) == 1


def test_an_entry_that_was_never_its_processors_is_dropped_with_its_task(store):
    request = make_request()
    task = make_task(request.id, "unknown", "instruct")
    one, two = (make_entry(request_id=request.id, task_id=task.id) for _ in range(2))
    with store.transaction() as tx:
        opened(tx, request, task)
        tx.notices.add_items([one, two])
        tx.notices.delete_item(one)
        assert len(tx.requests.list_tasks(request.id)) == 1
        tx.notices.delete_item(two)
        assert tx.requests.list_tasks(request.id) == []
