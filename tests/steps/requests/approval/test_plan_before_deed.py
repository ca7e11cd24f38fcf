"""E-01: what a door of the merchant received changes nothing before its plan was seen and approved (docs/approval.md)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bridge.errors import ConnectorUnavailable, LeaseLost, PayloadInvalid
from bridge.model import (
    CorrectionParticulars,
    FieldChange,
    LetterKind,
    Principal,
    RequestDetails,
    RequestEnding,
    RequestKind,
    RequestSource,
    RequestState,
    TaskAction,
    TaskState,
)
from bridge.rules.requests.decisions.approval_rules import digest_plan
from bridge.steps.requests import open_for_person
from bridge.steps.requests.approval.approve import approve_request, require_approval, show_plan
from bridge.steps.requests.approval.deed_plan import read_deed_plan
from bridge.steps.requests.approval.end_early import refuse_request, withdraw_request
from bridge.steps.requests.process import process_request
from bridge.steps.webhooks.dispatch import dispatch_delivery
from tests.factories import ASHA, SHOP, accepted, make_request, opened, order, redact_body, settled_retention
from tests.kit.operator_requests import let_act, list_answers, open_as_operator
from tests.steps.sales_case import sold

LONG_AGO = datetime(2025, 6, 2, 10, 0, tzinfo=UTC)
ONE, TWO = "operator:asha", "operator:devi"
PERSON_TABLES = ("orders", "parcels", "customers", "vault_documents", "notice_entries", "suppressions", "deletions")


@pytest.fixture
def shipped(services, platform):
    """Asha's old order that arrived with one parcel, and that no law holds; Shopify knows its sale, and the customer."""
    platform.customers = {ASHA.email: "7001"}
    ours = replace(services, retention=settled_retention())
    place_order(ours, platform, 1001)
    return ours


def place_order(services, platform, number):
    platform.sold[str(number)] = [sold(number)]
    shipment = {
        "tracking_company": "Delhivery",
        "tracking_numbers": [f"1490{number:08}"],
        "shipment_status": "delivered",
    }
    shipment |= {"created_at": LONG_AGO.isoformat(), "updated_at": LONG_AGO.isoformat()}
    with services.store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [order(number, at=LONG_AGO, fulfillments=[shipment])])


def open_waiting(services, who=ASHA, **given):
    request_id = open_as_operator(services, who, shop=SHOP, approved=False, **given)
    process_request(request_id, services=services)
    return request_id


def find_request(services, request_id):
    with services.store.transaction() as tx:
        return tx.requests.get_request(request_id)


def list_fact_names(services, request_id):
    with services.store.transaction() as tx:
        return [event.fact for event in tx.evidence.list_facts_of_request(request_id)]


def list_letter_kinds(services, request_id):
    return [one.kind for one in list_answers(services, request_id)]


def count_stored(services):
    from sqlalchemy import func, select  # noqa: PLC0415

    from bridge.store.schema.tables import metadata  # noqa: PLC0415

    with services.store.transaction() as tx:
        tables = [metadata.tables[name] for name in PERSON_TABLES if name in metadata.tables]
        return {one.name: tx.session.connection.scalar(select(func.count()).select_from(one)) for one in tables}


def approve(services, request_id, actor=ONE):
    show_plan(request_id, services=services)
    return approve_request(request_id, actor=actor, services=services)


def test_e01_nothing_is_changed_before_the_plan_is_approved_and_then_exactly_the_plan_is(shipped, platform, clock):
    before = count_stored(shipped)
    request_id = open_waiting(shipped)
    assert find_request(shipped, request_id).state is RequestState.AWAITING_APPROVAL
    plan, digest = show_plan(request_id, services=shipped)
    assert (count_stored(shipped), platform.requested, platform.removed) == (before, [], [])
    assert not process_request(request_id, services=shipped), "no worker takes it"
    erased = {(line["what"], line["count"]) for line in plan.parts["lines"] if line["action"] == "erase"}
    assert ("orders: keyed hashes, number and id sealed", 1) in erased
    assert [(one["processor"], one["records"]) for one in plan.parts["letters"] if one["named_by"] == "waybill"] == [
        ("delhivery", 1)
    ]
    assert plan.parts["copies"] == {"sealed_first": 1, "missing": 0}
    status = approve_request(request_id, actor=ONE, plan_digest=digest, services=shipped)
    assert (status.missing, status.free_at) == (0, clock.at + timedelta(hours=48))
    assert process_request(request_id, services=shipped)
    assert (find_request(shipped, request_id).state, count_stored(shipped)) == (RequestState.WAITING, before), (
        "48 h to take back"
    )
    clock.at += timedelta(hours=48)
    assert process_request(request_id, services=shipped)
    assert platform.requested == ["7001"]
    assert count_stored(shipped)["orders"] == 0
    with shipped.store.transaction() as tx:
        done = tx.plans.find_plan(request_id)["lines"]
    of_bridge = {(one["what"], one["count"]) for one in done if (one["system"], one["action"]) == ("bridge", "erase")}
    wanted = [one for one in plan.parts["lines"] if (one["system"], one["action"]) == ("bridge", "erase")]
    assert of_bridge == {(one["what"], one["count"]) for one in wanted}, "the result is what the plan said"
    assert [
        fact
        for fact in list_fact_names(shipped, request_id)
        if fact in ("approval.awaited", "plan.approved", "deed.begun")
    ] == ["approval.awaited", "plan.approved", "deed.begun"]


def test_e01_a_plan_that_changed_is_not_approved_and_after_its_approval_not_carried_out(
    shipped, deliver, clock, platform
):
    request_id = open_waiting(shipped)
    with pytest.raises(PayloadInvalid, match="plan_not_shown"):
        approve_request(request_id, actor=ONE, services=shipped)
    _, first = show_plan(request_id, services=shipped)
    place_order(shipped, platform, 1002)
    with pytest.raises(PayloadInvalid, match="plan_changed"):
        approve_request(request_id, actor=ONE, services=shipped)
    show_plan(request_id, services=shipped)
    with pytest.raises(PayloadInvalid, match="plan_unknown"):
        approve_request(request_id, actor=ONE, plan_digest=first, services=shipped)
    approve(shipped, request_id)
    clock.at += timedelta(hours=49)
    place_order(shipped, platform, 1003)
    process_request(request_id, services=shipped)
    stopped = find_request(shipped, request_id)
    assert (stopped.state, stopped.last_error) == (RequestState.AWAITING_APPROVAL, "plan_changed")
    assert platform.requested == []
    assert "plan.changed" in list_fact_names(shipped, request_id)
    assert approve(shipped, request_id).missing == 0, "the same person may approve the new plan"
    process_request(request_id, services=shipped)
    assert platform.requested == ["7001"]


def test_what_cannot_be_read_at_the_deed_is_no_change_and_what_nobody_saw_is_one(shipped, platform, clock):
    platform.balance_faults = [ConnectorUnavailable("shopify: HTTP 503")] * 9
    request_id = open_waiting(shipped)
    plan, _ = show_plan(request_id, services=shipped)
    assert plan.unread == {"guards": "shopify: HTTP 503"}
    approve(shipped, request_id)
    platform.balance_faults = []
    clock.at += timedelta(hours=49)
    process_request(request_id, services=shipped)
    assert find_request(shipped, request_id).last_error == "plan_changed", "nobody saw what the customer would lose"
    approve(shipped, request_id)
    platform.balance_faults = [ConnectorUnavailable("shopify: HTTP 503")]
    process_request(request_id, services=shipped)
    assert "deed.begun" in list_fact_names(shipped, request_id)


def test_e01_who_is_meant_is_part_of_the_plan(shipped):
    """Two persons, both without data here, have the same lines, and not the same plan."""
    nobody, other = (open_waiting(shipped, Principal(email=f"{name}@example.com")) for name in ("nobody", "other"))
    plans = [read_deed_plan(one, services=shipped) for one in (nobody, other)]
    assert plans[0].parts["lines"] == plans[1].parts["lines"]
    assert digest_plan(plans[0]) != digest_plan(plans[1])
    assert "nobody" not in str(plans[0].parts)


def test_a_wider_wish_needs_a_new_approval_and_a_webhook_none(shipped, platform, clock):
    request_id = open_waiting(shipped)
    approve(shipped, request_id)
    clock.at += timedelta(hours=49)
    process_request(request_id, services=shipped)
    assert platform.requested == ["7001"]
    assert open_waiting(shipped, replace(ASHA, email="asha.second@example.com", order_ids=("2002",))) == request_id
    assert find_request(shipped, request_id).state is RequestState.AWAITING_APPROVAL
    assert approve(shipped, request_id).missing == 0


def test_what_shopify_orders_waits_for_no_approval(shipped, clock):
    waiting = open_waiting(shipped)
    delivery = accepted(shipped.store, "customers/redact", redact_body(1001))
    by_webhook = dispatch_delivery(delivery.id, services=shipped)
    assert by_webhook != waiting
    process_request(by_webhook, services=shipped)
    assert count_stored(shipped)["orders"] == 0
    assert find_request(shipped, waiting).state is RequestState.AWAITING_APPROVAL
    assert approve(shipped, waiting).missing == 0, "the officer sees what is left, and decides"
    clock.at += timedelta(hours=49)
    assert process_request(waiting, services=shipped)


def test_t04_an_erasure_is_carried_out_before_shopify_s_own_and_its_webhook_joins_the_case(shipped, platform, clock):
    request_id = open_waiting(shipped)
    approve(shipped, request_id)
    clock.at += timedelta(hours=49)
    process_request(request_id, services=shipped)
    own = find_request(shipped, request_id)
    assert (count_stored(shipped)["orders"], platform.requested) == (0, ["7001"])
    assert clock.at < own.due_at
    with shipped.store.transaction() as tx:
        waiting = {task.action: task.state for task in tx.tasks.list_tasks(request_id)}
    assert waiting[TaskAction.POLL_PLATFORM_ERASURE] is TaskState.WAITING
    clock.at += timedelta(days=12)
    delivery = accepted(shipped.store, "customers/redact", redact_body(1001), received_at=clock.at)
    assert dispatch_delivery(delivery.id, services=shipped) == request_id
    assert find_request(shipped, request_id).due_at == own.due_at


def test_what_was_opened_by_hand_widens_no_request_of_shopify(shipped, platform):
    platform.erasures = []
    delivery = accepted(shipped.store, "customers/redact", redact_body(1001))
    by_webhook = dispatch_delivery(delivery.id, services=shipped)
    waiting = open_waiting(shipped, replace(ASHA, email="typo@example.com"))
    assert waiting != by_webhook
    with shipped.store.transaction() as tx:
        assert tx.requests.get_request(by_webhook).principal.email != "typo@example.com"
        tx.request_changes.restart_request(waiting)
        tx.request_changes.restart_request(by_webhook)
    process_request(by_webhook, services=shipped)
    assert find_request(shipped, by_webhook).closed_at


def test_e09_two_people_approve_where_two_are_needed(shipped):
    rules = replace(shipped.merchant.approval, two_people=("erasure",))
    ours = replace(shipped, merchant=replace(shipped.merchant, approval=rules))
    request_id = open_waiting(ours)
    assert approve(ours, request_id).missing == 1
    with pytest.raises(PayloadInvalid, match="approved_by_you"):
        approve_request(request_id, actor=ONE.upper(), services=ours)
    assert find_request(ours, request_id).state is RequestState.AWAITING_APPROVAL
    assert approve(ours, request_id, TWO).missing == 0
    assert find_request(ours, request_id).state is RequestState.IN_PROGRESS


def test_a_merchant_may_let_a_door_run_by_itself(shipped, platform):
    rules = replace(shipped.merchant.approval, doors_without=("operator",), cooling_off_hours=0)
    ours = replace(shipped, merchant=replace(shipped.merchant, approval=rules))
    open_waiting(ours)
    assert platform.requested == ["7001"]


def test_a_request_that_was_taken_back_destroys_nothing_and_ends(shipped, platform, clock):
    before = count_stored(shipped)
    request_id = open_waiting(shipped)
    approve(shipped, request_id)
    withdraw_request(request_id, actor=ONE, reason="a phone call", services=shipped)
    ended = find_request(shipped, request_id)
    assert (ended.state, ended.ending, ended.answered_at) == (RequestState.DONE, RequestEnding.WITHDRAWN, clock.at)
    clock.at += timedelta(days=60)
    assert not process_request(request_id, services=shipped)
    assert (count_stored(shipped), platform.requested) == (before, [])
    assert list_letter_kinds(shipped, request_id) == [LetterKind.WITHDRAWN]
    assert "request.withdrawn" in list_fact_names(shipped, request_id)
    with shipped.store.transaction() as tx:
        assert {task.state for task in tx.tasks.list_tasks(request_id)} == {TaskState.DONE}
    for again in (withdraw_request, lambda *of, **given: refuse_request(*of, "excessive", **given)):
        with pytest.raises(PayloadInvalid, match="ended_before"):
            again(request_id, actor=ONE, reason="again", services=shipped)
    assert open_waiting(shipped) != request_id, "a new wish is a new request"


def test_what_was_begun_is_neither_withdrawn_nor_refused(shipped):
    request_id = open_as_operator(shipped, ASHA, shop=SHOP)
    process_request(request_id, services=shipped)
    with pytest.raises(PayloadInvalid, match=r"deed_begun|ended_before"):
        withdraw_request(request_id, actor=ONE, reason="too late", services=shipped)
    with shipped.store.transaction() as tx:
        require_approval(tx.requests.get_request(request_id), tx)


def test_p38_a_refusal_names_its_law_the_authority_and_the_court(shipped):
    request_id = open_waiting(shipped, replace(ASHA, stated_countries=("DE",)))
    for code, fault in (("nonsense", "code_unknown"), ("data_is_correct", "code_not_for_kind")):
        with pytest.raises(PayloadInvalid, match=fault):
            refuse_request(request_id, code, actor=ONE, services=shipped)
    laws = refuse_request(request_id, "identity_not_proven", actor=ONE, reason="no answer", services=shipped)
    assert "GDPR Art 12(2), 12(6)" in laws
    ended = find_request(shipped, request_id)
    assert (ended.state, ended.ending, ended.answered_at) == (RequestState.DONE, RequestEnding.REFUSED, None)
    with shipped.store.transaction() as tx:
        (refusal,) = (one for one in tx.evidence.list_facts_of_request(request_id) if one.fact == "request.refused")
    (letter,) = list_answers(shipped, request_id)
    assert refusal.detail["remedies"][-1] == "judicial_remedy"
    assert len(refusal.detail["remedies"]) > 1
    assert (letter.kind, dict(letter.values)) == (LetterKind.REFUSAL, {"reason": "identity_not_proven"})


def test_an_indian_person_is_not_refused_by_a_reason_of_the_gdpr_alone(shipped):
    with pytest.raises(PayloadInvalid, match="code_not_for_law"):
        refuse_request(open_waiting(shipped), "excessive", actor=ONE, services=shipped)


def test_an_access_request_may_be_refused_while_it_is_gathered(services):
    request_id = open_as_operator(services, ASHA, shop=SHOP, kind=RequestKind.ACCESS)
    refuse_request(request_id, "manifestly_unfounded", actor=ONE, services=services)
    assert not process_request(request_id, services=services)
    assert find_request(services, request_id).source is RequestSource.OPERATOR


def test_a_kind_without_lines_shows_its_tasks_and_what_was_stated_masked(services):
    changes = (FieldChange(field="phone", new="+919811122233", old=""),)
    stated = RequestDetails(particulars=CorrectionParticulars(changes=changes, proof="passport"))
    with services.store.transaction() as tx:
        request = opened(tx, make_request(kind=RequestKind.CORRECTION, source=RequestSource.OPERATOR))
        tx.approvals.open_gate(request.id, RequestSource.OPERATOR, free_at=None)
        tx.request_details.save_details(request.id, SHOP, stated)
        with pytest.raises(PayloadInvalid, match="not_approved"):
            require_approval(request, tx)
    plan, digest = show_plan(request.id, services=services)
    assert plan.parts["stated"] == {
        "changes": [{"field": "phone", "new": "+*** (13 characters)", "old": ""}],
        "proof": "p*** (8 characters)",
    }
    with services.store.transaction() as tx:  # restated: the same length, another number
        other = CorrectionParticulars(changes=(FieldChange(field="phone", new="+919811122234"),), proof="passport")
        tx.request_details.save_details(request.id, SHOP, RequestDetails(particulars=other))
    with pytest.raises(PayloadInvalid, match="plan_changed"):
        approve_request(request.id, actor=ONE, plan_digest=digest, services=services)


def test_a_worker_that_still_reads_does_not_put_an_approved_request_back(shipped, clock):
    request_id = open_as_operator(shipped, ASHA, shop=SHOP, approved=False)
    with shipped.store.transaction() as tx:
        lease = tx.requests.acquire_lease(request_id)
    approve(shipped, request_id)
    with pytest.raises(LeaseLost), shipped.store.transaction() as tx:
        tx.requests.release_lease(
            lease, state=RequestState.AWAITING_APPROVAL, wake_at=None, complete=None, closed_at=None
        )
    process_request(request_id, services=shipped)
    assert find_request(shipped, request_id).last_error == "cooling_off"


def test_other_particulars_of_a_wish_that_was_approved_need_a_new_approval(services, monkeypatch):
    monkeypatch.setattr(open_for_person, "PERSON_KINDS", (RequestKind.CORRECTION,))

    def state(phone):
        changes = (FieldChange(field="phone", new=phone),)
        details = RequestDetails(particulars=CorrectionParticulars(changes=changes))
        by = {"actor": ONE, "reason": "a letter", "services": services, "details": details}
        return open_for_person.open_person_request(RequestKind.CORRECTION, SHOP, ASHA, services.clock.now(), **by)

    request_id = let_act(services, state("+919811122233"))
    assert state("+919811199999") == request_id
    with services.store.transaction() as tx, pytest.raises(PayloadInvalid, match="not_approved"):
        require_approval(tx.requests.get_request(request_id), tx)


def test_while_readings_are_not_done_nothing_is_approved_by_itself_and_nothing_runs(shipped, platform, clock):
    platform.customer_faults = [ConnectorUnavailable("shopify: HTTP 503")]
    request_id = open_waiting(shipped)
    assert find_request(shipped, request_id).state is RequestState.IN_PROGRESS
    assert platform.requested == []
    clock.at += timedelta(minutes=1)
    process_request(request_id, services=shipped)
    assert find_request(shipped, request_id).state is RequestState.AWAITING_APPROVAL
