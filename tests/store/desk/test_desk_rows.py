"""Nominations, persons of incidents, approvals and warnings expire with the evidence of requests, and go with the shop."""

from datetime import timedelta

from sqlalchemy import func, select

from bridge.model import AffectedPersons, NominationParticulars, RequestKind, RequestState
from bridge.store.schema.desk_tables import deadline_warnings, incident_persons, nominations, two_person_approvals
from tests.factories import ASHA, NOW, SHOP, make_request, opened

NOMINEE = NominationParticulars(name="Ravi Qwertzuiop", contact="ravi@qwertzuiop.example")
TABLES = (nominations, incident_persons, two_person_approvals, deadline_warnings)


def count_desk_rows(store):
    with store.read() as tx:
        return [tx.session.connection.scalar(select(func.count()).select_from(table)) for table in TABLES]


def fill(store, **given):
    request = make_request(kind=RequestKind.INCIDENT, subject="", **given)
    with store.transaction() as tx:
        opened(tx, request)
        subject = tx.person_lookup.find_subject(SHOP, ASHA)
        ids = [tx.nominations.add_nomination(SHOP, subject, request.id, NOMINEE) for _ in range(2)]
        tx.incident_persons.save_persons(request.id, SHOP, AffectedPersons(persons=((SHOP, subject),)))
        tx.two_person.save_approval(request.id, "operator:a", "d" * 64)
        tx.deadline_warnings.save_warnings([(request.id, "certin", 50), (request.id, "certin", 75)])
    return request, ids


def test_what_ended_expires_and_a_nomination_that_stands_does_not(store):
    _, (first, _) = fill(store, state=RequestState.DONE, closed_at=NOW)
    with store.transaction() as tx:
        assert tx.nominations.end_nomination(first)
        assert not tx.nominations.end_nomination(first)
    cutoff = NOW + timedelta(days=1)
    with store.transaction() as tx:
        assert tx.expiry.count_expired("request_evidence", cutoff) == 2
        tx.expiry.expire_records("request_evidence", cutoff, limit=100)
    assert count_desk_rows(store) == [1, 0, 0, 0]


def test_the_erasure_of_a_shop_takes_nominations_and_persons_of_incidents(store):
    fill(store)
    with store.transaction() as tx:
        removed = tx.shop_eraser.erase_shop(SHOP, request_id="req_1")
    assert (removed["nominations"], removed["incident_persons"]) == (2, 1)
    assert count_desk_rows(store)[:2] == [0, 0]


def test_an_approval_is_of_one_content_and_one_actor(store):
    request, _ = fill(store)
    with store.transaction() as tx:
        tx.two_person.save_approval(request.id, "operator:b", "d" * 64)
        tx.two_person.save_approval(request.id, "operator:a", "e" * 64)
        assert tx.two_person.list_approvers(request.id, "d" * 64) == ["operator:b"]
        assert tx.two_person.list_approvers(request.id, "e" * 64) == ["operator:a"]


def test_what_was_warned_of_is_read_back(store):
    request, _ = fill(store)
    with store.read() as tx:
        assert tx.deadline_warnings.list_given([request.id]) == {(request.id, "certin", each) for each in (50, 75)}
        assert tx.deadline_warnings.list_given([]) == set()
