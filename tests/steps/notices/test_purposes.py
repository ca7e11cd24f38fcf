"""A letter to a processor has one purpose, and says what is asked for; nothing is erased by a correction."""

from dataclasses import replace

import pytest

from bridge.model import NoticeChannel, NoticePurpose, NoticeState
from bridge.steps.notices.batch import open_due_notices
from bridge.steps.notices.letter import SUBJECTS, build_instruction_letter
from bridge.web.notices.purposes import PURPOSE_WORDS
from bridge.web.notices.view_models import build_notice_header
from tests.factories import NOW, SHOP, make_entry, make_notice, notified_processors


@pytest.mark.parametrize("purpose", NoticePurpose)
def test_the_letter_says_what_is_asked_for(services, purpose):
    processor = notified_processors()[0]
    notice = make_notice(purpose=purpose, due_at=NOW)
    letter = build_instruction_letter(
        notice, [make_entry(purpose=purpose)], processor, token="t", reminder=0, services=services
    )
    assert letter.subject.startswith(SUBJECTS[purpose])
    assert ("Erase" in letter.text) == (purpose is NoticePurpose.ERASE)


def test_items_of_each_purpose_are_in_a_letter_of_their_own(services):
    items = [make_entry(state=NoticeState.QUEUED, purpose=purpose) for purpose in NoticePurpose for _ in range(2)]
    with services.store.transaction() as tx:
        tx.notice_items.add_items(items)
        lease = tx.notice_accounts.acquire_lease(f"{SHOP}|delhivery")
    open_due_notices(f"{SHOP}|delhivery", lease, services)
    with services.store.read() as tx:
        notices = {notice.id: notice for notice in tx.notices.list_notices()}
        listed = {(notices[item.notice_id].purpose, item.purpose) for item in tx.notice_items.list_items()}
    assert sorted(notice.purpose for notice in notices.values()) == sorted(NoticePurpose)
    assert listed == {(purpose, purpose) for purpose in NoticePurpose}


@pytest.mark.parametrize("purpose", NoticePurpose)
def test_the_answer_page_asks_for_what_the_letter_asks_for(services, purpose):
    head = build_notice_header(make_notice(purpose=purpose), services)
    labels = {label for _, label, _ in PURPOSE_WORDS[purpose].choices}
    assert ("have had their data erased" in head.words.reason) == (purpose is NoticePurpose.ERASE)
    assert ("Erased" in labels) == ("Please erase" in head.words.task) == (purpose is NoticePurpose.ERASE)


def test_a_processor_with_an_interface_that_erases_gets_a_correction_by_letter(services):
    """Its interface would erase what is to be corrected."""
    processors = tuple(replace(one, erasure_channel="api") for one in notified_processors())
    services = replace(services, merchant=replace(services.merchant, processors=processors))
    items = [
        make_entry(state=NoticeState.QUEUED, purpose=each) for each in (NoticePurpose.CORRECT, NoticePurpose.ERASE)
    ]
    with services.store.transaction() as tx:
        tx.notice_items.add_items(items)
        lease = tx.notice_accounts.acquire_lease(f"{SHOP}|delhivery")
    open_due_notices(f"{SHOP}|delhivery", lease, services)
    with services.store.read() as tx:
        channels = {notice.purpose: notice.via for notice in tx.notices.list_notices()}
    assert channels == {NoticePurpose.CORRECT: NoticeChannel.EMAIL, NoticePurpose.ERASE: NoticeChannel.API}
