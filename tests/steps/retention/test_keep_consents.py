"""Consents are kept as proof before Shopify destroys them; what cannot be read is said."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta

import pytest
from sqlalchemy import select

from bridge.errors import ConnectorRefused, ConnectorUnavailable
from bridge.model import ConsentEvent, ConsentReading, Fact, Outcome, RequestKind, TaskAction, TaskState
from bridge.rules.retention.consent_evidence import list_kept_consents
from bridge.steps.access.package import _describe_prior_erasures
from bridge.steps.access.package.sections.prior_erasures import describe_prior_erasure
from bridge.steps.requests.process import process_request
from bridge.steps.retention.legal_hold import open_order_legal_hold, release_legal_hold
from bridge.steps.webhooks.dispatch import dispatch_delivery
from bridge.store.schema.tables import tasks as task_table
from tests.factories import ASHA, SHOP, accepted, order, redact_body, settled_retention
from tests.kit.durations import days
from tests.kit.operator_requests import open_as_operator

GIVEN = ConsentEvent(
    purpose="marketing",
    channel="email",
    state="subscribed",
    at="2026-03-02T10:00:00Z",
    level="confirmed_opt_in",
    collected_from="",
    contact=ASHA.email,
)
BY_SMS = replace(GIVEN, channel="sms", collected_from="shopify", contact="+919900112233")
WITHDRAWN = replace(GIVEN, state="unsubscribed", at="2026-12-20T10:00:00Z")
WHO = "operator:a"


@pytest.fixture
def platform(platform):
    """A platform that knows Asha and two consents."""
    platform.customers = {ASHA.email: "7001"}
    platform.consents = ConsentReading(events=(GIVEN, BY_SMS))
    return platform


def process(services, request_id):
    process_request(request_id, services=services)
    return request_id


def open_by_webhook(services):
    return dispatch_delivery(accepted(services.store, "customers/redact", redact_body(1001)).id, services=services)


def read_task(services, request_id):
    with services.store.transaction() as tx:
        return next(task for task in tx.tasks.list_tasks(request_id) if task.action is TaskAction.KEEP_CONSENTS)


def open_certificate(services, request_id):
    with services.store.transaction() as tx:
        return tx.packages.find_certificate(request_id)


def list_kept_states(services, request_id):
    with services.store.transaction() as tx:
        return [(event.channel, event.state) for event in list_kept_consents(tx.tasks.list_tasks(request_id))]


@pytest.mark.parametrize("is_by_webhook", [False, True])
def test_consents_are_kept_before_shopify_erases_whoever_ordered_it(services, platform, is_by_webhook):
    """Requirement DPDP s.6(10): who agreed to what, when and how can be shown after the erasure."""
    request_id = open_by_webhook(services) if is_by_webhook else open_as_operator(services, ASHA, shop=SHOP)
    process(services, request_id)
    assert platform.requested == ([] if is_by_webhook else ["7001"])
    assert list_kept_states(services, request_id) == [("email", "subscribed"), ("sms", "subscribed")]
    with services.store.transaction() as tx:
        kept = list_kept_consents(tx.tasks.list_tasks(request_id))
        assert kept[0].contact == tx.person_lookup.pseudonym(SHOP, "email", ASHA.email)
        [fact] = [one for one in tx.evidence.list_facts_of_request(request_id) if one.fact == Fact.CONSENTS_KEPT]
        assert tx.evidence.verify_chain()
    certificate = open_certificate(services, request_id)
    assert (certificate["consents"]["kept"], certificate["consents"]["not_read"]) == (2, [])
    assert certificate["consents"]["sha256"] == fact.detail["sha256"]
    [line] = [
        row for row in certificate["kept"] if row["category"] == "marketing_consent" and row["system"] == "bridge"
    ]
    assert (line["action"], line["count"]) == ("keep_as_evidence", 2)
    assert {ground["ground"] for ground in line["grounds"]} >= {"evidence_3y"}
    assert line["until"]
    lines = [row for row in certificate["plan"]["lines"] if row["category"] == "marketing_consent"]
    assert ("bridge", "keep_as_evidence", 2) in {(row["system"], row["action"], row["count"]) for row in lines}


def test_no_address_is_stored_in_the_clear(services, platform, store):
    process(services, open_as_operator(services, ASHA, shop=SHOP))
    with store.engine.connect() as connection:
        rows = [str(tuple(row)) for row in connection.execute(select(task_table)).all()]
    assert not [row for row in rows if ASHA.email in row or BY_SMS.contact in row or "subscribed" in row]


def test_shopify_is_not_asked_before_the_consents_were_read_or_given_up(services, clock, platform):
    platform.consent_faults = [ConnectorUnavailable("shopify: 502")] * 2
    request_id = process(services, open_as_operator(services, ASHA, shop=SHOP))
    assert (platform.requested, read_task(services, request_id).state) == ([], TaskState.RETRY)
    clock.at += days(1)
    process(services, request_id)
    clock.at += days(1)
    process(services, request_id)
    assert (platform.requested, read_task(services, request_id).records) == (["7001"], 2)


@pytest.mark.parametrize(
    ("reading", "faults", "reason"),
    [
        (ConsentReading(missing="consents_redacted"), [], "consents_redacted"),
        (ConsentReading(events=(GIVEN,), missing="consents_denied"), [], "consents_denied"),
        (ConsentReading(), [ConnectorRefused("shopify: 403")], "shopify: 403"),
    ],
)
def test_what_cannot_be_read_is_a_gap_and_stops_nothing(services, platform, reading, faults, reason):
    platform.consents, platform.consent_faults = reading, list(faults)
    request_id = process(services, open_as_operator(services, ASHA, shop=SHOP))
    assert platform.requested == ["7001"]
    assert [gap.reason for gap in read_task(services, request_id).gaps] == [reason]
    assert open_certificate(services, request_id)["consents"]["not_read"] == [reason]
    with services.store.transaction() as tx:
        assert tx.requests.get_request(request_id).complete is False


def test_a_person_without_consents_leaves_no_line(services, platform):
    platform.consents = ConsentReading()
    request_id = process(services, open_as_operator(services, ASHA, shop=SHOP))
    assert read_task(services, request_id).outcome is Outcome.ABSENT
    assert [
        row for row in open_certificate(services, request_id)["kept"] if row["category"] == "marketing_consent"
    ] == []


def test_a_withdrawal_while_a_hold_keeps_the_customer_is_kept_too(services, clock, platform):
    services = replace(services, retention=settled_retention())
    with services.store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [order(1001, at=clock.at - days(500))])
    hold = open_order_legal_hold(SHOP, "1001", reference="CC-1", actor=WHO, reason="chargeback", services=services)
    request_id = process(services, open_as_operator(services, ASHA, shop=SHOP))
    assert platform.requested == []
    platform.consents = ConsentReading(events=(WITHDRAWN,))
    clock.at += days(60)
    release_legal_hold(hold.legal_hold.id, actor=WHO, reason="settled", services=services)
    process(services, request_id)
    assert platform.requested == ["7001"]
    assert ("email", "unsubscribed") in list_kept_states(services, request_id)
    assert ("sms", "subscribed") in list_kept_states(services, request_id), "what was read first stays"


def test_a_request_that_is_widened_loses_nothing_that_was_read(services, platform):
    request_id = process(services, open_as_operator(services, ASHA, shop=SHOP))
    platform.consents = ConsentReading(missing="consents_redacted")
    with services.store.transaction() as tx:
        tx.tasks.reset_tasks(request_id)
        tx.request_changes.restart_request(request_id)
    process(services, request_id)
    assert list_kept_states(services, request_id) == [("email", "subscribed"), ("sms", "subscribed")]


def test_a_file_that_keeps_no_consent_reads_none(services, platform):
    category = replace(services.retention.categories["marketing_consent"], holds=())
    categories = {**services.retention.categories, "marketing_consent": category}
    services = replace(services, retention=replace(services.retention, categories=categories))
    request_id = process(services, open_as_operator(services, ASHA, shop=SHOP))
    assert (platform.consents_asked, list_kept_states(services, request_id)) == ([], [])


def test_access_after_the_erasure_names_what_is_kept_and_until_when(services, clock, platform):
    process(services, open_as_operator(services, ASHA, shop=SHOP))
    closed_on = clock.at.date()
    clock.at += timedelta(hours=2)
    access = open_as_operator(services, ASHA, shop=SHOP, kind=RequestKind.ACCESS)
    with services.store.read() as tx:
        request = tx.requests.get_request(access)
        erasures = tx.erasures.list_prior_erasures(SHOP, request.principal)
        [prior] = _describe_prior_erasures(request, erasures, tx=tx, services=services)
    [kept] = [item for item in prior.rests if item.category == "marketing_consent"]
    assert (kept.count, kept.until) == (2, closed_on.replace(year=closed_on.year + 3))
    [sentence] = [line for line in describe_prior_erasure(prior, UTC)["kept"] if "marketing" in line]
    assert sentence.startswith("2 consents to marketing, without your address: kept until ")
