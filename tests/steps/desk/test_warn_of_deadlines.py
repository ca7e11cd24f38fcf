"""P-18, P-17, C-10: warnings before a deadline are given once each, a day that passed is a fact, a page and a letter, once."""

import json
from datetime import timedelta

import pytest

from bridge.model import Fact, IncidentParticulars, LetterKind, Principal, RequestDetails, RequestKind, RequestSource
from bridge.rules.operations.conditions import Condition
from bridge.steps.desk.warn_of_deadlines import list_deadline_conditions, warn_of_deadlines
from bridge.steps.operations.operator_messages import send_message, watch
from bridge.steps.requests.open_for_person import open_person_request
from tests.factories import NOW, SHOP, make_request, make_services, opened


class Receiver:
    def __init__(self):
        self.bodies = []

    def post_alert(self, body):
        self.bodies.append(json.loads(json.dumps(body)))

    @property
    def raised(self):
        return [
            (row["condition"], row["reason"], row["ids"])
            for body in self.bodies
            for row in body["alerts"]
            if row["condition"] in ("deadline_near", "deadline_missed", "request_late")
        ]


@pytest.fixture
def alert_log():
    return Receiver()


@pytest.fixture
def services(store, clock, queue, platform, alert_log):
    return make_services(store, clock, queue, platform, alert_receiver=alert_log)


def find_conditions(services):
    with services.store.read() as tx:
        found = list_deadline_conditions(services.clock.now(), tx)
        return {(one.condition, one.reason): list(one.ids) for one in found}


def list_letters_of(services, request_id):
    with services.store.read() as tx:
        return [(one.kind, dict(one.values)) for one in tx.person_letters.list_letters(request_id)]


def list_missed_clocks(services, request_id):
    with services.store.read() as tx:
        facts = tx.evidence.list_facts_of_request(request_id)
    return [fact.detail["clock"] for fact in facts if fact.fact == "deadline.passed"]


def test_p18_a_term_is_warned_of_at_50_75_90_percent_and_past_its_day_the_person_is_written_to_once(services, clock):
    request = make_request(source=RequestSource.OPERATOR, acknowledge_due_at=NOW + timedelta(days=90))
    with services.store.transaction() as tx:
        opened(tx, request)
    given = []
    for day in (14, 15, 16, 22, 23, 26, 27, 29, 30, 31, 60):
        clock.at = NOW + timedelta(days=day)
        given.append(warn_of_deadlines(services=services))
        assert warn_of_deadlines(services=services) == 0  # another process, or the same after a restart
    assert given == [0, 1, 0, 0, 1, 0, 1, 0, 1, 0, 1]  # the last is the acknowledgement's half
    assert list_letters_of(services, request.id) == [(LetterKind.LATE, {"due": "2026-12-22"})]
    assert list_missed_clocks(services, request.id) == ["answer"]


def test_a_bridge_that_slept_past_the_day_gives_one_warning_and_one_letter(services, clock):
    request = make_request()
    with services.store.transaction() as tx:
        opened(tx, request)
    clock.at = NOW + timedelta(days=45)
    assert warn_of_deadlines(services=services) == 1
    clock.at = NOW + timedelta(days=50)
    assert warn_of_deadlines(services=services) == 0
    assert len(list_letters_of(services, request.id)) == 1


def test_nobody_is_written_to_about_an_erasure_that_shopify_sent(services, clock):
    request = make_request(kind=RequestKind.ERASURE)
    with services.store.transaction() as tx:
        opened(tx, request)
    clock.at = NOW + timedelta(days=45)
    assert warn_of_deadlines(services=services) == 1
    assert (list_letters_of(services, request.id), list_missed_clocks(services, request.id)) == ([], ["answer"])


def test_p17_an_acknowledgement_that_nobody_gave_is_warned_of_and_missed(services, clock):
    by_mail, by_webhook = make_request(source=RequestSource.MAIL, subject="a"), make_request(subject="b")
    with services.store.transaction() as tx:
        opened(tx, by_mail)
        opened(tx, by_webhook)
    for hours, reason in ((24, "acknowledge_50"), (36, "acknowledge_75"), (44, "acknowledge_90")):
        clock.at = NOW + timedelta(hours=hours)
        assert find_conditions(services) == {(Condition.DEADLINE_NEAR, reason): [by_mail.id]}
    clock.at = NOW + timedelta(hours=48)
    assert find_conditions(services) == {(Condition.DEADLINE_MISSED, "acknowledge"): [by_mail.id]}
    warn_of_deadlines(services=services)
    assert list_missed_clocks(services, by_mail.id) == ["acknowledge"]
    with services.store.transaction() as tx:
        tx.evidence.append_fact(
            Fact.RECEIPT_ACKNOWLEDGED, shop=SHOP, request_id=by_mail.id, acknowledged_at=clock.at.isoformat()
        )
    assert find_conditions(services) == {}


def test_p69_the_clocks_of_an_incident_are_warned_of_by_recipient(services, clock):
    request_id = open_person_request(
        RequestKind.INCIDENT, SHOP, Principal(), NOW, actor="operator:a", reason="ticket", services=services,
        details=RequestDetails(particulars=IncidentParticulars(noticed_at=NOW, text="A mail account was read.")),
    )  # fmt: skip
    clock.at = NOW + timedelta(hours=4.5)
    assert find_conditions(services) == {(Condition.DEADLINE_NEAR, "certin_75"): [request_id]}
    clock.at = NOW + timedelta(hours=54)
    assert find_conditions(services) == {
        (Condition.DEADLINE_MISSED, "certin"): [request_id],
        (Condition.DEADLINE_NEAR, "authority_75"): [request_id],
        (Condition.DEADLINE_NEAR, "people_75"): [request_id],
    }


def test_p18_each_request_that_becomes_late_pages_operators_once(services, clock, alert_log):
    first, second = make_request(subject="a"), make_request(subject="b", due_at=NOW + timedelta(days=31))
    with services.store.transaction() as tx:
        opened(tx, first)
        opened(tx, second)
    for minutes, day in enumerate((30, 30, 31, 31, 31)):
        clock.at = NOW + timedelta(days=day, minutes=minutes)
        watch("clock-1", services=services)
        send_message("alerts", services=services)  # as a worker does
    late = [ids for condition, _, ids in alert_log.raised if condition == "request_late"]
    assert late == [[first.id], [first.id, second.id]]


def test_nothing_is_warned_of_while_a_restored_backup_stops_all_work(services, clock):
    request = make_request()
    with services.store.transaction() as tx:
        opened(tx, request)
    clock.at = NOW + timedelta(days=45)
    watch("clock-1", is_stopped=True, services=services)
    assert list_letters_of(services, request.id) == []
    clock.at += timedelta(minutes=1)
    watch("clock-1", services=services)
    assert list_letters_of(services, request.id) != []
