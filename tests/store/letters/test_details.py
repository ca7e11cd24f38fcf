"""What a request states beside the person's identifiers is sealed, read back, replaced and destroyed."""

from bridge.model import GrievanceParticulars, LetterKind, ReplyContact, RequestDetails, RequestKind
from bridge.steps.letters.queue_letter import queue_letter
from tests.factories import make_request, opened

CONTACT = ReplyContact(address="asha@qwertzuiop.example")


def test_details_are_read_back_replaced_and_destroyed(store):
    request = make_request(kind=RequestKind.GRIEVANCE)
    stated = RequestDetails(particulars=GrievanceParticulars(text="You shared my phone."), contact=CONTACT)
    with store.transaction() as tx:
        assert tx.request_details.get_details(request.id, request.kind) == RequestDetails()
        tx.request_details.save_details(request.id, request.shop, stated)
        assert tx.request_details.get_details(request.id, request.kind) == stated
        tx.request_details.save_details(request.id, request.shop, RequestDetails(contact=CONTACT))
    with store.transaction() as tx:
        assert tx.request_details.get_details(request.id, request.kind) == RequestDetails(contact=CONTACT)
        tx.request_details.erase_details(request.id)
    with store.read() as tx:
        assert tx.request_details.get_details(request.id, request.kind) == RequestDetails()


def test_a_letter_is_queued_once_for_each_kind_and_number(store):
    request = make_request()
    with store.transaction() as tx:
        opened(tx, request)
        assert queue_letter(request, LetterKind.LATE, tx=tx, values={"days": "3"})
        assert not queue_letter(request, LetterKind.LATE, tx=tx)
        assert queue_letter(request, LetterKind.LATE, tx=tx, number=1)
        first, second = tx.person_letters.list_letters(request.id)
    assert (first.kind, first.number, dict(first.values)) == (LetterKind.LATE, 0, {"days": "3"})
    assert (second.number, second.message_id) == (1, "")
