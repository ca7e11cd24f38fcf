"""Sealed documents go by themselves on their day: not before, not in doubt, each with its fact."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bridge.errors import NeedsOperator
from bridge.model import Action, DocumentKind, Kind
from bridge.steps.requests.process import process
from bridge.steps.retention import expire_documents as step
from bridge.steps.retention.expire_documents import Released, release
from bridge.steps.retention.legal_hold import hold_order, release_claim
from tests.factories import NOW, SHOP, make_request, make_task, opened, order
from tests.steps.sealed_case import decided, documents, facts, make_claim, seal

EVE = datetime(2034, 3, 31, 18, 29, tzinfo=UTC)  # one minute before midnight in India
DAY = datetime(2034, 3, 31, 18, 30, tzinfo=UTC)
DESTROYED = "document.destroyed"


@pytest.fixture
def ours(services):
    """Services under a file in force."""
    made = decided(services)
    assert release(services=made) == Released(accepted=True)
    return made


def test_t09_what_an_erasure_left_is_there_on_the_eve_and_gone_on_the_day(ours, clock):
    erasure = make_request(kind=Kind.ERASURE)
    with ours.store.transaction() as tx:
        tx.index.learn(SHOP, [order(1001)])
        opened(tx, erasure, make_task(erasure.id, "bridge", Action.ERASE))
    sealed = seal(ours)
    with ours.store.transaction() as tx:
        tx.documents.remaining(SHOP, ["1001"], erasure.id)
    assert process(erasure.id, services=ours)
    assert release(services=ours).dated == 1
    kept = documents(ours)[sealed]
    assert (kept.erasable_from, kept.law_sha256) == (date(2034, 4, 1), "a" * 64)
    assert kept.grounds == ("income_tax_books", "gst_books")

    clock.at = EVE
    assert release(services=ours) == Released(accepted=True)
    assert sealed in documents(ours)
    clock.at = DAY
    assert release(services=ours) == Released(accepted=True, destroyed=1)
    assert documents(ours) == {}
    told = facts(ours, DESTROYED)
    assert told == [
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
        assert DESTROYED in [event.fact for event in tx.evidence.of(erasure.id)]
    assert release(services=ours) == Released(accepted=True), "twice is once"
    assert facts(ours, DESTROYED) == told


def test_what_nobody_asked_to_erase_goes_on_its_day_too(ours, clock):
    seal(ours)
    clock.at = DAY
    assert release(services=ours).destroyed == 1, "it was never dated, and goes all the same"
    assert facts(ours, DESTROYED)[0][1]["grounds"] == ["income_tax_books", "gst_books"]


def test_t11_a_credit_note_of_the_next_year_holds_both(ours, clock):
    seal(ours)
    release(services=ours)
    clock.at = datetime(2027, 4, 10, tzinfo=UTC)
    seal(ours, kind=DocumentKind.CREDIT_NOTE, source="refund-1", issued_at=clock.at)
    assert release(services=ours).dated == 2
    assert {each.erasable_from for each in documents(ours).values()} == {date(2035, 4, 1)}
    clock.at = DAY
    assert release(services=ours) == Released(accepted=True)
    assert len(documents(ours)) == 2
    clock.at = DAY + timedelta(days=365)
    assert release(services=ours).destroyed == 2
    assert len(facts(ours, DESTROYED)) == 1, "one order, one fact"


@pytest.mark.parametrize("undecided", [{"form": "unknown"}, {"reviewed_on": None}])
def test_t10_what_is_not_decided_holds_when_the_day_has_come(services, clock, undecided):
    ours = decided(services, **undecided)
    sealed = seal(ours)
    release(services=ours)
    clock.at = datetime(2060, 1, 1, tzinfo=UTC)
    assert release(services=ours) == Released(accepted=True)
    assert documents(ours)[sealed].erasable_from is None
    assert facts(ours, DESTROYED) == []


def test_the_stored_day_is_where_to_look_and_never_why_it_goes(ours, clock):
    sealed, wrong = seal(ours), date(2027, 1, 1)
    release(services=ours)
    with ours.store.transaction() as tx:
        tx.documents.dated([sealed], erasable_from=wrong, grounds=[], law_sha256="a" * 64)
    clock.at = datetime(2027, 1, 2, tzinfo=UTC)
    assert release(services=ours).destroyed == 0
    assert documents(ours)[sealed].erasable_from == date(2034, 4, 1), "and it is put right"


def test_a_claim_holds_beyond_the_day_and_its_end_lets_go(ours, clock):
    mine, other = seal(ours), seal(ours, 1002)
    release(services=ours)
    held = hold_order(SHOP, "1001", reference="CC-1", actor="operator:a", reason="summons", services=ours)
    assert (held.orders, held.documents) == (1, 1)
    assert documents(ours)[mine].erasable_from is None
    assert documents(ours)[mine].grounds[0] == "legal_claim"
    clock.at = DAY
    assert release(services=ours).destroyed == 1
    assert set(documents(ours)) == {mine} != {other}
    release_claim(held.claim.id, actor="operator:a", reason="settled", services=ours)
    assert documents(ours)[mine].erasable_from == date(2034, 4, 1)
    assert release(services=ours).destroyed == 1


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_claim_that_is_being_opened_is_waited_for(ours, clock):
    """SQLite has one writer; Postgres has rows that two may want at the same moment."""
    sealed = seal(ours)
    release(services=ours)
    clock.at = DAY
    turn = threading.Thread(target=release, kwargs={"services": ours})
    with ours.store.transaction() as tx:
        key = tx.legal_claims.key_of(SHOP, "1001")
        tx.vault_orders.documents([(SHOP, key)], lock=True)
        turn.start()
        turn.join(0.5)
        assert turn.is_alive(), "it waits for the documents"
        tx.legal_claims.open(make_claim(order_key=key), [key])
    turn.join(10)
    assert documents(ours)[sealed].grounds == ("legal_claim",)
    assert facts(ours, DESTROYED) == []


def test_a_law_that_ends_is_counted(services, clock):
    laws = {
        name: replace(law, in_force_to=date(2030, 6, 30)) if name in {"cgst", "income_tax"} else law
        for name, law in services.retention.laws.items()
    }
    ours = decided(services, laws=laws)
    sealed = seal(ours)
    release(services=ours)
    assert documents(ours)[sealed].erasable_from == date(2030, 7, 1)
    clock.at = datetime(2030, 7, 1, tzinfo=UTC)
    assert release(services=ours).destroyed == 1


def test_a_turn_is_bounded_and_the_next_goes_on_where_it_was(ours, clock, monkeypatch):
    monkeypatch.setattr(step, "BATCH", 2)
    monkeypatch.setattr(step, "MOST", 4)
    for number in range(7):
        seal(ours, 2000 + number)
    assert release(services=ours) == Released(accepted=True, dated=4, more=True)
    assert release(services=ours) == Released(accepted=True, dated=3)
    clock.at = DAY
    assert release(services=ours) == Released(accepted=True, destroyed=4, more=True)
    assert release(services=ours) == Released(accepted=True, destroyed=3)
    assert (documents(ours), len(facts(ours, DESTROYED))) == ({}, 7)


def test_what_is_still_there_after_it_was_destroyed_stops_the_turn_and_proves_nothing(
    ours, clock, monkeypatch
):
    seal(ours)
    release(services=ours)
    clock.at = DAY
    rows = type(_documents(ours))
    monkeypatch.setattr(rows, "destroy", _sticks)
    with pytest.raises(NeedsOperator):
        release(services=ours)
    monkeypatch.undo()
    assert facts(ours, DESTROYED) == []
    assert release(services=ours).destroyed == 1


def _documents(services):
    with services.store.transaction() as tx:
        return tx.documents


def _sticks(_rows, document_ids):
    raise NeedsOperator(f"{len(document_ids)} documents that were destroyed are still there")


def test_nothing_of_her_is_in_the_facts(ours, clock):
    seal(ours, issued_at=NOW)
    clock.at = DAY
    release(services=ours)
    with ours.store.transaction() as tx:
        told = str(list(tx.evidence.all()))
    assert [word for word in ("Asha", "1001") if word in told] == []
