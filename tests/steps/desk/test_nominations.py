"""P-15: nominations are kept sealed, found for the person, ended, in the person's copy, and erased with the person."""

import pytest

from bridge.errors import PayloadInvalid
from bridge.model import LetterKind, ReplyContact, RequestKind, RequestSource, RequestState, WaitReason
from bridge.steps.desk.record_nomination import accept_nomination, decline_nomination, end_nomination
from bridge.steps.requests.open_for_person import open_person_request
from bridge.steps.requests.process import process_request
from tests.factories import ASHA, SHOP, customer
from tests.kit.operator_requests import list_answers
from tests.steps.desk.desk_case import MINA, RAVI, list_of_asha, nominate


def test_p15_one_or_more_nominees_are_recorded_sealed_once_each_and_confirmed_by_letter(services):
    first, second = nominate(services, run=False), nominate(services, MINA, run=False)
    again = nominate(services)
    for request_id in (first, second):
        process_request(request_id, services=services)
    assert [one.nominee for one in list_of_asha(services)] == [RAVI, MINA]
    with services.store.read() as tx:
        for request_id in (first, second, again):
            request = tx.requests.get_request(request_id)
            assert (request.state, request.complete) == (RequestState.DONE, True)
            assert tx.packages.find_certificate(request_id) is None
            [letter] = list_answers(services, request_id)
            assert letter.kind is LetterKind.NOMINATION_RECORDED
            # what the nomination says is stored once
            assert tx.request_details.get_details(request_id, request.kind).particulars is None
        facts = [fact.fact for fact in tx.evidence.list_facts_of_request(first)]
    assert "nomination.recorded" not in facts  # `again` was worked on before it, and says the same
    assert facts.count("request.closed") == 1


@pytest.mark.parametrize("source", [RequestSource.PAGE, RequestSource.MAIL])
def test_a_nomination_by_page_or_mail_waits_for_proof_of_the_address_or_an_operators_word(services, source):
    with services.store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [customer()])  # the address is on record
    proven = ReplyContact(address=ASHA.email, proven=True)
    unproven = ReplyContact(address=ASHA.email)
    nominate(services, source=source, contact=proven)
    assert len(list_of_asha(services)) == 1
    waits = nominate(services, MINA, source=source, contact=unproven)
    with services.store.read() as tx:
        [task] = tx.tasks.list_tasks(waits)
        assert task.wait_reason is WaitReason.NOMINATOR_UNPROVEN
        assert tx.requests.get_request(waits).state is RequestState.WAITING
    assert len(list_of_asha(services)) == 1
    accept_nomination(waits, actor="operator:test", reason="called back", services=services)
    process_request(waits, services=services)
    assert [one.nominee for one in list_of_asha(services)] == [RAVI, MINA]
    declined = nominate(services, RAVI, source=source, contact=unproven)
    decline_nomination(declined, actor="operator:test", reason="nobody answers", services=services)
    process_request(declined, services=services)
    with services.store.read() as tx:
        assert tx.requests.get_request(declined).state is RequestState.DONE
    assert len(list_of_asha(services)) == 2
    with pytest.raises(PayloadInvalid, match="not_waiting"):
        accept_nomination(waits, actor="operator:test", reason="called back", services=services)


def test_a_nomination_that_ended_says_nothing_any_more(services):
    nominate(services)
    [nomination] = list_of_asha(services)
    end_nomination(nomination.id, actor="operator:test", reason="letter", services=services)
    [after] = list_of_asha(services)
    assert (after.nominee, after.ended_at) == (None, services.clock.now())
    with pytest.raises(PayloadInvalid, match="ended_already"):
        end_nomination(nomination.id, actor="operator:test", reason="letter", services=services)
    with pytest.raises(PayloadInvalid, match="nomination_unknown"):
        end_nomination("nom_0", actor="operator:test", reason="letter", services=services)


def test_a_nomination_goes_with_the_person_unless_it_was_used(services, forget):
    nominate(services)
    nominate(services, MINA)
    used = list_of_asha(services)[1]
    with services.store.transaction() as tx:
        tx.nominations.record_exercise(used.id, "req_1")
    forget()
    [left] = list_of_asha(services)
    assert (left.id, left.nominee, left.ended_at) == (used.id, MINA, services.clock.now())


def test_particulars_are_needed(services):
    for kind in (RequestKind.NOMINATION, RequestKind.NOMINEE_EXERCISE, RequestKind.INCIDENT):
        with pytest.raises(PayloadInvalid, match=r"_missing$"):
            open_person_request(
                kind, SHOP, ASHA, services.clock.now(), actor="operator:t", reason="letter", services=services
            )
