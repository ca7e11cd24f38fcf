"""P-15 and E-09: a nominee acts where a nomination stands and two people approved; then the person's request is opened."""

from dataclasses import replace

import pytest

from bridge.errors import PayloadInvalid
from bridge.model import NomineeParticulars, RequestDetails, RequestKind, RequestState, WaitReason
from bridge.steps.desk.admit_nominee import decline_nominee
from bridge.steps.desk.record_nomination import end_nomination
from bridge.steps.desk.two_person import approve_by_two
from bridge.steps.requests.open_for_person import open_person_request
from bridge.steps.requests.process import process_request
from tests.factories import ASHA, SHOP
from tests.steps.desk.desk_case import RAVI, approve_and_process, list_of_asha, nominate, read_with_task

ACTS = NomineeParticulars(
    name="ravi  QWERTZUIOP", contact="Ravi@Qwertzuiop.example", right="access", proof="death certificate seen"
)


def ask_as_nominee(services, nominee=ACTS):
    request_id = open_person_request(
        RequestKind.NOMINEE_EXERCISE,
        SHOP,
        ASHA,
        services.clock.now(),
        actor="operator:a",
        reason="a letter",
        services=services,
        details=RequestDetails(particulars=nominee),
    )
    process_request(request_id, services=services)
    return request_id


def test_e09_two_different_people_admit_a_nominee_and_the_persons_request_is_opened_with_the_nominees_address(services):
    nominate(services)
    request_id = ask_as_nominee(services)
    assert read_with_task(services, request_id)[1].wait_reason is WaitReason.TWO_APPROVALS_MISSING
    approve_and_process(services, request_id, "operator:a")
    with pytest.raises(PayloadInvalid, match="approved_already"):
        approve_by_two(request_id, actor="operator:a", reason="again", services=services)
    assert read_with_task(services, request_id)[1].wait_reason is WaitReason.TWO_APPROVALS_MISSING
    approve_and_process(services, request_id, "operator:b")
    request, task = read_with_task(services, request_id)
    assert request.state is RequestState.DONE
    opened, _ = read_with_task(services, task.progress.opened_request_id)
    assert (opened.kind, opened.principal, opened.external_ref) == (RequestKind.ACCESS, ASHA, request_id)
    assert (opened.received_at, opened.due_at) == (request.received_at, request.due_at)
    with services.store.read() as tx:
        assert tx.request_details.get_details(opened.id, opened.kind).contact.address == ACTS.contact
        facts = [fact for fact in tx.evidence.list_facts_of_request(request_id) if fact.fact == "nominee.admitted"]
    assert [fact.detail["opened"] for fact in facts] == [opened.id]
    assert [one.exercised_by for one in list_of_asha(services)] == [request_id]


@pytest.mark.parametrize(
    "change", [{"name": "Ravi Kumar"}, {"contact": "other@qwertzuiop.example"}, {"contact": "+919811122233"}]
)
def test_p15_without_a_nomination_that_names_the_nominee_nothing_is_opened(services, change):
    nominate(services)
    request_id = ask_as_nominee(services, replace(ACTS, **change))
    approve_and_process(services, request_id, "operator:a", "operator:b")
    request, task = read_with_task(services, request_id)
    assert (task.wait_reason, request.state) == (WaitReason.NOMINATION_MISSING, RequestState.WAITING)
    decline_nominee(request_id, actor="operator:a", reason="no such nominee", services=services)
    process_request(request_id, services=services)
    request, task = read_with_task(services, request_id)
    assert (request.state, task.progress.opened_request_id) == (RequestState.DONE, "")


def test_a_nomination_that_ends_before_the_second_approval_voids_the_first(services):
    nominate(services)
    request_id = ask_as_nominee(services)
    approve_and_process(services, request_id, "operator:a")
    [nomination] = list_of_asha(services)
    end_nomination(nomination.id, actor="operator:a", reason="letter", services=services)
    nominate(services, RAVI)
    approve_and_process(services, request_id, "operator:b")
    assert read_with_task(services, request_id)[1].wait_reason is WaitReason.TWO_APPROVALS_MISSING
    approve_and_process(services, request_id, "operator:a")
    assert read_with_task(services, request_id)[0].state is RequestState.DONE


def test_a_nominees_erasure_is_the_persons_erasure(services):
    nominate(services)
    request_id = ask_as_nominee(services, replace(ACTS, right="erasure"))
    approve_and_process(services, request_id, "operator:a", "operator:b")
    _, task = read_with_task(services, request_id)
    opened, _ = read_with_task(services, task.progress.opened_request_id)
    assert opened.kind is RequestKind.ERASURE
