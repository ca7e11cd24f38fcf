"""What a request states beside identifiers is destroyed once nothing needs it: by age, with its shop, and after a restore."""

from datetime import timedelta

import pytest

from bridge.model import (
    GrievanceParticulars,
    LetterKind,
    LetterState,
    LinkPurpose,
    ReplyContact,
    RequestDetails,
    RequestKind,
    RequestSource,
    RequestState,
)
from bridge.steps.letters.queue_letter import queue_letter
from bridge.store.retention.deletions import DELETION_KIND_DETAILS
from tests.factories import NOW, SHOP, make_request, opened

DETAILS = RequestDetails(
    particulars=GrievanceParticulars(text="You shared my phone."),
    contact=ReplyContact(address="asha@qwertzuiop.example"),
)
DAY = timedelta(days=1)


def store_request(
    store,
    *,
    kind=RequestKind.GRIEVANCE,
    letters=((LetterKind.ACKNOWLEDGEMENT, LetterState.SENT),),
    is_done=True,
    subject="subject-asha",
):
    request = make_request(kind=kind, source=RequestSource.OPERATOR, subject=subject)
    with store.transaction() as tx:
        opened(tx, request)
        tx.request_details.save_details(request.id, request.shop, DETAILS)
        for letter_kind, state in letters:
            queue_letter(request, letter_kind, tx=tx)
            letter = tx.person_letters.list_letters(request.id)[-1]
            assert tx.person_letters.change_state(letter, state)
        if is_done:
            lease = tx.requests.acquire_lease(request.id)
            tx.requests.release_lease(lease, state=RequestState.DONE, wake_at=None, complete=True, closed_at=NOW)
    return request


def has_details(store, request):
    with store.read() as tx:
        return tx.request_details.get_details(request.id, request.kind) != RequestDetails()


def expire(store):
    return store.expire_bodies_and_packages(keep_failed_days=90, keep_packages_days=14)["request_details"]


def test_details_are_destroyed_two_weeks_after_the_request_is_done(store, clock):
    request, open_request = store_request(store), store_request(store, subject="subject-bikram", is_done=False)
    clock.at = NOW + 14 * DAY
    assert expire(store) == 0
    clock.at = NOW + 15 * DAY
    assert expire(store) == 1
    assert expire(store) == 0
    assert not has_details(store, request)
    assert has_details(store, open_request)


@pytest.mark.parametrize(
    ("kind", "letters", "is_destroyed"),
    [
        (RequestKind.GRIEVANCE, [(LetterKind.GRIEVANCE_ANSWERED, LetterState.WITHHELD)], False),
        (RequestKind.GRIEVANCE, [(LetterKind.GRIEVANCE_ANSWERED, LetterState.DISMISSED)], True),
        (RequestKind.NOMINATION, [], False),
        (RequestKind.RESTRICTION, [(LetterKind.RESTRICTED, LetterState.SENT)], False),
        (RequestKind.RESTRICTION, [(LetterKind.RESTRICTION_LIFTED, LetterState.SENT)], True),
    ],
)
def test_what_a_letter_or_a_right_still_needs_stays(store, clock, kind, letters, is_destroyed):
    request = store_request(store, kind=kind, letters=letters)
    clock.at = NOW + 30 * DAY
    assert expire(store) == is_destroyed
    # its details are those of a complaint: only whether they stay matters
    with store.read() as tx:
        assert tx.request_details.get_details(request.id, RequestKind.GRIEVANCE) == (
            RequestDetails() if is_destroyed else DETAILS
        )


def test_the_ledger_learns_it_and_a_restored_backup_loses_them_again(store, clock):
    request = store_request(store)
    clock.at = NOW + 15 * DAY
    assert expire(store) == 1
    with store.transaction() as tx:
        _, destroyed = tx.ledger_state.list_unsynced(limit=10)
        mine = [one for one in destroyed if one.kind == DELETION_KIND_DETAILS]
        assert [one.ref for one in mine] == [request.id]
        tx.request_details.save_details(request.id, request.shop, DETAILS)  # as a backup brings them back
        assert tx.ledger_state.repeat_destructions(mine) == 1
    assert not has_details(store, request)


def test_an_erased_shop_leaves_no_details_letters_or_links(store):
    request = store_request(store, is_done=False)
    with store.transaction() as tx:
        token = tx.person_links.create_link(request.id, LinkPurpose.DOWNLOAD, expires_at=NOW + DAY)
    with store.transaction() as tx:
        tx.shop_eraser.erase_shop(SHOP, request_id="req_of_the_shop")
        assert tx.person_letters.list_letters(request.id) == []
        assert tx.person_links.find_linked_request(token, LinkPurpose.DOWNLOAD) is None
    assert not has_details(store, request)
