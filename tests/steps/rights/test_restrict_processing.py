"""P-33: a restriction keeps every worker away but storage, claims and the person's own requests, and is lifted by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from bridge.errors import PayloadInvalid
from bridge.model import (
    Fact,
    LetterKind,
    NoticePurpose,
    NoticeState,
    RequestKind,
    RequestState,
    RestrictionParticulars,
    TaskAction,
    TaskState,
    WaitReason,
)
from bridge.steps.requests.open_for_person import open_person_request
from bridge.steps.requests.process import process_request
from bridge.steps.retention.expire import expire_aged_records
from bridge.steps.retention.expire_documents import expire_documents
from bridge.steps.rights.end_restriction import end_restriction
from bridge.steps.webhooks.dispatch import dispatch_delivery
from bridge.store.schema.desk_tables import person_letters
from bridge.store.schema.index_tables import orders
from tests.factories import ASHA, NOW, SHOP, accepted, redact_body
from tests.kit.durations import days
from tests.steps.sealed_case import decided, documents, seal

RESTRICT = ("bridge", TaskAction.RESTRICT)


@pytest.fixture
def restricted(desk):
    request_id = desk.open(RequestKind.RESTRICTION, RestrictionParticulars(ground="claims"))
    desk.process(request_id)
    return request_id


def end_as_officer(desk, request_id, **given):
    usual = {"code": "claims_settled", "actor": "officer", "reason": "suit ended"}
    return end_restriction(request_id, services=desk.services, **(usual | given))


def send_letters(desk):
    """Mark every letter to persons as sent, as the sender does."""
    with desk.store.transaction() as tx:
        tx.session.connection.execute(update(person_letters).values(state="sent"))


def count_orders(desk):
    with desk.store.read() as tx:
        return tx.session.connection.scalar(select(func.count()).select_from(orders))


def shopify_erases(desk):
    delivery = accepted(desk.store, "customers/redact", redact_body(1001), received_at=desk.clock.at)
    request_id = dispatch_delivery(delivery.id, services=desk.services)
    desk.clock.at += timedelta(hours=2)  # the merge that it may belong to has not come
    process_request(request_id, services=desk.services)
    return request_id


def test_p33_a_restriction_is_in_force_answered_and_told_to_carriers_and_marketing_stops(desk, restricted):
    task = desk.tasks(restricted)[RESTRICT]
    assert (task.wait_reason, task.wake_at) == (WaitReason.RESTRICTION_IN_FORCE, None)
    assert task.progress.recipients == {"delhivery": 1}
    request = desk.request(restricted)
    assert (request.state, request.closed_at) == (RequestState.WAITING, NOW)
    assert desk.letters(restricted) == [(LetterKind.RESTRICTED, 0, {"ground": "claims"})]
    assert desk.platform.taken_back == [("7001", frozenset({"email"}))]
    desk.notify()
    assert desk.mailer.letters[-1].subject.startswith("Restriction")
    record = desk.record(restricted)
    assert (record["schema"], record["asked"]) == ("rights-record/1", {"ground": "claims"})
    assert record["restrictions"][0] | {"since": ""} == {
        "purpose": "all",
        "ground": "claims",
        "orders": 1,
        "since": "",
        "ends_at": None,
        "lifted_at": None,
    }


def test_p33_an_erasure_that_shopify_sends_waits_and_says_why(desk, restricted):
    erasure = shopify_erases(desk)
    waits = {task.wait_reason for task in desk.tasks(erasure).values()}
    assert waits == {WaitReason.PERSON_RESTRICTED}
    assert count_orders(desk) == 1
    assert [fact.fact for fact in desk.facts(erasure)].count(Fact.TASK_WAITING) == 1
    desk.clock.at += days(1) + timedelta(seconds=1)
    desk.process(erasure)
    assert [fact.fact for fact in desk.facts(erasure)].count(Fact.TASK_WAITING) == 1


def test_p33_what_the_person_asks_for_goes_on(desk, restricted):
    own = open_person_request(
        RequestKind.ERASURE, SHOP, ASHA, desk.clock.at, actor="officer", reason="letter", services=desk.services
    )
    desk.process(own)
    assert WaitReason.PERSON_RESTRICTED not in {task.wait_reason for task in desk.tasks(own).values()}


def test_p33_what_expires_stays_while_restricted_and_goes_afterwards(desk, restricted):
    services = replace(decided(desk.services), clock=desk.clock)
    seal(services, 1001, issued_at=NOW - days(4_000))
    desk.clock.at += days(4_000)
    for _ in range(2):  # the second run finds what the first one dated
        assert "parcel_index" not in expire_aged_records(services=services)
        assert expire_documents(services=services).destroyed == 0
    assert (count_orders(desk), len(documents(services))) == (1, 1)
    end_as_officer(desk, restricted, informed_at=NOW)
    desk.process(restricted)
    assert expire_aged_records(services=services)["parcel_index"] >= 1
    assert expire_documents(services=services).destroyed == 1
    assert (count_orders(desk), len(documents(services))) == (0, 0)


def test_p33_a_processor_is_not_told_to_erase_while_the_person_is_restricted(desk):
    erasure = shopify_erases(desk)
    before = desk.items(erasure, NoticePurpose.ERASE)
    assert before
    restriction = desk.open(RequestKind.RESTRICTION, RestrictionParticulars(ground="unlawful"))
    desk.process(restriction)
    [item] = desk.items(erasure, NoticePurpose.ERASE)
    assert item.matters == (f"restriction/{restriction}",)
    desk.clock.at += days(1)
    desk.notify()
    [item] = desk.items(erasure, NoticePurpose.ERASE)
    assert (item.state, item.reason) == (NoticeState.WAITING, "restriction_open")


def test_p33_it_is_lifted_by_itself_on_the_day_that_the_person_was_told(desk, restricted):
    desk.notify()
    ends_at = end_as_officer(desk, restricted)
    assert ends_at == NOW + days(7)
    assert desk.letters(restricted)[-1] == (
        LetterKind.RESTRICTION_LIFTED,
        0,
        {"from": "2026-11-29", "reason": "claims_settled"},
    )
    with pytest.raises(PayloadInvalid, match="end_is_set"):
        end_as_officer(desk, restricted)
    desk.process(restricted)
    assert desk.tasks(restricted)[RESTRICT].wake_at == ends_at
    desk.clock.at = ends_at
    desk.process(restricted)  # the letter was not sent: nobody was told
    assert desk.tasks(restricted)[RESTRICT].wait_reason is WaitReason.RESTRICTION_IN_FORCE
    send_letters(desk)
    desk.clock.at = ends_at + days(1)
    desk.process(restricted)
    assert desk.tasks(restricted)[RESTRICT].state is TaskState.DONE
    assert [item.reference for item in desk.items(restricted, NoticePurpose.LIFT_RESTRICTION)] == ["AWB7007007"]
    assert desk.items(restricted, NoticePurpose.RESTRICT) == []
    with desk.store.read() as tx:
        assert tx.restrictions.list_restrictions(only_in_force=True) == []
        assert tx.restrictions.find_restricting_requests(desk.request(restricted)) == []
    assert Fact.RESTRICTION_LIFTED in {fact.fact for fact in desk.facts(restricted)}
    desk.notify()
    assert desk.mailer.letters[-1].subject.startswith("End of a restriction")


def test_a_restriction_that_shopify_s_erasure_waited_for_lets_it_go_on(desk, restricted):
    erasure = shopify_erases(desk)
    end_as_officer(desk, restricted, informed_at=NOW - days(8))
    desk.process(restricted)
    assert desk.tasks(restricted)[RESTRICT].state is TaskState.DONE
    desk.clock.at += days(2)
    desk.process(erasure)
    assert WaitReason.PERSON_RESTRICTED not in {task.wait_reason for task in desk.tasks(erasure).values()}


@pytest.mark.parametrize(
    ("given", "reason"),
    [({"code": "because"}, "code_unknown"), ({"informed_at": NOW + days(9)}, "informed_in_the_future")],
)
def test_an_end_that_cannot_be_is_refused(desk, restricted, given, reason):
    with pytest.raises(PayloadInvalid, match=reason):
        end_as_officer(desk, restricted, **given)


def test_only_a_restriction_in_force_can_end(desk):
    with pytest.raises(PayloadInvalid, match="request_unknown"):
        end_as_officer(desk, "req_none")
    with pytest.raises(PayloadInvalid, match="not_restricted"):
        end_as_officer(desk, desk.correct(phone="+919811122299"))


def test_twice_is_once(desk, restricted):
    facts = len(desk.facts(restricted))
    assert desk.open(RequestKind.RESTRICTION, RestrictionParticulars(ground="claims")) == restricted
    desk.process(restricted)
    assert [fact.fact for fact in desk.facts(restricted)[facts:]] == [Fact.REQUEST_JOINED]
    assert len(desk.items(restricted, NoticePurpose.RESTRICT)) == 1
