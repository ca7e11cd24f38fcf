"""Gather: page by page, each kept before the next; an outage is a retry, then a gap, never a failure."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.errors import (
    ConnectorRefused,
    ConnectorThrottled,
    ConnectorUnavailable,
    CredentialRejected,
    LeaseLost,
    NeedsOperator,
)
from bridge.model import Absence, Finding, Gap, Outcome, TaskState
from bridge.rules.requests.progress_codec import encode_cursor, encode_detail
from bridge.steps.access.gather import REMAINING_RECORDS, gather_records
from tests.factories import ASHA, NOW, SHOP, make_finding, make_request, make_task, opened, order
from tests.fakes import page
from tests.kit.running import acquire_lease_anew
from tests.kit.stored import list_fact_details
from tests.kit.transactions import KilledError, watch_transactions

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

DOWN = ConnectorUnavailable("timeout")


@pytest.fixture(params=[True, False], ids=["last-page-is-marked", "last-page-is-not-marked"])
def gather_system(services, platform, request):
    """Gather for one system of Asha's request, as often as it is called."""
    platform.marks_last_page = request.param
    request = make_request()
    with services.store.transaction() as tx:
        opened(tx, request, make_task(request.id), make_task(request.id, "delhivery"))

    def again(system="shopify"):
        lease = acquire_lease_anew(services.store, request.id)
        with services.store.transaction() as tx:
            [task] = [one for one in tx.tasks.list_tasks(request.id) if one.system == system]
        saved = gather_records(request, task, lease, services=services)
        with services.store.transaction() as tx:
            assert saved in tx.tasks.list_tasks(request.id)
        return saved

    again.request = request
    return again


def refs(services, gather_system):
    with services.store.transaction() as tx:
        return [(system, finding.ref) for system, finding in tx.findings.read_findings(gather_system.request.id)]


def test_every_page_is_kept_and_the_task_is_done_with_a_fact(services, platform, gather_system):
    platform.pages = [page(make_finding("1"), make_finding("2")), page(make_finding("3"))]
    task = gather_system()
    assert (task.state, task.outcome, task.records) == (TaskState.DONE, Outcome.FOUND, 3)
    assert (
        encode_cursor(task.progress) == "parcels:[]"
    )  # what the carriers are to be asked for, once the last page is kept
    assert task.finished_at == NOW
    assert refs(services, gather_system) == [("shopify", "1"), ("shopify", "2"), ("shopify", "3")]
    [(fact, detail)] = list_fact_details(services.store, gather_system.request.id)
    assert (fact, detail["records"], detail["outcome"]) == ("task.done", 3, "found")
    assert "qwertzuiop" not in repr(detail).lower()
    assert platform.asked == [(ASHA, "")]


def test_a_page_that_says_that_it_is_the_last_ends_the_task_in_its_own_transaction(services, platform, gather_system):
    platform.pages = [page(make_finding("1")), page(make_finding("2"))]
    with watch_transactions(services.store) as watched:
        gather_system()
    taking_the_lease = 1
    assert len([rows for rows in watched.rows if rows]) - taking_the_lease == 2 + (not platform.marks_last_page)


def test_killed_before_the_end_is_committed_it_goes_on_from_the_page_before(services, platform, gather_system):
    platform.pages = [page(make_finding(str(number))) for number in (1, 2)]
    kill_before = 3 if platform.marks_last_page else 4  # the lease, pages, then the end
    with pytest.raises(KilledError), watch_transactions(services.store, kill_before=kill_before - 1):
        gather_system()
    task = gather_system()
    assert (task.state, task.outcome, task.records) == (TaskState.DONE, Outcome.FOUND, 2)
    assert refs(services, gather_system) == [("shopify", "1"), ("shopify", "2")]
    assert [fact for fact, _ in list_fact_details(services.store, gather_system.request.id)] == ["task.done"]


def test_nothing_found_is_absent_and_no_gap(gather_system):
    task = gather_system()
    assert (task.state, task.outcome, task.gaps) == (TaskState.DONE, Outcome.ABSENT, ())


def test_a_gap_of_the_platform_makes_it_incomplete_and_is_said_once(platform, gather_system):
    gap = Gap(system="shopify", absence=Absence.DENIED, what="events", reason="scope")
    platform.pages = [page(make_finding(), gaps=(gap,)), page(gaps=(gap,))]
    task = gather_system()
    assert (task.outcome, task.gaps) == (Outcome.INCOMPLETE, (gap,))


def test_it_dies_in_page_two_and_goes_on_from_page_one_without_giving_any_twice(services, platform, gather_system):
    platform.pages = [page(make_finding(str(number))) for number in (1, 2, 3)]
    platform.dies_before = {2: RuntimeError("the machine stops")}
    with pytest.raises(RuntimeError):
        gather_system()
    assert refs(services, gather_system) == [("shopify", "1")]
    task = gather_system()
    assert platform.given == [1, 2, 3]
    assert [cursor for _, cursor in platform.asked] == ["", "1"]
    assert (task.state, task.records) == (TaskState.DONE, 3)
    assert len(refs(services, gather_system)) == 3


def test_no_transaction_is_open_while_the_platform_thinks(services, platform, gather_system):
    platform.pages = [page(make_finding("1")), page(make_finding("2"))]
    platform.meanwhile = lambda: services.store.acquire_named_lock("clock", "somebody else", 1)
    assert gather_system().records == 2


def test_a_worker_that_was_fenced_off_keeps_no_further_page(services, platform, gather_system):
    platform.pages = [page(make_finding("1"))]

    def widened():
        with services.store.transaction() as tx:
            tx.request_changes.widen_request(gather_system.request.id, replace(ASHA, order_ids=("5",)))

    platform.meanwhile = widened
    with pytest.raises(LeaseLost):
        gather_system()
    assert refs(services, gather_system) == []


def test_an_outage_is_asked_again_and_after_the_last_attempt_the_gap_stays(services, platform, gather_system):
    platform.pages = [page(make_finding("1")), page(make_finding("2"))]
    for attempt, pause in ((1, 10), (2, 60)):
        platform.dies_before = {2: DOWN}
        task = gather_system()
        assert (task.state, task.attempts) == (TaskState.RETRY, attempt)
        assert task.wake_at == NOW + timedelta(seconds=pause)
        assert task.last_error == "timeout"
    platform.dies_before = {2: DOWN}
    task = gather_system()
    assert (task.state, task.outcome, task.wake_at) == (TaskState.FAILED, Outcome.UNREACHED, None)
    assert task.gaps == (
        Gap(system="shopify", absence=Absence.UNREACHED, what=REMAINING_RECORDS, reason="ConnectorUnavailable"),
    )
    assert [fact for fact, _ in list_fact_details(services.store, gather_system.request.id)] == [
        "task.retried",
        "task.retried",
        "task.failed",
    ]
    assert refs(services, gather_system) == [("shopify", "1")]


def test_an_answer_after_an_outage_leaves_no_gap(platform, gather_system):
    platform.pages = [page(make_finding("1"))]
    platform.dies_before = {1: DOWN}
    assert len(gather_system().gaps) == 1
    task = gather_system()
    assert (task.state, task.outcome, task.gaps, task.last_error) == (TaskState.DONE, Outcome.FOUND, (), "")


def test_a_system_says_itself_when_to_come_back(platform, gather_system):
    platform.pages = [page()]
    platform.dies_before = {1: ConnectorThrottled("slow down", retry_after_s=90)}
    assert gather_system().wake_at == NOW + timedelta(seconds=90)


@pytest.mark.parametrize(
    ("fault", "reason"), [(CredentialRejected("401"), "credentials"), (ConnectorRefused("400"), "ConnectorRefused")]
)
def test_a_refusal_is_a_gap_at_once_and_says_whether_a_person_must_act(platform, gather_system, fault, reason):
    platform.pages = [page()]
    platform.dies_before = {1: fault}
    task = gather_system()
    assert (task.state, task.outcome) == (TaskState.FAILED, Outcome.DENIED)
    assert task.gaps[0].reason == reason
    assert task.gaps[0].absence is Absence.DENIED


def test_a_carrier_is_asked_for_the_parcels_it_had_and_no_others(services, carrier, gather_system):
    with services.store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [order(parcels=[("Delhivery", "AWB1"), ("BlueDart", "AWB2")])])
    carrier.knows = {"AWB1"}
    task = gather_system("delhivery")
    assert carrier.asked == [(ASHA, ("AWB1",), "")]
    assert (task.outcome, task.records, encode_detail(task.progress)) == (Outcome.FOUND, 1, {"waybills": 1})


def test_a_carrier_that_had_no_parcel_is_not_asked(carrier, gather_system):
    task = gather_system("delhivery")
    assert (task.state, task.outcome, carrier.asked) == (TaskState.DONE, Outcome.ABSENT, [])


def tracked(number, company="Delhivery"):
    return {"trackingInfo": [{"number": number, "company": company, "url": None}]}


def test_parcels_that_only_the_platforms_orders_name_are_asked_for_too(services, platform, carrier, gather_system):
    body = {
        "legacyResourceId": "1001",
        "name": "#1001",
        "fulfillments": [tracked(" AWB1 "), tracked(None), {"trackingInfo": None}],
    }
    other = Finding(kind="customer", ref="7001", matched_by="customer_id", body={})
    named = Finding(kind="order", ref="1001", matched_by="customer_id", body=body)
    bare = Finding(kind="order", ref="1002", matched_by="customer_id", body={"fulfillments": None})
    platform.pages = [page(other, named, bare)]
    carrier.knows = {"AWB1"}
    gather_system()
    assert gather_system("delhivery").records == 1


def test_parcels_nobody_can_be_asked_about_are_counted_per_company(services, gather_system):
    with services.store.transaction() as tx:
        sent = [("BlueDart", "AWB1"), ("BlueDart", "AWB2"), ("Shiprocket", "AWB3"), ("Delhivery", "AWB4")]
        tx.index.ingest_sightings(SHOP, [order(parcels=sent)])
    task = gather_system()
    assert [(gap.system, gap.what, gap.absence) for gap in task.gaps] == [
        ("bluedart", "2 parcels", Absence.UNATTRIBUTED),
        ("shiprocket", "1 parcels", Absence.UNATTRIBUTED),
    ]


def test_a_carrier_that_is_down_names_its_gap(services, carrier, gather_system):
    with services.store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [order(parcels=[("Delhivery", "AWB1")])])
    carrier.faults = [DOWN]
    carrier.knows = {"AWB1"}
    assert gather_system("delhivery").state is TaskState.RETRY
    task = gather_system("delhivery")
    assert (task.state, task.records, task.gaps) == (TaskState.DONE, 1, ())
    assert refs(services, gather_system) == [("delhivery", "AWB1")]


def test_a_fault_of_our_own_store_is_not_the_systems_refusal(platform, gather_system, monkeypatch):
    def broken(*_args):
        raise NeedsOperator("database: DataError")

    monkeypatch.setattr("bridge.store.access.findings.FindingRows.add_findings", broken)
    platform.pages = [page(make_finding())]
    with pytest.raises(NeedsOperator):
        gather_system()


def test_a_system_that_is_no_longer_configured_is_a_gap_of_that_name(services, gather_system):
    with services.store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [order(parcels=[("Delhivery", "AWB1")])])
    del services.connectors["delhivery"]
    assert [gap.absence for gap in gather_system("delhivery").gaps] == [Absence.NOT_CONFIGURED]


@pytest.mark.parametrize(("every", "asked"), [(True, ("AWB1", "AWB4")), (False, ("AWB4",))])
def test_who_watches_every_parcel_is_asked_about_all(services, carrier, gather_system, every, asked):
    with services.store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [order(parcels=[("BlueDart", "AWB1"), ("Delhivery", "AWB4")])])
    carrier.copies_all_parcels = every
    gather_system("delhivery")
    assert [numbers for _, numbers, _ in carrier.asked] == [asked]
