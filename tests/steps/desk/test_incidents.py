"""P-69: a breach has its clocks, its persons are found in evidence and index, and nothing goes out before two people approved."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.errors import PayloadInvalid
from bridge.model import (
    Fact,
    IncidentParticulars,
    IncidentRecipient,
    LetterKind,
    Principal,
    ReplyContact,
    RequestDetails,
    RequestKind,
    RequestState,
    WaitReason,
)
from bridge.rules.desk.incident_notice import list_missing_fields, render_notice
from bridge.rules.requests.answer_times import is_late
from bridge.steps.desk.incidents.describe_incident import PersonSearch, describe_incident, find_affected_persons
from bridge.steps.desk.incidents.notify_people import notify_people
from bridge.steps.desk.incidents.report_incident import read_incident_account
from bridge.steps.letters.build_letter import build_letter_page
from bridge.steps.letters.letter_forms import render_letter_text
from bridge.steps.letters.send_letter import read_letter_input
from bridge.steps.requests.open_for_person import open_person_request
from tests.factories import ASHA, NOW, OFFICER, OTHER_SHOP, SHOP, customer, make_services, order
from tests.steps.desk.desk_case import INCIDENT_TEXT as TEXT
from tests.steps.desk.desk_case import approve_and_process, open_incident, read_with_task, record_report

FACTS = {
    "occurred": "between 14 and 16 November",
    "location": "the mail account of the shop",
    "consequences": "Messages in our name may be sent to you.",
    "measures": "The account is closed and its key replaced.",
    "advice": "Do not pay to an account that a message names.",
    "causes": "A password was used twice.",
    "culprit": "Nothing was found.",
    "prevention": "Two factors for each account.",
}


@pytest.fixture
def services(store, clock, queue, platform, carrier):
    made = make_services(store, clock, queue, platform, carrier)
    return replace(made, merchant=replace(made.merchant, officer=OFFICER, legal_name="Minimiss Silver"))


def test_p69_an_incident_is_about_nobody_keeps_its_clocks_and_each_breach_is_one_of_its_own(services):
    first, second = open_incident(services), open_incident(services)
    assert first != second
    request = read_with_task(services, first)[0]
    assert (request.subject, request.received_at) == ("", NOW - timedelta(hours=1))
    assert (request.due_governed_by, request.due_at) == ("certin_6_hours", NOW + timedelta(hours=5))
    assert set(request.clocks) == {"certin_6_hours", "gdpr_authority_72_hours", "people_without_delay"}
    with services.store.read() as tx:
        [task] = tx.tasks.list_tasks(first)
    assert task.wait_reason is WaitReason.INCIDENT_NOT_REPORTED
    with pytest.raises(PayloadInvalid, match="person_named"):
        open_person_request(
            RequestKind.INCIDENT, SHOP, ASHA, NOW, actor="operator:a", reason="ticket", services=services,
            details=RequestDetails(particulars=IncidentParticulars(noticed_at=NOW, text=TEXT)),
        )  # fmt: skip
    with pytest.raises(PayloadInvalid, match="received_in_the_future"):
        open_incident(services, noticed_at=NOW + timedelta(seconds=1))


def test_e09_nothing_goes_out_before_two_people_approved_what_stands_now(services):
    request_id = open_incident(services)
    with pytest.raises(PayloadInvalid, match="approvals_missing"):
        record_report(services, request_id, IncidentRecipient.CERTIN)
    approve_and_process(services, request_id, "operator:a")
    with pytest.raises(PayloadInvalid, match="approvals_missing"):
        record_report(services, request_id, IncidentRecipient.CERTIN)
    describe_incident(request_id, FACTS, actor="operator:a", services=services)
    approve_and_process(services, request_id, "operator:b")
    with pytest.raises(PayloadInvalid, match="approvals_missing"):  # the first was of another text
        notify_people(request_id, actor="operator:a", services=services)
    approve_and_process(services, request_id, "operator:a")
    record_report(services, request_id, IncidentRecipient.CERTIN)
    assert read_with_task(services, request_id)[0].due_governed_by == "gdpr_authority_72_hours"
    with pytest.raises(PayloadInvalid, match="reported_already"):
        record_report(services, request_id, IncidentRecipient.CERTIN)
    with pytest.raises(PayloadInvalid, match="recipient_has_no_clock"):  # before its day in May 2027
        record_report(services, request_id, IncidentRecipient.BOARD)


def test_p69_an_incident_ends_when_everybody_was_told_and_a_missed_clock_stays_late(services, clock):
    for hours, late in ((1, False), (6, True)):
        clock.at = NOW
        request_id = open_incident(services)
        approve_and_process(services, request_id, "operator:a", "operator:b")
        clock.at = NOW + timedelta(hours=hours)
        record_report(services, request_id, IncidentRecipient.CERTIN)
        assert is_late(read_with_task(services, request_id)[0], clock.at) is late
        record_report(services, request_id, IncidentRecipient.AUTHORITY, is_needed=False)
        assert read_with_task(services, request_id)[0].state is RequestState.WAITING
        record_report(services, request_id, IncidentRecipient.PEOPLE, at=clock.at - timedelta(minutes=1))
        request = read_with_task(services, request_id)[0]
        assert (request.state, is_late(request, clock.at)) == (RequestState.DONE, late)
        with services.store.read() as tx:
            assert tx.packages.find_certificate(request_id) is None
            facts = [one for one in tx.evidence.list_facts_of_request(request_id) if one.fact == "incident.reported"]
        assert [fact.detail["late"] for fact in facts] == [late, False, False]


def test_v05_p69_persons_are_found_by_what_was_read_and_by_who_read_it(services, clock):
    request_id = open_incident(services)
    with services.store.transaction() as tx:
        for fact, actor, subject in (
            (Fact.PERSONAL_DATA_REVEALED, "operator:eve", "p1"),
            (Fact.PACKAGE_RELEASED, "operator:eve", "p2"),
            (Fact.DOCUMENT_OPENED, "operator:bob", "p3"),
            (Fact.TASK_DONE, "operator:eve", "p4"),
            (Fact.RECORDS_SEARCHED, "operator:eve", ""),
        ):
            tx.evidence.append_fact(fact, shop=SHOP, actor=actor, subject=subject)
    span = {"since": NOW - timedelta(hours=1), "until": NOW}
    one, new = find_affected_persons(
        request_id, PersonSearch(**span, actor="operator:eve"), actor="operator:a", services=services
    )
    assert ([key for _, key in one.persons], one.unnamed_reads, new) == (["p1", "p2"], 1, 2)
    everybody, new = find_affected_persons(request_id, PersonSearch(**span), actor="operator:a", services=services)
    assert ([key for _, key in everybody.persons], new) == (["p1", "p2", "p3"], 1)
    before = PersonSearch(since=NOW - timedelta(days=2), until=NOW - timedelta(days=1))
    none, _ = find_affected_persons(request_id, before, anew=True, actor="operator:a", services=services)
    assert none.persons == ()
    with pytest.raises(PayloadInvalid, match="time_needed"):
        find_affected_persons(request_id, PersonSearch(), actor="operator:a", services=services)


def test_p69_persons_are_found_by_their_parcels_at_a_processor_and_by_shop_and_time(services):
    with services.store.transaction() as tx:
        at_delhivery = order(1, customer_id=7001, parcels=[("Delhivery", "AWB1")], at=NOW - timedelta(days=9))
        at_bluedart = order(2, customer_id=7002, email="b@x.example", parcels=[("Blue Dart", "AWB2")])
        guest = order(3, customer_id=None, email="guest@x.example", parcels=[("Delhivery", "AWB3")])
        tx.index.ingest_sightings(SHOP, [customer(7001), at_delhivery, at_bluedart, guest])
        tx.index.ingest_sightings(OTHER_SHOP, [order(4, customer_id=7004, email="d@x.example")])
        subjects = {
            name: tx.person_lookup.find_subject(SHOP, principal)
            for name, principal in {
                "asha": Principal(customer_id="7001"),
                "b": Principal(customer_id="7002"),
                "guest": Principal(email="guest@x.example"),
            }.items()
        }
    request_id = open_incident(services)

    def find(**given):
        search = PersonSearch(**given)
        found, _ = find_affected_persons(request_id, search, anew=True, actor="operator:a", services=services)
        return {key for _, key in found.persons}

    assert find(processor="delhivery") == {subjects["asha"], subjects["guest"]}
    assert find(processor="delhivery", since=NOW - timedelta(days=5)) == {subjects["guest"]}
    assert find(processor="bluedart") == {subjects["b"]}
    assert find(whole_shop=True, shops=(SHOP,)) == set(subjects.values())
    assert len(find(whole_shop=True)) == 4
    with pytest.raises(PayloadInvalid, match="processor_unknown"):
        find(processor="nobody")
    stored = services.store.engine.connect()
    with stored:
        [row] = stored.exec_driver_sql("SELECT doc, wrapped FROM incident_persons").all()
    assert not any(key.encode() in bytes(row[0]) for key in subjects.values())


def test_p69_people_are_written_to_once_where_an_address_is_known(services):
    with_address = open_person_request(
        RequestKind.ACCESS, SHOP, ASHA, NOW, actor="operator:a", reason="letter", services=services,
        details=RequestDetails(contact=ReplyContact(address=ASHA.email)),
    )  # fmt: skip
    request_id = open_incident(services)
    subject = read_with_task(services, with_address)[0].subject
    with services.store.transaction() as tx:
        for each in (subject, "nobody knows"):
            tx.evidence.append_fact(Fact.PERSONAL_DATA_REVEALED, shop=SHOP, actor="operator:eve", subject=each)
    search = PersonSearch(since=NOW - timedelta(hours=1), until=NOW)
    find_affected_persons(request_id, search, actor="operator:a", services=services)
    approve_and_process(services, request_id, "operator:a", "operator:b")
    with pytest.raises(PayloadInvalid, match="fields_missing"):
        notify_people(request_id, actor="operator:a", services=services)
    describe_incident(request_id, FACTS, actor="operator:a", services=services)
    approve_and_process(services, request_id, "operator:a", "operator:b")
    for _ in range(2):
        done = notify_people(request_id, actor="operator:a", services=services)
        assert (done.persons, done.letters, done.without_address) == (2, 1, 1)
    with services.store.read() as tx:
        letters = [one for one in tx.person_letters.list_letters(with_address) if one.kind is LetterKind.BREACH]
        account = read_incident_account(tx.requests.get_request(request_id), tx=tx, services=services)
    assert [dict(one.values) for one in letters] == [{"noticed": NOW.date().isoformat(), "incident": request_id}]
    with services.store.read() as tx:
        page = build_letter_page(read_letter_input(with_address, letters[0], tx=tx, services=services))
    shown = render_letter_text(page)
    assert all(FACTS[name] in shown for name in ("occurred", "consequences", "measures", "advice"))
    assert TEXT in shown
    text = render_notice(account, IncidentRecipient.BOARD, now=NOW, zone=NOW.tzinfo)
    assert all(value in text for value in FACTS.values() if value != FACTS["advice"])
    assert "2 found so far; 1 of them written to" in text
    assert OFFICER.email in text


@pytest.mark.parametrize("recipient", IncidentRecipient)
def test_p69_a_notice_names_what_is_missing_and_has_no_placeholder(services, recipient):
    request_id = open_incident(services)
    with services.store.read() as tx:
        account = read_incident_account(tx.requests.get_request(request_id), tx=tx, services=services)
    blank = replace(account, merchant=replace(account.merchant, officer=replace(OFFICER, phone=""), legal_name=""))
    assert "grievance_officer" in list_missing_fields(blank, recipient)
    missing = {name for name in list_missing_fields(account, recipient) if name != "persons"}
    full = replace(account, particulars=replace(account.particulars, **{name: FACTS[name] for name in missing}))
    assert [name for name in list_missing_fields(full, recipient) if name != "persons"] == []
    for name in missing:
        one = replace(full, particulars=replace(full.particulars, **{name: ""}))
        assert list_missing_fields(one, recipient)[:1] == [name]
    text = render_notice(full, recipient, now=NOW, zone=NOW.tzinfo)
    assert not {"None", "[", "TODO"} & set(text.replace("\n", " ").split())
    assert set(list_missing_fields(account, recipient, is_first=True)) <= set(list_missing_fields(account, recipient))


def test_the_moment_of_noticing_is_fixed(services):
    request_id = open_incident(services)
    later = {"noticed_at": NOW.isoformat()}
    with pytest.raises(PayloadInvalid, match="noticed_at_is_fixed"):
        describe_incident(request_id, later, actor="operator:a", services=services)
    with pytest.raises(PayloadInvalid, match="particulars_unknown"):
        describe_incident(request_id, {"who": "x"}, actor="operator:a", services=services)
    assert describe_incident(request_id, {"text": TEXT}, actor="operator:a", services=services) == []
