"""Sealed documents are destroyed on their day, not before and not in doubt, each with its fact."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bridge.errors import NeedsOperator
from bridge.model import DocumentKind, RequestKind, TaskAction
from bridge.steps.requests.process import process_request
from bridge.steps.retention import expire_documents as step
from bridge.steps.retention.expire_documents import DocumentExpiryResult, expire_documents
from bridge.steps.retention.legal_hold import open_order_legal_hold, release_legal_hold
from tests.factories import NOW, SHOP, make_request, make_task, opened, order
from tests.steps.sealed_case import decided, documents, facts, make_legal_hold, seal

EVE = datetime(2034, 3, 31, 18, 29, tzinfo=UTC)  # one minute before midnight in India
DAY = datetime(2034, 3, 31, 18, 30, tzinfo=UTC)
DESTROYED = "document.destroyed"


@pytest.fixture
def ours(services):
    """Return services with an accepted retention file."""
    made = decided(services)
    assert expire_documents(services=made) == DocumentExpiryResult(policy_accepted=True)
    return made


def test_t09_a_retained_document_is_destroyed_on_its_day_and_not_before(ours, clock):
    """Requirement P-64."""
    erasure = make_request(kind=RequestKind.ERASURE)
    with ours.store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [order(1001)])
        opened(tx, erasure, make_task(erasure.id, "bridge", TaskAction.ERASE))
    sealed = seal(ours)
    with ours.store.transaction() as tx:
        tx.documents.mark_documents_remaining(SHOP, ["1001"], erasure.id)
    assert process_request(erasure.id, services=ours)
    assert expire_documents(services=ours).dated == 1
    kept = documents(ours)[sealed]
    assert (kept.erasable_from, kept.law_sha256) == (date(2034, 4, 1), "a" * 64)
    assert kept.grounds == ("income_tax_books", "gst_books")

    clock.at = EVE
    assert expire_documents(services=ours) == DocumentExpiryResult(policy_accepted=True)
    assert sealed in documents(ours)
    clock.at = DAY
    assert expire_documents(services=ours) == DocumentExpiryResult(policy_accepted=True, destroyed=1)
    assert documents(ours) == {}
    destroyed = facts(ours, DESTROYED)
    assert destroyed == [
        (
            DESTROYED,
            {
                "documents": [sealed],
                "grounds": ["income_tax_books", "gst_books"],
                "last_day": "2034-03-31",
                "verified": "re-read",
            },
        )
    ]
    with ours.store.transaction() as tx:
        assert DESTROYED in [event.fact for event in tx.evidence.list_facts_of_request(erasure.id)]
    assert expire_documents(services=ours) == DocumentExpiryResult(policy_accepted=True), "a second run changes nothing"
    assert facts(ours, DESTROYED) == destroyed


def test_a_document_without_a_request_is_destroyed_on_its_day_too(ours, clock):
    """Requirement P-64."""
    seal(ours)
    clock.at = DAY
    assert expire_documents(services=ours).destroyed == 1, "it was never dated and is destroyed too"
    assert facts(ours, DESTROYED)[0][1]["grounds"] == ["income_tax_books", "gst_books"]


def test_t11_a_credit_note_of_the_next_year_keeps_both_documents(ours, clock):
    seal(ours)
    expire_documents(services=ours)
    clock.at = datetime(2027, 4, 10, tzinfo=UTC)
    seal(ours, kind=DocumentKind.CREDIT_NOTE, source_id="refund-1", issued_at=clock.at)
    assert expire_documents(services=ours).dated == 2
    assert {each.erasable_from for each in documents(ours).values()} == {date(2035, 4, 1)}
    clock.at = DAY
    assert expire_documents(services=ours) == DocumentExpiryResult(policy_accepted=True)
    assert len(documents(ours)) == 2
    clock.at = DAY + timedelta(days=365)
    assert expire_documents(services=ours).destroyed == 2
    assert len(facts(ours, DESTROYED)) == 1, "one order, one fact"


@pytest.mark.parametrize("undecided", [{"form": "unknown"}, {"reviewed_on": None}])
def test_t10_an_undecided_rule_keeps_the_document_after_its_day(services, clock, undecided):
    """Requirement L-07."""
    ours = decided(services, **undecided)
    sealed = seal(ours)
    expire_documents(services=ours)
    clock.at = datetime(2060, 1, 1, tzinfo=UTC)
    assert expire_documents(services=ours) == DocumentExpiryResult(policy_accepted=True)
    assert documents(ours)[sealed].erasable_from is None
    assert facts(ours, DESTROYED) == []


def test_the_stored_date_selects_documents_and_never_decides(ours, clock):
    sealed, wrong = seal(ours), date(2027, 1, 1)
    expire_documents(services=ours)
    with ours.store.transaction() as tx:
        tx.documents.record_erasable_from([sealed], erasable_from=wrong, grounds=[], law_sha256="a" * 64)
    clock.at = datetime(2027, 1, 2, tzinfo=UTC)
    assert expire_documents(services=ours).destroyed == 0
    assert documents(ours)[sealed].erasable_from == date(2034, 4, 1), "and it is corrected"


def test_a_legal_hold_keeps_a_document_beyond_its_day_until_the_release(ours, clock):
    document_id, other = seal(ours), seal(ours, 1002)
    expire_documents(services=ours)
    held = open_order_legal_hold(SHOP, "1001", reference="CC-1", actor="operator:a", reason="summons", services=ours)
    assert (held.orders, held.documents) == (1, 1)
    assert documents(ours)[document_id].erasable_from is None
    assert documents(ours)[document_id].grounds[0] == "legal_claim"
    clock.at = DAY
    assert expire_documents(services=ours).destroyed == 1
    assert set(documents(ours)) == {document_id} != {other}
    release_legal_hold(held.legal_hold.id, actor="operator:a", reason="settled", services=ours)
    assert documents(ours)[document_id].erasable_from == date(2034, 4, 1)
    assert expire_documents(services=ours).destroyed == 1


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_legal_hold_that_is_being_opened_is_waited_for(ours, clock):
    """SQLite has one writer; in Postgres two transactions can want the same rows."""
    sealed = seal(ours)
    expire_documents(services=ours)
    clock.at = DAY
    turn = threading.Thread(target=expire_documents, kwargs={"services": ours})
    with ours.store.transaction() as tx:
        key = tx.legal_holds.compute_order_key(SHOP, "1001")
        tx.vault_orders.group_documents_by_order([(SHOP, key)], lock=True)
        turn.start()
        turn.join(0.5)
        assert turn.is_alive(), "it waits for the documents"
        tx.legal_holds.open_legal_hold(make_legal_hold(order_key=key), [key])
    turn.join(10)
    assert documents(ours)[sealed].grounds == ("legal_claim",)
    assert facts(ours, DESTROYED) == []


def test_a_law_that_ended_is_considered(services, clock):
    laws = {
        name: replace(law, in_force_to=date(2030, 6, 30)) if name in {"cgst", "income_tax"} else law
        for name, law in services.retention.laws.items()
    }
    ours = decided(services, laws=laws)
    sealed = seal(ours)
    expire_documents(services=ours)
    assert documents(ours)[sealed].erasable_from == date(2030, 7, 1)
    clock.at = datetime(2030, 7, 1, tzinfo=UTC)
    assert expire_documents(services=ours).destroyed == 1


def test_a_run_is_bounded_and_the_next_one_continues(ours, clock, monkeypatch):
    monkeypatch.setattr(step, "DOCUMENTS_PER_TRANSACTION", 2)
    monkeypatch.setattr(step, "MAX_DOCUMENTS_PER_RUN", 4)
    for number in range(7):
        seal(ours, 2000 + number)
    assert expire_documents(services=ours) == DocumentExpiryResult(policy_accepted=True, dated=4, has_more=True)
    assert expire_documents(services=ours) == DocumentExpiryResult(policy_accepted=True, dated=3)
    clock.at = DAY
    assert expire_documents(services=ours) == DocumentExpiryResult(policy_accepted=True, destroyed=4, has_more=True)
    assert expire_documents(services=ours) == DocumentExpiryResult(policy_accepted=True, destroyed=3)
    assert (documents(ours), len(facts(ours, DESTROYED))) == ({}, 7)


def test_a_document_that_survives_its_deletion_stops_the_run_without_a_fact(ours, clock, monkeypatch):
    """Requirement P-64."""
    seal(ours)
    expire_documents(services=ours)
    clock.at = DAY
    rows = type(_documents(ours))
    monkeypatch.setattr(rows, "delete_documents", _sticks)
    with pytest.raises(NeedsOperator):
        expire_documents(services=ours)
    monkeypatch.undo()
    assert facts(ours, DESTROYED) == []
    assert expire_documents(services=ours).destroyed == 1


def _documents(services):
    with services.store.transaction() as tx:
        return tx.documents


def _sticks(_rows, document_ids):
    raise NeedsOperator(f"{len(document_ids)} documents that were destroyed are still there")


def test_the_facts_hold_no_personal_data(ours, clock):
    seal(ours, issued_at=NOW)
    clock.at = DAY
    expire_documents(services=ours)
    with ours.store.transaction() as tx:
        text = str(list(tx.evidence.iterate_facts()))
    assert [word for word in ("Asha", "1001") if word in text] == []
