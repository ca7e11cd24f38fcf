"""Notices: references are sealed, one worker leases an account, tokens are hashes, items are stored once."""

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


def add_items(store, *items):
    with store.transaction() as tx:
        return tx.notice_items.add_items(items)


def test_an_item_reads_back_as_it_was_stored_and_its_waybill_is_sealed(store):
    item = make_entry(
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
    assert add_items(store, item) == 1
    with store.transaction() as tx:
        assert tx.notice_items.find_item(item.id) == item
        (row,) = tx.session.connection.execute(select(notice_items)).all()
    assert not [word for word in ("AWB7007007", "AWB7007008", "#77", "Qwertzuiop") if word in repr(tuple(row))]


def test_a_task_lists_a_record_once(store):
    item = make_entry()
    assert add_items(store, item, replace(item, id="ent_2")) == 1
    assert add_items(store, replace(item, id="ent_3")) == 0
    assert add_items(store, replace(item, id="ent_4", task_id="tsk_other")) == 1
    order = replace(item, id="ent_5", names=ReferenceKind.ORDER)
    assert add_items(store, order) == 1, "an order of that name is another record"


def test_a_blank_reference_destroys_what_was_sealed(store):
    item = make_entry()
    add_items(store, item)
    with store.transaction() as tx:
        tx.notice_items.save_items([replace(item, reference="", state=NoticeState.COMPLETED)])
        (row,) = tx.session.connection.execute(select(notice_items)).all()
        assert row.doc is None
        assert (tx.notice_items.find_item(item.id).reference, tx.notice_items.find_item(item.id).order) == ("", "")


def test_items_are_found_by_account_request_notice_state_and_day(store):
    own_item = make_entry(look_at=NOW - timedelta(hours=1))
    later = make_entry(request_id=own_item.request_id, look_at=NOW + timedelta(hours=1))
    other = make_entry(processor="bluedart")
    elsewhere = make_entry(shop=OTHER_SHOP)
    add_items(store, own_item, later, other, elsewhere)

    def found(**filters):
        with store.transaction() as tx:
            return {item.id for item in tx.notice_items.list_items(**filters)}

    assert found(account=ACCOUNT) == {own_item.id, later.id}
    assert found(account=ACCOUNT, due_at=NOW) == {own_item.id}
    assert found(request_id=own_item.request_id) == {own_item.id, later.id}
    assert found(account=ACCOUNT, states=[NoticeState.QUEUED]) == set()
    assert len(found(account=ACCOUNT, limit=1)) == 1


def test_one_worker_has_an_account_until_its_lease_ends(store, clock):
    add_items(store, make_entry())
    with store.transaction() as tx:
        lease = tx.notice_accounts.acquire_lease(ACCOUNT)
        assert lease is not None
        assert tx.notice_accounts.acquire_lease(ACCOUNT) is None
        assert tx.notice_accounts.acquire_lease(f"{SHOP}|nobody") is None
    clock.at = NOW + timedelta(seconds=16)
    with store.transaction() as tx:
        second = tx.notice_accounts.acquire_lease(ACCOUNT)
        assert second is not None
        assert tx.notice_accounts.count_attempts(ACCOUNT) == 2
        with pytest.raises(LeaseLost):
            tx.notice_accounts.verify_lease(lease)
        with pytest.raises(LeaseLost):
            tx.notice_accounts.release_lease(lease)
        tx.notice_accounts.verify_lease(second)
        tx.notice_accounts.release_lease(second)
        with pytest.raises(LeaseLost):
            tx.notice_accounts.verify_lease(second)


def test_an_account_is_due_at_its_earliest_item_or_notice(store, clock):
    item = make_entry(look_at=NOW + timedelta(days=3))
    add_items(store, item)
    with store.transaction() as tx:
        lease = tx.notice_accounts.acquire_lease(ACCOUNT)
        tx.notices.open_notice(make_notice(next_at=NOW + timedelta(days=2)), [])
        tx.notice_accounts.release_lease(lease)
    clock.at = NOW + timedelta(days=1)
    with store.transaction() as tx:
        assert tx.notice_accounts.acquire_lease(ACCOUNT) is None
    clock.at = NOW + timedelta(days=2)
    with store.transaction() as tx:
        lease = tx.notice_accounts.acquire_lease(ACCOUNT)
        assert tx.notice_accounts.count_attempts(ACCOUNT) == 1, "a release without an error resets the attempts"
        tx.notice_accounts.release_lease(lease, error="x at y", not_before=NOW + timedelta(days=4))
    clock.at = NOW + timedelta(days=3, hours=1)
    with store.transaction() as tx:
        assert tx.notice_accounts.acquire_lease(ACCOUNT) is None
    assert store.enqueue_due(lambda *_: True, max_jobs=9) == 0
    clock.at = NOW + timedelta(days=4)
    enqueued = []
    store.enqueue_due(lambda *job: enqueued.append(job) or True, max_jobs=9)
    assert enqueued == [("notify", ACCOUNT, False)]


def test_waking_never_makes_an_account_due_later(store, clock):
    with store.transaction() as tx:
        tx.notice_accounts.wake_account(ACCOUNT, NOW + timedelta(days=2))
        tx.notice_accounts.wake_account(ACCOUNT, NOW + timedelta(days=5))
        tx.notice_accounts.wake_account(ACCOUNT, NOW + timedelta(days=1))
    clock.at = NOW + timedelta(days=1)
    with store.transaction() as tx:
        assert tx.notice_accounts.acquire_lease(ACCOUNT) is not None


def test_a_token_is_stored_as_a_hash_and_expires(store, clock):
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


def test_a_notice_is_not_overwritten_from_an_older_state(store):
    notice = make_notice()
    with store.transaction() as tx:
        tx.notices.open_notice(notice, [])
        sent = replace(notice, state=NoticeState.SENT, message_id=f"<{notice.id}.3@example.in>")
        assert tx.notices.save_notice(sent, expected_state=NoticeState.QUEUED)
        assert not tx.notices.save_notice(replace(notice, state=NoticeState.EXPIRED), expected_state=NoticeState.QUEUED)
        assert tx.notices.find_notice(notice.id).state is NoticeState.SENT
        assert tx.notices.find_last_opened_at(ACCOUNT) == NOW
        assert tx.notices.find_notice_by_message_id(f"<{notice.id}.3@example.in>") is not None
        assert tx.notices.find_notice_by_message_id(f"<{notice.id}.1@example.in>") is None, (
            "an older one may bounce late"
        )


def test_an_item_is_not_overwritten_from_an_older_version(store):
    """Neither a return that is opened during tracking nor an answer is lost by a later write."""
    item = make_entry()
    with store.transaction() as tx:
        tx.notice_items.add_items([item])
        tx.notice_items.record_blocker(item.shop, item.order_id, "return/9", is_open=True)
    for write in (
        lambda tx: tx.notice_items.save_items([replace(item, state=NoticeState.QUEUED)]),
        lambda tx: tx.notices.open_notice(make_notice(), [item]),
    ):
        with pytest.raises(ConcurrentChange), store.transaction() as tx:
            write(tx)
    with store.transaction() as tx:
        add_items = tx.notice_items.find_item(item.id)
        assert (add_items.state, add_items.matters) == (NoticeState.WAITING, ("return/9",))
        tx.notice_items.save_items([replace(add_items, state=NoticeState.QUEUED)])
        assert tx.notice_items.find_item(item.id).state is NoticeState.QUEUED
        assert tx.notices.list_notices() == []


def test_a_done_request_continues_when_its_items_change(store):
    request = make_request()
    task = make_task(request.id, "delhivery", "instruct", state=TaskState.DONE, finished_at=NOW)
    item = make_entry(request_id=request.id, task_id=task.id)
    with store.transaction() as tx:
        opened(tx, request, task)
        lease = tx.requests.acquire_lease(request.id)
        tx.requests.release_lease(lease, state=RequestState.DONE, wake_at=None, complete=True, closed_at=NOW)
        tx.notice_items.add_items([item])
        tx.notice_items.wake_requests_of_items([item])
        assert tx.requests.get_request(request.id).state is RequestState.WAITING
        (after,) = tx.tasks.list_tasks(request.id)
        assert (after.state, after.wake_at, after.finished_at) == (TaskState.WAITING, NOW, None)
        assert tx.requests.acquire_lease(request.id) is not None


def test_a_report_of_the_shop_finds_the_item_by_its_pseudonym(store):
    item = make_entry(status=ParcelStatus.UNKNOWN, status_at=None, look_at=NOW + timedelta(days=5))
    add_items(store, item)
    with store.transaction() as tx:
        assert tx.notice_items.record_parcel_status(SHOP, f" {item.reference.lower()} ", ParcelStatus.DELIVERED, NOW)
        assert not tx.notice_items.record_parcel_status(OTHER_SHOP, item.reference, ParcelStatus.DELIVERED, NOW)
        assert not tx.notice_items.record_parcel_status(SHOP, "AWB0", ParcelStatus.DELIVERED, NOW)
        after = tx.notice_items.find_item(item.id)
        assert (after.status, after.look_at) == (ParcelStatus.DELIVERED, NOW)
        for blocker, is_open in (("return/9", True), ("return/10", True), ("return/9", False)):
            tx.notice_items.record_blocker(SHOP, item.order_id, blocker, is_open=is_open)
        tx.notice_items.record_blocker(SHOP, item.order_id, "dispute/4", is_open=False)
        assert tx.notice_items.find_item(item.id).matters == ("return/10",)
        assert tx.notice_items.list_blockers(SHOP, item.order_id) == ("return/10",)
        tx.notice_items.record_blocker(SHOP, item.order_id, "return/10", is_open=False)
        assert tx.notice_items.list_blockers(SHOP, item.order_id) == ()


def test_erasing_a_shop_deletes_its_notices(store):
    item, notice = make_entry(), make_notice()
    add_items(store, item, make_entry(shop=OTHER_SHOP))
    with store.transaction() as tx:
        tx.notices.open_notice(notice, [item])
        tx.notices.save_link_token(notice.id, TOKEN, NOW + timedelta(days=1))
        removed = tx.shop_eraser.erase_shop(SHOP, request_id="req_1")
        assert (removed["notice_entries"], removed["notices"], removed["notice_accounts"]) == (1, 1, 1)
        assert tx.notices.find_notice_by_token(TOKEN) is None
        assert len(tx.notice_items.list_items()) == 1


def test_an_item_the_processor_never_had_is_deleted_with_its_task(store):
    request = make_request()
    task = make_task(request.id, "unknown", "instruct")
    one, two = (make_entry(request_id=request.id, task_id=task.id) for _ in range(2))
    with store.transaction() as tx:
        opened(tx, request, task)
        tx.notice_items.add_items([one, two])
        tx.notice_items.delete_item(one)
        assert len(tx.tasks.list_tasks(request.id)) == 1
        tx.notice_items.delete_item(two)
        assert tx.tasks.list_tasks(request.id) == []
