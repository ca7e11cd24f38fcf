"""Requirement P-46: a processor in a restricted country is sent nothing by any channel, and somebody hears of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.model import NoticeChannel, NoticePurpose, NoticeState
from bridge.steps.notices.batch import open_due_notices
from bridge.steps.notices.send import find_send_blocker, send_due_letters
from bridge.steps.operations.conditions import list_conditions
from tests.factories import NOW, SHOP, make_entry, make_notice, notified_processors

ACCOUNT = f"{SHOP}|delhivery"


@pytest.fixture
def services(services):
    """Services of a merchant whose carrier sits where nothing may be sent."""
    processors = tuple(
        replace(each, countries=("IN", "XK")) if each.id == "delhivery" else each for each in notified_processors()
    )
    return replace(services, merchant=replace(services.merchant, processors=processors, restricted_countries=("XK",)))


@pytest.mark.parametrize("purpose", NoticePurpose)
def test_nothing_is_sent_to_a_restricted_country_and_the_instruction_waits(services, purpose):
    with services.store.transaction() as tx:
        tx.notice_items.add_items([make_entry(state=NoticeState.QUEUED, purpose=purpose)])
        lease = tx.notice_accounts.acquire_lease(ACCOUNT)
    assert open_due_notices(ACCOUNT, lease, services) is not None, "it looks again"
    with services.store.read() as tx:
        assert tx.notices.list_notices() == []
        [item] = tx.notice_items.list_items()
        found = {(one.condition, one.reason, one.systems) for one in list_conditions(tx=tx, services=services)}
    assert item.reason == "country_restricted"
    assert {("processor_restricted", "", ("delhivery",)), ("notice_needs_person", "country_restricted", ())} <= found


@pytest.mark.parametrize("via", [NoticeChannel.EMAIL, NoticeChannel.API, NoticeChannel.PORTAL])
def test_a_notice_that_was_opened_before_is_held_back_too(services, via):
    notice = make_notice(via=via, state=NoticeState.QUEUED, next_at=NOW)
    with services.store.transaction() as tx:
        tx.notices.open_notice(notice, [])
        tx.notice_items.add_items([make_entry(state=NoticeState.QUEUED, notice_id=notice.id)])
        lease = tx.notice_accounts.acquire_lease(ACCOUNT)
    send_due_letters(ACCOUNT, lease, services)
    with services.store.read() as tx:
        assert tx.notices.find_notice(notice.id).last_error == "country_restricted"


def test_in_any_other_country_nothing_is_held_back(services):
    free = replace(services, merchant=replace(services.merchant, restricted_countries=("XA",)))
    [carrier] = [each for each in free.merchant.processors if each.id == "delhivery"]
    assert find_send_blocker(make_notice(), carrier, free) != "country_restricted"
    with free.store.read() as tx:
        assert "processor_restricted" not in {one.condition for one in list_conditions(tx=tx, services=free)}
