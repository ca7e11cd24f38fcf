"""Redact: what others wrote at the platform goes only where the retention file says so, and is read again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.errors import ConnectorUnavailable, CredentialRejected
from bridge.model import Absence, ErasureState, Outcome, Principal, RequestState, Residue, TaskAction, TaskState
from bridge.rules.requests.lifecycle import decide_residue_action
from bridge.rules.requests.progress_codec import encode_detail
from bridge.steps.requests.process import process_request
from config.retention_file.retention_model import RESIDUE_KINDS, ResidueRules
from tests.factories import NOW, SHOP, make_request, make_task, opened
from tests.kit.handing_over import hand_over_package
from tests.kit.operator_requests import open_as_operator
from tests.kit.running import restart_and_process

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ALL = ResidueRules(apply=True, erased_kinds=RESIDUE_KINDS)


def item(kind, what, ref="1001", held=""):
    return Residue(system="shopify", kind=kind, ref=ref, what=what, hold_reason=held)


LOYALTY = item("customer_metafields", "loyalty.tier", "7001")
CARD = item("order_metafields", "gift.card_text")
NOTE = item("order_notes", "note")
ON_ITS_WAY = item("order_notes", "note", "1002", "parcel_not_delivered")
ALSO = item("order_attributes", "slot", "1002", "parcel_not_delivered")
UNREAD = item("orders", "orders older than 60 days", "", "read_all_orders")


@pytest.fixture
def applying(services):
    """Services whose retention file says what is given."""

    def say(rules=ALL):
        return replace(services, retention=replace(services.retention, residue=rules))

    return say


@pytest.fixture(autouse=True)
def known(platform):
    platform.customers["asha@example.com"] = "7001"
    platform.left_by_others = [LOYALTY, CARD, NOTE]


def open_and_process(services, who=None):
    request_id = open_as_operator(services, who or Principal(email="asha@example.com"), shop=SHOP, at=NOW)
    assert process_request(request_id, services=services)
    return request_id


def seen(services, request_id, action=TaskAction.REMOVE_PLATFORM_RESIDUE):
    with services.store.transaction() as tx:
        return next(task for task in tx.tasks.list_tasks(request_id) if task.action is action)


def list_residue_facts(services, request_id):
    with services.store.transaction() as tx:
        return [
            event for event in tx.evidence.list_facts_of_request(request_id) if event.detail.get("action") == "redact"
        ]


def test_by_the_shipped_file_nobody_is_asked_and_nothing_is_written(services, platform):
    """Requirements P-48, P-51."""
    request_id = open_and_process(services)
    task = seen(services, request_id)
    assert (task.state, task.outcome, task.gaps) == (TaskState.DONE, Outcome.RETAINED, ())
    assert encode_detail(task.progress) == {"reason": "retention_file_keeps"}
    assert (platform.residue_asked, platform.removed) == ([], [])
    assert [event.detail["reason"] for event in list_residue_facts(services, request_id)] == ["retention_file_keeps"]
    assert seen(services, request_id, TaskAction.POLL_PLATFORM_ERASURE).state is TaskState.WAITING


def test_where_the_file_says_so_it_is_removed_and_only_counted_in_the_evidence(applying, platform):
    """Requirements P-48, P-51."""
    services = applying()
    request_id = open_and_process(services)
    task = seen(services, request_id)
    assert (task.state, task.outcome, task.records) == (TaskState.DONE, Outcome.ERASED, 3)
    assert platform.removed == [LOYALTY, CARD, NOTE]
    assert [who.customer_id for who in platform.residue_asked] == ["7001"]
    (fact,) = list_residue_facts(services, request_id)
    assert fact.detail["counts"] == {"erased": 3, "kept": 0, "left": 0, "still_there": 0}
    assert "loyalty" not in str(fact)
    assert "7001" not in str(fact.detail)


def test_a_kind_that_the_file_keeps_stays(applying, platform):
    services = applying(ResidueRules(apply=True, erased_kinds=("order_notes",)))
    task = seen(services, open_and_process(services))
    assert (task.outcome, platform.removed) == (Outcome.ERASED, [NOTE])
    assert (encode_detail(task.progress)["kept"], encode_detail(task.progress)["quarantined"]) == (1, 1)
    with services.store.transaction() as tx:
        [review] = tx.reviews.list_reviews()
    assert (review.kind, review.what) == ("quarantine", "1 fields at shopify that no category claims")


def test_where_all_of_it_is_kept_it_is_retained_and_where_there_is_none_absent(applying, platform):
    services = applying(ResidueRules(apply=True))
    task = seen(services, open_and_process(services))
    assert (task.outcome, encode_detail(task.progress)["reason"], platform.removed) == (
        Outcome.RETAINED,
        "retention_file_keeps",
        [],
    )


def test_where_there_is_nothing_it_is_absent_and_not_erased(applying, platform):
    platform.left_by_others = []
    services = applying()
    assert seen(services, open_and_process(services)).outcome is Outcome.ABSENT


def test_what_stays_though_it_was_to_go_is_told(applying, platform):
    platform.sticks = ["gift.card_text"]
    services = applying()
    request_id = open_and_process(services)
    task = seen(services, request_id)
    assert (task.state, task.outcome, task.records) == (TaskState.DONE, Outcome.INCOMPLETE, 2)
    assert [(gap.absence, gap.what, gap.reason) for gap in task.gaps] == [
        (Absence.NOT_REMOVED, "1 of what was to go", "still_there")
    ]
    with services.store.transaction() as tx:
        assert tx.requests.get_request(request_id).complete is False


def test_an_open_order_is_left_as_a_gap_and_is_taken_when_it_has_arrived(applying, platform):
    platform.left_by_others = [LOYALTY, ON_ITS_WAY, ALSO]
    services = applying()
    request_id = open_and_process(services)
    task = seen(services, request_id)
    assert (task.outcome, platform.removed) == (Outcome.INCOMPLETE, [LOYALTY])
    assert [(gap.what, gap.reason) for gap in task.gaps] == [("1 orders", "parcel_not_delivered")]
    platform.left_by_others = [replace(ON_ITS_WAY, hold_reason=""), replace(ALSO, hold_reason="")]
    restart_and_process(services, request_id)
    task = seen(services, request_id)
    assert (task.outcome, task.gaps, task.records) == (Outcome.ERASED, (), 3)


def test_orders_that_may_not_be_read_are_a_gap_only_where_something_of_them_would_go(applying, platform):
    platform.left_by_others = [LOYALTY, UNREAD]
    services = applying()
    (gap,) = seen(services, open_and_process(services)).gaps
    assert (gap.absence, gap.what, gap.reason) == (Absence.DENIED, UNREAD.what, "read_all_orders")
    only_own = ResidueRules(apply=True, erased_kinds=("customer_metafields",))
    assert decide_residue_action(UNREAD, replace(services.retention, residue=only_own))[0] == "keep"


def test_a_platform_that_is_down_is_asked_again_by_the_id_alone_and_is_followed_only_then(applying, platform, clock):
    platform.residue_faults = [ConnectorUnavailable("shopify: HTTP 503")]
    services = applying()
    request_id = open_and_process(services)
    assert seen(services, request_id).state is TaskState.RETRY
    assert seen(services, request_id, TaskAction.ERASE).state is TaskState.DONE
    assert seen(services, request_id, TaskAction.POLL_PLATFORM_ERASURE).state is TaskState.PENDING
    clock.at = NOW + timedelta(minutes=1)
    process_request(request_id, services=services)
    assert platform.residue_asked[-1] == Principal(customer_id="7001")
    assert seen(services, request_id).outcome is Outcome.ERASED
    assert seen(services, request_id, TaskAction.POLL_PLATFORM_ERASURE).state is TaskState.WAITING
    assert [event.fact for event in list_residue_facts(services, request_id)] == ["task.retried", "task.done"]


def test_what_a_try_removed_before_it_broke_off_is_counted(applying, platform, clock, monkeypatch):
    whole = platform.remove_platform_residue

    def breaks_off(items, *, shop):
        whole(items[:2], shop=shop)
        monkeypatch.setattr(platform, "remove_platform_residue", whole)
        raise ConnectorUnavailable("shopify: HTTP 503")

    monkeypatch.setattr(platform, "remove_platform_residue", breaks_off)
    services = applying()
    request_id = open_and_process(services)
    clock.at = NOW + timedelta(minutes=1)
    process_request(request_id, services=services)
    task = seen(services, request_id)
    assert (task.outcome, task.records, encode_detail(task.progress)["erased"]) == (Outcome.ERASED, 3, 3)


def test_what_the_file_keeps_since_a_try_broke_off_is_not_counted_as_erased(applying, platform, clock, monkeypatch):
    whole = platform.remove_platform_residue

    def breaks_off(items, *, shop):
        whole(items[:1], shop=shop)
        raise ConnectorUnavailable("shopify: HTTP 503")

    monkeypatch.setattr(platform, "remove_platform_residue", breaks_off)
    request_id = open_and_process(applying())
    clock.at = NOW + timedelta(minutes=1)
    services = applying(ResidueRules(apply=True))
    process_request(request_id, services=services)
    task = seen(services, request_id)
    assert (task.records, encode_detail(task.progress)["kept"], encode_detail(task.progress)["quarantined"]) == (
        1,
        1,
        1,
    )


def test_an_access_request_is_answered_before_anything_is_removed(applying, platform, clock):
    services = applying()
    access = make_request(principal=Principal(customer_id="7001"))
    request_id = open_as_operator(services, Principal(customer_id="7001"), shop=SHOP, at=NOW)
    with services.store.transaction() as tx:
        subject = tx.requests.get_request(request_id).subject
        opened(tx, replace(access, subject=subject), make_task(access.id))
    process_request(request_id, services=services)
    assert seen(services, request_id).state is TaskState.PENDING, "Shopify is not asked to erase either"
    assert platform.removed == []
    process_request(access.id, services=services)
    hand_over_package(services, access.id)
    clock.at = NOW + timedelta(seconds=10)
    process_request(request_id, services=services)
    assert seen(services, request_id).outcome is Outcome.ERASED


def test_the_last_attempt_leaves_a_gap_and_the_request_goes_on(applying, platform, clock):
    services = applying()
    attempts = services.settings.connector_attempts
    platform.residue_faults = [ConnectorUnavailable("shopify: HTTP 503")] * attempts
    request_id = open_and_process(services)
    for hours in range(1, attempts):
        clock.at = NOW + timedelta(hours=3 * hours)
        process_request(request_id, services=services)
    task = seen(services, request_id)
    assert (task.state, task.outcome) == (TaskState.FAILED, Outcome.UNREACHED)
    assert seen(services, request_id, TaskAction.POLL_PLATFORM_ERASURE).state is TaskState.WAITING


def test_a_missing_scope_fails_with_its_name_and_the_id_that_was_learned_is_kept(applying, platform):
    platform.answers = [CredentialRejected("shopify: not allowed (write_customer_data_erasure)")]
    platform.residue_faults = [CredentialRejected("shopify: not allowed (read_orders)")]
    services = applying()
    request_id = open_and_process(services)
    task = seen(services, request_id)
    assert (task.state, task.outcome, task.gaps[0].absence) == (TaskState.FAILED, Outcome.DENIED, Absence.DENIED)
    assert "read_orders" in task.last_error
    with services.store.transaction() as tx:
        assert tx.requests.get_request(request_id).principal == Principal(customer_id="7001")
    restart_and_process(services, request_id)
    assert seen(services, request_id).outcome is Outcome.ERASED


def test_somebody_without_a_customer_record_is_absent_and_the_orders_are_a_gap(applying, platform):
    services = applying()
    task = seen(services, open_and_process(services, Principal(order_ids=("1001", "1002"))))
    assert (task.outcome, task.state) == (Outcome.ABSENT, TaskState.DONE)
    assert [(gap.what, gap.reason) for gap in task.gaps] == [("2 orders", "no_customer")]
    assert platform.residue_asked == []


def test_a_request_without_identifiers_cannot_be_searched_for_any_more(applying, platform):
    platform.left_by_others = [LOYALTY, ON_ITS_WAY]
    platform.erasures = [ErasureState(outcome=Outcome.ERASED, reason="redacted")]
    services = applying()
    request_id = open_and_process(services)
    assert seen(services, request_id, TaskAction.POLL_PLATFORM_ERASURE).state is TaskState.DONE
    restart_and_process(services, request_id)
    task = seen(services, request_id)
    assert (task.state, task.last_error, encode_detail(task.progress)["erased"]) == (
        TaskState.FAILED,
        "nothing_to_ask_by",
        1,
    )
    with services.store.transaction() as tx:
        assert tx.requests.get_request(request_id).state is RequestState.DONE


def test_without_a_platform_it_is_a_gap(applying):
    services = applying()
    del services.connectors["shopify"]
    task = seen(services, open_and_process(services))
    assert (task.state, task.gaps[0].absence) == (TaskState.FAILED, Absence.NOT_CONFIGURED)
