"""An account is processed: parcels tracked in batches, letters sent, reminded and escalated; each once and not early."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.errors import (
    ConcurrentChange,
    ConnectorRefused,
    ConnectorThrottled,
    ConnectorUnavailable,
    CredentialRejected,
    LeaseLost,
)
from bridge.model import NoticeChannel, NoticeState, ParcelStatus, RequestState, TaskState, TrackingResult
from bridge.rules.requests.progress_codec import encode_detail
from bridge.steps.notices.notify import process_notice_account
from bridge.steps.notices.record_answer import record_acknowledgement
from bridge.steps.requests.process import process_request
from tests.factories import NOW, SHOP, notified_processors
from tests.kit.durations import days
from tests.steps.notice_case import ACCOUNT, erased_by, facts, says


def test_a_settled_parcel_is_tracked_and_instructed_and_the_certificate_shows_it(case):
    request = case.erasure("14908100000012")
    assert case.run()
    (letter,) = case.mailer.letters
    assert letter.to == "privacy@delhivery.example"
    assert "14908100000012" in letter.text
    (notice,) = case.notices()
    assert (notice.state, notice.sent_at, notice.due_at) == (NoticeState.SENT, NOW, NOW + days(15))
    assert letter.message_id == notice.message_id == f"<{notice.id}.0@example.in>"
    case.process(request)
    (task,) = case.tasks(request)
    assert (task.state, task.expected_by, task.last_error) == (TaskState.WAITING, notice.due_at, "")
    assert encode_detail(task.progress)["notices"][0]["state"] == "sent"
    assert Counter(facts(case, request))["notice.sent"] == 1


def test_the_consignee_is_fetched_only_when_the_item_is_due(case):
    case.erasure("14908100000012", "14908100000023")
    case.move("14908100000023", ParcelStatus.IN_TRANSIT)
    case.run()
    assert [people for _, people in case.carrier.tracked] == [False, True]
    assert case.carrier.tracked[1][0] == ("14908100000012",), "the consignee of a moving parcel is not fetched"
    waits, queued = sorted(case.entries(), key=lambda entry: entry.state, reverse=True)
    assert (waits.state, waits.reason, waits.baseline) == (NoticeState.WAITING, "parcel_moving", "")
    assert queued.baseline
    assert "Qwertzuiop" not in queued.baseline


def test_a_moving_parcel_is_instructed_when_it_has_settled(case):
    request = case.erasure("14908100000012")
    case.move("14908100000012", ParcelStatus.IN_TRANSIT)
    case.run()
    assert not case.mailer.letters
    case.move("14908100000012", ParcelStatus.DELIVERED, at=NOW, cod=True)
    case.at(NOW + days(1))
    case.run()
    (entry,) = case.entries()
    assert entry.reason == "hold_open_contract"
    case.process(request)
    (task,) = case.tasks(request)
    assert encode_detail(task.progress)["waits"][0]["not_before"] == entry.not_before.isoformat()
    case.at(entry.not_before)
    case.run()
    assert len(case.mailer.letters) == 1


def test_a_notice_lists_due_items_of_several_requests_and_is_sent_once_a_day(case):
    one = case.erasure("14908100000012")
    other = case.erasure("14908100000023", subject="somebody else")
    case.run()
    (letter,) = case.mailer.letters
    assert "14908100000012" in letter.text
    assert "14908100000023" in letter.text
    assert [facts(case, request).count("notice.sent") for request in (one, other)] == [1, 1]
    case.erasure("14908100000034", subject="a third")
    case.at(NOW + timedelta(hours=5))
    case.run()
    assert len(case.mailer.letters) == 1
    case.at(NOW + timedelta(hours=24))
    case.run()
    assert len(case.mailer.letters) == 2
    assert "14908100000012" not in case.mailer.letters[1].text


def test_the_letter_names_no_person_and_text_and_html_say_the_same(case):
    """Requirement L-03: the contact of the officer is in it."""
    case.erasure("14908100000012")
    case.run()
    (letter,) = case.mailer.letters
    officer = case.services.merchant.officer
    for value in (officer.name, officer.email, officer.phone):
        assert value in letter.text
        assert value in letter.html
    for word in ("Qwertzuiop", "asha@", "98111", "7001"):
        assert word not in letter.text + letter.html + repr(letter.attachments)
    for line in ("MM-1", "Example Silver", "s.43A", "14908100000012", "#1001", "Asia/Kolkata"):
        assert line in letter.text
        assert line in letter.html
    assert "2023" not in letter.text, "the DPDP Act is not in force on that day"
    (token,) = {line.rpartition("/")[2] for line in letter.text.splitlines() if "/notices/" in line}
    (notice,) = case.notices()
    with case.store.transaction() as tx:
        assert tx.notices.find_notice_by_token(token).id == notice.id
        assert tx.notices.find_notice_by_token(token + "x") is None


def test_the_ground_is_the_law_in_force_on_the_day(case):
    case.at(NOW.replace(year=2028))
    case.erasure("14908100000012", arrived_days=400)
    case.run()
    (letter,) = case.mailer.letters
    assert "Digital Personal Data Protection Act 2023" in letter.text
    assert "s.43A" not in letter.text


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"contact_verified_on": None}, "contact_not_verified"),
        ({"privacy_contact": ""}, "no_contact"),
        ({"erasure_channel": "portal"}, "file_by_hand"),
        ({"erasure_channel": ""}, "no_channel"),
        ({"erasure_channel": "api"}, "api_not_configured"),
    ],
)
def test_a_blocked_notice_waits_and_is_recorded_once(case, change, why):
    case.services = replace(
        case.services, merchant=replace(case.services.merchant, processors=notified_processors(**change))
    )
    request = case.erasure("14908100000012")
    case.run()
    assert not case.mailer.letters
    case.at(NOW + timedelta(hours=2))
    case.run()
    case.process(request)
    (task,) = case.tasks(request)
    assert (task.state, task.last_error) == (TaskState.WAITING, why)
    assert facts(case, request).count("notice.stuck") == 1


def test_letters_wait_for_a_configured_mail_server(case):
    case.mailer.configured = False
    case.erasure("14908100000012")
    case.run()
    assert case.notices()[0].last_error == "mail_not_configured"
    case.mailer.configured = True
    case.at(NOW + timedelta(hours=1))
    case.run()
    assert case.notices()[0].state is NoticeState.SENT


def test_no_letter_leaves_before_the_merchants_own_domain_is_verified(case):
    """Requirement P-05."""
    merchant = case.services.merchant
    unverified = replace(merchant, officer=replace(merchant.officer, domain_control_verified=False))
    case.services = replace(case.services, merchant=unverified)
    request = case.erasure("14908100000012")
    case.run()
    case.at(NOW + timedelta(hours=2))
    case.run()
    assert not case.mailer.letters
    assert case.links() == 0
    assert [(notice.state, notice.last_error) for notice in case.notices()] == [
        (NoticeState.QUEUED, "domain_not_verified")
    ]
    case.process(request)
    (task,) = case.tasks(request)
    assert (task.state, task.last_error) == (TaskState.WAITING, "domain_not_verified")
    assert facts(case, request).count("notice.stuck") == 1
    case.services = replace(case.services, merchant=merchant)
    case.at(NOW + timedelta(hours=3))
    case.run()
    assert len(case.mailer.letters) == 1
    assert case.notices()[0].state is NoticeState.SENT


@pytest.mark.parametrize("blank", ["", " ", "[Insert Contact Number]"])
@pytest.mark.parametrize("name", ["name", "designation", "email", "phone"])
def test_no_letter_leaves_with_a_blank_in_the_contact(case, name, blank):
    """Requirement P-04: it waits, is seen, and goes once the contact is filled in."""
    merchant = case.services.merchant
    officer = replace(merchant.officer, **{name: blank})
    case.services = replace(case.services, merchant=replace(merchant, officer=officer))
    case.erasure("14908100000012")
    case.run()
    assert not case.mailer.letters
    assert [(notice.state, notice.last_error) for notice in case.notices()] == [
        (NoticeState.QUEUED, "officer_not_named")
    ]
    case.services = replace(case.services, merchant=merchant)
    case.at(NOW + timedelta(hours=3))
    case.run()
    [letter] = case.mailer.letters
    for value in (merchant.officer.name, merchant.officer.email, merchant.officer.phone):
        assert value in letter.text
        assert value in letter.html


def test_no_reminder_and_no_escalation_leaves_after_the_domain_was_lost(case):
    request = case.erasure("14908100000012")
    case.run()
    officer = replace(case.services.merchant.officer, domain_control_verified=False)
    case.services = replace(case.services, merchant=replace(case.services.merchant, officer=officer))
    case.at(NOW + days(10))
    case.run()
    (notice,) = case.notices()
    assert (notice.state, notice.last_error) == (NoticeState.SENT, "domain_not_verified")
    assert len(case.mailer.letters) == 1
    verified = replace(officer, domain_control_verified=True)
    case.services = replace(case.services, merchant=replace(case.services.merchant, officer=verified))
    for day in (11, 16, 23):
        case.at(NOW + days(day))
        case.run()
    assert len(case.mailer.letters) == 4
    case.services = replace(case.services, merchant=replace(case.services.merchant, officer=officer))
    case.at(NOW + days(30))
    case.run()
    (notice,) = case.notices()
    assert (notice.state, notice.last_error) == (NoticeState.EXPIRED, "not escalated: domain_not_verified")
    assert len(case.mailer.letters) == 4
    with case.store.transaction() as tx:
        (expired,) = (fact for fact in tx.evidence.list_facts_of_request(request.id) if fact.fact == "notice.expired")
    assert expired.detail["escalated"] is False


def test_a_parcel_of_an_unknown_carrier_needs_a_person(case):
    request = case.erasure("X1", carrier="unknown")
    assert case.run(f"{SHOP}|unknown")
    case.process(request)
    assert [task.last_error for task in case.tasks(request)] == ["carrier_unknown"]
    assert not case.carrier.tracked


def test_a_refused_address_bounces_and_waits_for_a_person(case):
    case.mailer.faults = [ConnectorRefused("mail: recipient refused, 550")]
    request = case.erasure("14908100000012")
    case.run()
    (notice,) = case.notices()
    assert (notice.state, notice.next_at) == (NoticeState.BOUNCED, None)
    case.process(request)
    assert case.tasks(request)[0].last_error == "bounced"
    assert "notice.bounced" in facts(case, request)


@pytest.mark.parametrize(
    ("fault", "after"),
    [
        (ConnectorUnavailable("mail: timeout"), timedelta(seconds=10)),
        (CredentialRejected("mail: login refused"), timedelta(hours=1)),
    ],
)
def test_an_unavailable_or_refusing_mail_server_is_tried_again(case, fault, after):
    case.mailer.faults = [fault]
    case.erasure("14908100000012")
    case.run()
    assert case.notices()[0].state is NoticeState.QUEUED
    assert case.links() == 0, "the link of an unsent letter is deleted"
    assert not case.run()
    case.at(NOW + after)
    case.run()
    assert case.notices()[0].state is NoticeState.SENT
    assert len(case.mailer.letters) == case.links() == 1


def test_t18_an_unanswered_notice_is_reminded_and_then_escalated(case):
    request = case.erasure("14908100000012")
    case.run()
    states = []
    for day in (10, 16, 23, 30, 31):
        case.at(NOW + days(day))
        case.run()
        (notice,) = case.notices()
        states.append((notice.state, notice.reminders, notice.next_at))
    assert [state for state, _, _ in states] == ["reminded", "reminded", "reminded", "expired", "expired"]
    assert [count for _, count, _ in states] == [1, 2, 3, 3, 3]
    _, second, third, _, escalation = case.mailer.letters
    assert "This is reminder 1: we have no answer to our instruction yet." in second.text
    assert "and its date has passed" not in second.text
    assert "reminder 2" in third.text
    assert "and its date has passed" in third.text
    assert len({letter.message_id for letter in case.mailer.letters}) == 5
    assert escalation.to == "privacy@minimiss.com"
    assert "14908100000012" not in escalation.text
    case.process(request)
    assert case.tasks(request)[0].last_error == "expired"
    assert facts(case, request).count("notice.reminded") == 3
    assert facts(case, request).count("notice.expired") == 1


def test_an_acknowledged_notice_is_not_reminded_before_its_due_date(case):
    case.erasure("14908100000012")
    case.run()
    record_acknowledgement(case.notices()[0].id, via="page", actor="processor:delhivery", services=case.services)
    case.at(NOW + days(12))
    case.run()
    assert len(case.mailer.letters) == 1
    case.at(NOW + days(15))
    case.run()
    assert len(case.mailer.letters) == 2


@pytest.mark.parametrize(
    "fault", [ConnectorUnavailable("x"), ConnectorThrottled("x", retry_after_s=900.0), CredentialRejected("x")]
)
def test_an_unavailable_carrier_is_postponed_and_shown(case, fault):
    request = case.erasure("14908100000012")
    case.carrier.faults = [fault]
    case.run()
    (entry,) = case.entries()
    refused = isinstance(fault, CredentialRejected)
    assert entry.reason == ("carrier_refuses_us" if refused else "carrier_down")
    assert entry.look_at - NOW >= timedelta(seconds=fault.retry_after_s or 300 if not refused else 3600)
    case.process(request)
    assert encode_detail(case.tasks(request)[0].progress)["waits"][0]["reason"] == entry.reason
    case.at(entry.look_at)
    case.run()
    assert case.notices()[0].state is NoticeState.SENT


def test_ten_thousand_parcels_are_tracked_in_batches_across_requests(case):
    for person in range(4):
        case.erasure(*(f"1490810{person}{n:06}" for n in range(30)), subject=f"person {person}")
    case.run()
    assert [len(numbers) for numbers, _ in case.carrier.tracked] == [50, 50, 50, 50, 20, 20]
    assert [notice.state for notice in case.notices()] == [NoticeState.SENT]
    assert case.mailer.letters[0].attachments[0][2].count(b"\n") == 121
    assert "and 20 more, in the file" in case.mailer.letters[0].text


def test_a_return_opened_during_tracking_is_respected(case, monkeypatch):
    case.erasure("14908100000012")
    track = case.carrier.track_parcels

    def meanwhile(numbers, *, include_consignees=False):
        monkeypatch.setattr(case.carrier, "track_parcels", track)
        with case.store.transaction() as tx:
            tx.notice_items.record_blocker(SHOP, "1001", "return/9", is_open=True)
        return track(numbers, include_consignees=include_consignees)

    monkeypatch.setattr(case.carrier, "track_parcels", meanwhile)
    with pytest.raises(ConcurrentChange):
        case.run()
    case.at(NOW + timedelta(minutes=10))
    assert case.run(), "it continues by itself"
    assert [entry.reason for entry in case.entries()] == ["return_open"]
    assert not case.mailer.letters


@pytest.mark.parametrize("word", ["a return", "on the way back"])
def test_an_item_that_changes_while_its_letter_waits_is_removed_from_it(case, word):
    """A letter that waited months for a verified contact is not sent with items that changed meanwhile."""
    unverified = notified_processors(contact_verified_on=None)
    merchant = case.services.merchant
    case.services = replace(case.services, merchant=replace(merchant, processors=unverified))
    case.erasure("14908100000012")
    case.erasure("14908100000023", subject="another")
    case.run()
    with case.store.transaction() as tx:
        if word == "a return":
            tx.notice_items.record_blocker(SHOP, "1001", "return/9", is_open=True)
        else:
            for number in ("14908100000012", "14908100000023"):
                tx.notice_items.record_parcel_status(SHOP, number, ParcelStatus.IN_TRANSIT, NOW)
                case.move(number, ParcelStatus.RETURNING, at=NOW)
    case.services = replace(case.services, merchant=merchant)
    case.at(NOW + days(2))
    case.run()
    assert not case.mailer.letters
    assert {entry.state for entry in case.entries()} == {NoticeState.WAITING}
    assert case.notices() == []


def test_a_refused_verification_does_not_stop_the_account_and_ends(case, monkeypatch):
    case.erasure("14908100000012")
    case.run()
    erased_by(case, case.notices()[0])
    track = case.carrier.track_parcels

    def refuses(numbers, *, include_consignees=False):
        if include_consignees and "14908100000012" in numbers:
            raise ConnectorRefused("no")
        return track(numbers, include_consignees=include_consignees)

    monkeypatch.setattr(case.carrier, "track_parcels", refuses)
    case.at(case.entries()[0].look_at)
    case.erasure("14908100000034", subject="another")
    case.run()
    case.at(case.clock.at + days(1))
    case.run()
    assert len(case.mailer.letters) == 2
    case.at(case.clock.at + days(31))
    case.run()
    first = next(entry for entry in case.entries() if entry.read_back)
    assert (first.read_back, first.look_at, first.reference) == ("not_possible", None, "")


def test_a_parcel_settled_without_a_date_is_instructed_in_the_end(case):
    case.erasure("14908100000012", shipped_at=None)
    case.move("14908100000012", ParcelStatus.DELIVERED, at=None)
    for _ in range(60):
        case.run()
        case.at(case.clock.at + days(1))
    assert [notice.state for notice in case.notices()] == [NoticeState.REMINDED]


def test_an_acknowledgement_after_the_due_date_gives_one_more_week(case):
    case.erasure("14908100000012")
    case.run()
    while case.notices()[0].state is not NoticeState.EXPIRED:
        case.at(case.notices()[0].next_at)
        case.run()
    record_acknowledgement(
        case.notices()[0].id, via=NoticeChannel.PAGE, actor="processor:delhivery", services=case.services
    )
    assert case.notices()[0].next_at == case.clock.at + days(7)
    case.at(case.clock.at + days(7))
    assert case.run(), "the account is due at that time"
    assert case.notices()[0].state is NoticeState.EXPIRED


def test_a_fresh_status_from_the_shop_saves_the_first_query(case):
    case.erasure("14908100000012", status=ParcelStatus.OUT_FOR_DELIVERY, status_at=NOW - timedelta(hours=3))
    case.run()
    assert not case.carrier.tracked
    case.at(NOW + days(1))
    case.run()
    assert case.carrier.tracked


def test_a_return_waybill_is_listed_with_its_parcel(case):
    case.erasure("69810000002", carrier="bluedart")
    case.carrier.parcels["69810000002"] = TrackingResult(
        number="69810000002", status=ParcelStatus.RETURNED, status_at=NOW - days(60), other_waybills=("69910000003",)
    )
    case.run(f"{SHOP}|bluedart")
    (letter,) = case.mailer.letters
    assert "69810000002 (with 69910000003), order #1001" in letter.text


def test_two_workers_do_not_send_the_same_letter(case):
    case.erasure("14908100000012")
    with case.store.transaction() as tx:
        assert tx.notice_accounts.acquire_lease(ACCOUNT) is not None
    assert not case.run()
    assert not case.mailer.letters


def test_a_crash_after_sending_sends_again_under_the_same_message_id(case):
    case.erasure("14908100000012")
    send = case.mailer.send_letter

    def dies(letter):
        send(letter)
        raise RuntimeError

    case.mailer.send_letter = dies
    with pytest.raises(RuntimeError):
        case.run()
    case.mailer.send_letter = send
    case.at(NOW + timedelta(minutes=5))
    case.run()
    assert len({letter.message_id for letter in case.mailer.letters}) == 1
    assert len(case.mailer.letters) == 2
    assert [notice.state for notice in case.notices()] == [NoticeState.SENT]


def test_an_answer_recorded_during_a_reminder_stands(case):
    case.erasure("14908100000012")
    case.run()
    case.at(NOW + days(10))
    send = case.mailer.send_letter

    def answered_meanwhile(letter):
        send(letter)
        erased_by(case, case.notices()[0])
        case.queue.jobs.clear()

    case.mailer.send_letter = answered_meanwhile
    case.run()
    assert case.notices()[0].state is NoticeState.COMPLETED
    assert case.links() == 0
    assert [job for job, *_ in case.queue.jobs] == ["process"], "the request continues with the answer"


def test_a_failed_letter_is_recorded_and_its_link_deleted_together(case):
    case.erasure("14908100000012")

    def lose_the_account(letter):
        case.at(NOW + timedelta(hours=1))
        with case.store.transaction() as tx:
            assert tx.notice_accounts.acquire_lease(ACCOUNT) is not None
        raise ConnectorUnavailable("mail: no answer")

    case.mailer.send_letter = lose_the_account
    with pytest.raises(LeaseLost):
        case.run()
    assert case.links() == 1, "nothing of the failure is recorded without the lease"
    assert case.notices()[0].attempts == 0


def test_an_answer_ends_the_request(case):
    request = case.erasure("14908100000012")
    case.run()
    case.process(request)
    assert case.request(request).state is RequestState.WAITING
    erased_by(case, case.notices()[0])
    assert ("process", request.id, True) in case.queue.jobs
    case.process(request)
    after = case.request(request)
    assert (after.state, after.complete) == (RequestState.DONE, True)
    assert says(case, request)["processors"][0]["answer"] == "erased"


def test_nothing_is_due_before_its_time(case):
    case.erasure("14908100000012")
    case.run()
    assert not process_notice_account(ACCOUNT, services=case.services)
    assert not process_request("req_unknown", services=case.services)
