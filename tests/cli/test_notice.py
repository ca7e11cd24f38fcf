"""`notice …`: an operator lists, answers, files, pauses, releases and attributes notices and their items."""

from __future__ import annotations

import csv
import json
import urllib.request
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bridge.model import ConsigneeClues, Fact, NoticeState, ParcelStatus
from bridge.sandbox.carriers import DELHIVERY_TOKEN, make_delhivery
from bridge.sandbox.world import invent_world
from bridge.steps.notices.notify import process_notice_account
from bridge.steps.requests.process import process_request
from tests.conftest import SetClock
from tests.e2e import processes
from tests.factories import NOW, SHOP, notified_processors
from tests.fakes import FakeQueue
from tests.kit.config_files import write_named_merchant
from tests.kit.durations import days
from tests.steps.notice_case import Case, facts

PARCEL, OTHER = "14908100000012", "14908100000023"


class Bureau(Case):
    """A test case whose database the commands open too."""

    def __init__(self, store, environ):
        super().__init__(store, SetClock(NOW), FakeQueue())
        self.environ = environ

    def say(self, *words):
        """Set the clock to the machine's time or later, because commands use the machine's time."""
        result = processes.say(self.environ, "notice", *words)
        self.at(datetime.now(UTC))
        return result


@pytest.fixture
def bureau(tmp_path):
    environ = processes.environment(f"sqlite:///{tmp_path}/bridge.db", "")
    processes.migrate(environ)
    with processes.services(environ) as services:
        yield Bureau(services.store, environ)


@pytest.fixture
def sent(bureau):
    request = bureau.erasure(PARCEL, OTHER)
    bureau.run()
    return bureau, request, bureau.notices()[0]


def test_notices_and_what_waits_are_listed_together(bureau):
    bureau.erasure(PARCEL)
    bureau.erasure(OTHER, subject="another")
    bureau.move(OTHER, ParcelStatus.IN_TRANSIT)
    bureau.erasure("X1", carrier="unknown", subject="a third")
    bureau.run()
    bureau.run(f"{SHOP}|unknown")
    rows = bureau.say("list", "--json").json
    assert [(row["processor"], row["state"], row["reason"], row["entries"]) for row in rows] == [
        ("delhivery", "sent", "", 1),
        ("delhivery", "waiting_not_before", "parcel_moving", 1),
        ("unknown", "queued", "carrier_unknown", 1),
    ]
    assert [bool(row["id"]) for row in rows] == [True, False, False]
    assert len(bureau.say("list", "--state", "sent", "--json").json) == 1
    assert len(bureau.say("list", "--processor", "unknown", "--json").json) == 1
    assert bureau.say("list", "--overdue", "--json").json == []
    result = bureau.say("list")
    assert "parcel_moving" in result.out
    assert PARCEL not in result.out


def test_a_notice_is_shown_masked_and_revealed_with_a_reason(sent):
    """Requirement P-67."""
    bureau, request, notice = sent
    shown = bureau.say("show", notice.id, "--json").json
    assert [line["reference"] for line in shown["lines"]] == ["…0012", "…0023"]
    assert PARCEL not in bureau.say("show", notice.id).out
    assert bureau.say("show", notice.id, "--reveal").code == 2
    result = bureau.say("show", notice.id, "--reveal", "--reason", "they called", "--json").json
    assert [line["reference"] for line in result["lines"]] == [PARCEL, OTHER]
    assert facts(bureau, request)[-1] == Fact.PERSONAL_DATA_REVEALED
    entry = bureau.say("show", shown["lines"][0]["id"], "--json").json
    assert (entry["state"], entry["reference"]) == ("sent", "…0012")
    assert bureau.say("show", "ntc_none").code == 1
    assert bureau.say("show", "ent_none").code == 1


def test_an_answer_by_telephone_is_recorded(sent):
    bureau, request, notice = sent
    one = bureau.entries()[0].id
    result = bureau.say(
        "answer", notice.id, "--all", "erased", "--entry", f"{one}=retained", "--law", "tax",
        "--until", "2099-03-31", "--reference", "CALL-7", "--json",
    )  # fmt: skip
    assert (result.code, result.json["state"]) == (0, "partly_refused")
    with bureau.store.transaction() as tx:
        fact = tx.evidence.list_facts_of_request(request.id)[-1]
    assert (fact.fact, fact.detail["reference"], fact.detail["answers"]) == (
        "notice.answered",
        "CALL-7",
        {"erased": 1, "retained": 1},
    )
    assert fact.actor.startswith("operator:")
    again = bureau.say("answer", notice.id, "--all", "erased", "--reference", "CALL-8")
    assert (again.code, "answered before" in again.err) == (1, True)


@pytest.mark.parametrize(
    ("words", "code", "output"),
    [
        (["--reference", "x"], 1, "every item needs an answer"),
        (["--all", "retained", "--reference", "x"], 1, "needs --until"),
        (["--all", "retained", "--until", "2099-01-01", "--reference", "x"], 1, "needs --law"),
        (["--all", "retained", "--until", "2001-01-01", "--law", "tax", "--reference", "x"], 1, "lie in the future"),
        (["--all", "erased"], 2, "--reference"),
        (["--all", "perhaps", "--reference", "x"], 2, "perhaps"),
        (["--entry", "ent_1", "--reference", "x"], 2, "ENT=ANSWER"),
        (["--all", "erased", "--entry", "ent_1=erased", "--reference", "x"], 1, "not in this notice"),
    ],
)
def test_an_incomplete_answer_is_refused_with_a_reason(sent, words, code, output):
    bureau, _, notice = sent
    result = bureau.say("answer", notice.id, *words)
    assert (result.code, output in result.err) == (code, True)
    assert bureau.notices()[0].state is NoticeState.SENT


def test_a_notice_is_exported_as_pdf_and_csv_and_filed_by_hand(sent, tmp_path):
    """Requirement P-04: no letter is written with a blank in its contact."""
    bureau, request, notice = sent
    output_file, table = tmp_path / "n.pdf", tmp_path / "n.csv"
    exporting = ("export", notice.id, "--reason", "the portal asks for a file")
    assert bureau.say("export", notice.id, "--out", "-").code == 2, "nobody says why"
    refused = bureau.say(*exporting, "--out", str(output_file))
    assert (refused.code, "[grievance_officer]" in refused.err, output_file.exists()) == (1, True, False)
    bureau.environ = {**bureau.environ, "BRIDGE_MERCHANT_FILE": write_named_merchant(tmp_path)}
    assert bureau.say(*exporting, "--out", str(output_file)).code == 0
    assert output_file.read_bytes().startswith(b"%PDF-")
    assert bureau.say(*exporting, "--out", str(table), "--json").json["entries"] == 2
    with table.open(newline="") as lines:
        assert [row["reference"] for row in csv.DictReader(lines)] == [PARCEL, OTHER]
    assert bureau.say(*exporting, "--out", str(table)).code == 2
    streamed = bureau.say(*exporting, "--out", "-", "--format", "csv")
    assert (streamed.code, streamed.raw) == (0, table.read_bytes())
    assert bureau.say(*exporting, "--out", "-").raw.startswith(b"%PDF-")
    assert bureau.say(*exporting, "--out", "n.txt").code == 2
    result = bureau.say("file", notice.id, "--reference", "TICKET-9", "--json").json
    assert (result["state"], result["reference"]) == ("sent", "TICKET-9")
    assert facts(bureau, request)[-1] == "notice.filed"


def test_a_bounce_is_recorded_and_the_letter_is_sent_again_under_another_id(sent, tmp_path):
    bureau, request, notice = sent
    mail = tmp_path / "bounce.eml"
    mail.write_bytes(
        b"From: MAILER-DAEMON@example.in\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        b"--b\r\nContent-Type: text/plain\r\n\r\nsorry\r\n"
        b"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; example.in\r\n\r\n"
        b"Final-Recipient: rfc822; x@example.in\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
        b"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: "
        + notice.message_id.encode()
        + b"\r\n\r\n--b--\r\n"
    )
    result = bureau.say("bounce", str(mail), "--json")
    assert (result.code, result.json) == (0, {"id": notice.id, "state": "bounced"})
    assert facts(bureau, request)[-1] == "notice.bounced"
    mail.write_bytes(b"Subject: hello\r\n\r\nno bounce\r\n")
    assert bureau.say("bounce", str(mail)).code == 1
    assert bureau.say("resend", notice.id).code == 0
    process_notice_account(f"{SHOP}|delhivery", services=bureau.services)
    after = bureau.notices()[0]
    assert after.state is NoticeState.SENT
    assert [letter.message_id.partition(".")[2].partition("@")[0] for letter in bureau.mailer.letters] == ["0", "1"]


def test_an_item_is_paused_and_released(bureau):
    request = bureau.erasure(PARCEL)
    entry = bureau.entries()[0].id
    assert bureau.say("hold", entry, "--reason", "claim 12").code == 0
    bureau.run()
    assert bureau.entries()[0].reason == "held_by_operator"
    assert bureau.say("hold", entry).code == 2
    assert bureau.say("release", "--yes", entry, "--reason", "claim settled", "--json").json == {
        "id": entry,
        "released": True,
    }
    bureau.run()
    assert bureau.entries()[0].state is NoticeState.SENT
    assert [fact for fact in facts(bureau, request) if fact.startswith("entry.")] == ["entry.held", "entry.released"]
    assert bureau.say("release", "--yes", entry, "--reason", "again").code == 1


def test_a_parcel_that_may_be_anothers_is_shown_and_neither_told_nor_cancelled_until_it_is_released(bureau):
    bureau.erasure(PARCEL)
    other = ConsigneeClues(references=("#1002",), names=("Bikram Other",))
    bureau.move(PARCEL, ParcelStatus.DELIVERED, at=NOW - days(190), clues=other)
    bureau.run()
    (item,) = bureau.entries()
    assert (item.state, bureau.mailer.letters) == (NoticeState.WAITING, [])
    bureau.run()
    assert bureau.say("list", "--json").json[0]["reason"] == "parcel_review_open"
    doctor = processes.say(bureau.environ, "doctor", "--offline", "--json")
    details = [check["detail"] for check in doctor.json["checks"] if check["ok"] is False]
    assert "1 records wait: parcel_review_open" in details
    assert doctor.code == 1
    assert bureau.say("cancel-parcel", "--yes", item.id, "--confirm", PARCEL, "--reason", "test").code == 1
    assert bureau.say("release", "--yes", item.id, "--reason", "the warehouse confirmed it").code == 0
    bureau.run()
    assert [entry.state for entry in bureau.entries()] == [NoticeState.SENT]
    assert processes.say(bureau.environ, "review", "list", "--json").json == []


def test_an_unattributed_parcel_is_attributed_by_an_operator(bureau):
    request = bureau.erasure(PARCEL, carrier="unknown")
    bureau.run(f"{SHOP}|unknown")
    entry = bureau.entries()[0].id
    assert bureau.say("attribute", entry, "pigeon", "--reason", "test").code == 2
    assert bureau.say("attribute", entry, "delhivery", "--reason", "their invoice").code == 0
    (moved,) = bureau.entries()
    assert (moved.processor, moved.system, moved.reference) == ("delhivery", "delhivery", PARCEL)
    assert [task.system for task in bureau.tasks(request)] == ["delhivery"]
    assert "entry.attributed" in facts(bureau, request)
    bureau.move(PARCEL, ParcelStatus.DELIVERED, at=NOW.replace(year=2025))
    bureau.run()
    assert bureau.entries()[0].state is NoticeState.SENT


def test_only_the_confirmed_waybill_is_cancelled(bureau):
    bureau.erasure(PARCEL)
    entry = bureau.entries()[0].id
    result = bureau.say("cancel-parcel", "--yes", entry, "--confirm", OTHER, "--reason", "test")
    assert (result.code, "Nothing was cancelled" in result.err) == (1, True)
    result = bureau.say("cancel-parcel", "--yes", entry, "--confirm", PARCEL, "--reason", "test")
    assert result.code == 1, "no credentials are set"


@pytest.mark.parametrize(("forgets", "code"), [(False, 1), (True, 1)])
def test_a_parcel_on_its_way_or_unknown_to_delhivery_is_not_cancelled(bureau, forgets, code):
    with make_delhivery(invent_world(shop=SHOP, orders=0, now=NOW)) as carrier:
        bureau.environ |= {"DELHIVERY_BASE_URL": carrier.base_url, "DELHIVERY_TOKEN": DELHIVERY_TOKEN}
        number = PARCEL if forgets else _delhiverys().waybill
        bureau.erasure(number)
        result = bureau.say("cancel-parcel", "--yes", bureau.entries()[0].id, "--confirm", number, "--reason", "test")
        assert (result.code, "only a parcel that was not picked up" in result.err) == (code, True)


def test_a_parcel_that_was_not_picked_up_is_cancelled_and_recorded(bureau):
    parcel = _delhiverys()
    with make_delhivery(invent_world(shop=SHOP, orders=0, now=NOW)) as carrier:
        bureau.environ |= {"DELHIVERY_BASE_URL": carrier.base_url, "DELHIVERY_TOKEN": DELHIVERY_TOKEN}
        request = bureau.erasure(parcel.waybill)
        _post(f"{carrier.base_url}/_sandbox/parcels", waybill=parcel.waybill, status="booked")
        words = ["cancel-parcel", "--yes", bureau.entries()[0].id, "--confirm", parcel.waybill, "--reason", "test"]
        result = bureau.say(*words, "--json")
        assert (result.code, result.json["cancelled"]) == (0, True)
        assert facts(bureau, request)[-1] == Fact.PARCEL_CANCELLED
        again = bureau.say(*words)
        assert (again.code, "reports cancelled" in again.err) == (1, True)


def _delhiverys():
    return next(parcel for parcel in invent_world(shop=SHOP, orders=0, now=NOW).parcels if parcel.holder == "delhivery")


def _post(url, **result):
    urllib.request.urlopen(url, data=json.dumps(result).encode(), timeout=5).close()  # noqa: S310 - our own


def test_an_acknowledgement_is_recorded_and_stops_reminders(sent):
    bureau, request, notice = sent
    result = bureau.say("acknowledge", notice.id, "--reference", "CALL-1", "--json")
    assert (result.code, result.json["state"]) == (0, "acknowledged")
    assert facts(bureau, request)[-1] == Fact.NOTICE_ACKNOWLEDGED
    assert bureau.notices()[0].reference == "CALL-1"
    bureau.say("answer", notice.id, "--all", "erased", "--reference", "CALL-2")
    result = bureau.say("acknowledge", notice.id, "--reference", "CALL-3")
    assert (result.code, "answered before" in result.err) == (1, True)


def test_a_reference_in_evidence_is_one_word(sent):
    bureau, _request, notice = sent
    for words in (["answer", notice.id, "--all", "erased"], ["file", notice.id]):
        result = bureau.say(*words, "--reference", "mail of asha@example.in, 98765 43210")
        assert (result.code, "no name of a person" in result.err) == (2, True)
    assert not bureau.notices()[0].reference


def test_resending_a_notice_ends_the_links_of_the_first_letter(sent):
    bureau, _request, notice = sent
    assert bureau.links() == 1
    assert bureau.say("resend", notice.id).code == 0
    assert bureau.links() == 0
    bureau.run()
    assert bureau.links() == 1


def test_a_refused_item_is_reopened_and_doctor_shows_it_until_then(sent):
    bureau, request, notice = sent
    assert bureau.say("reopen", "--yes", bureau.entries()[0].id, "--reason", "test").code == 1, "nothing was refused"
    bureau.say("answer", notice.id, "--all", "refused", "--reference", "CALL-7")
    result = processes.say(bureau.environ, "doctor", "--offline", "--json")
    assert "2 records refused: by the processor" in result.out
    for entry in bureau.entries():
        assert bureau.say("reopen", "--yes", entry.id, "--reason", "their lawyer agreed").code == 0
    assert facts(bureau, request)[-1] == Fact.NOTICE_REOPENED
    bureau.at(bureau.clock.at + days(2))
    bureau.run()
    assert [entry.state for entry in bureau.entries()] == [NoticeState.SENT] * 2
    assert len(bureau.notices()) == 2


def test_a_queued_item_is_paused_and_its_empty_notice_is_withdrawn(bureau):
    bureau.services = replace(
        bureau.services,
        merchant=replace(bureau.services.merchant, processors=notified_processors(contact_verified_on=None)),
    )
    bureau.erasure(PARCEL)
    bureau.run()
    (entry,) = bureau.entries()
    assert (entry.state, entry.reason) == (NoticeState.QUEUED, "contact_not_verified")
    assert bureau.say("release", "--yes", entry.id, "--reason", "test").code == 1, "it waits for nothing"
    assert bureau.say("hold", entry.id, "--reason", "claim-12").code == 0
    bureau.at(bureau.clock.at + timedelta(hours=2))
    bureau.run()
    (entry,) = bureau.entries()
    assert (entry.state, entry.reason, entry.notice_id) == (NoticeState.WAITING, "held_by_operator", "")
    assert bureau.notices() == []


def test_doctor_reports_what_waits_for_an_operator(bureau):
    bureau.erasure("X1", carrier="unknown")
    bureau.run(f"{SHOP}|unknown")
    result = processes.say(bureau.environ, "doctor", "--offline", "--json")
    lines = {check["name"]: check for check in json.loads(result.out)["checks"]}
    assert lines[f"{SHOP} unknown"]["detail"] == "1 records wait: carrier_unknown"
    assert lines[f"{SHOP} unknown"]["ok"] is False
    assert lines["mail"]["ok"] is None
    assert lines["mail domain"]["ok"] is None
    assert "controls example.in" in lines["mail domain"]["detail"]
    assert "write domain_control_verified = true under [grievance_officer] in" in lines["mail domain"]["detail"]


def bounce_notice(bureau, notice):
    with bureau.services.store.transaction() as tx:
        bounced = replace(notice, state=NoticeState.BOUNCED, next_at=None, last_error="delivery status: failed")
        assert tx.notices.save_notice(bounced, expected_state=notice.state)


def test_letters_that_did_not_arrive_are_sent_again_in_bulk_once_and_by_name(sent):
    bureau, request, notice = sent
    assert bureau.say("resend").code == 2
    assert bureau.say("resend", notice.id, "--failed").code == 2
    arrived = bureau.say("resend", "--system", "delhivery", "--json")
    assert (arrived.code, arrived.json) == (0, {"dry_run": False, "resent": [], "not_resent": {}}), "no second letter"
    bounce_notice(bureau, notice)
    [counted] = bureau.say("list", "--by-reason", "--json").json
    assert (counted["reason"], counted["count"], counted["command"]) == ("bounced", 1, "bridge notice resend --failed")
    dry = bureau.say("resend", "--failed", "--dry-run", "--json")
    assert (dry.json["resent"], bureau.notices()[0].state) == ([notice.id], NoticeState.BOUNCED)
    words = (
        "resend",
        "--reason-class",
        "bounced",
        "--system",
        "delhivery",
        "--reason",
        "contact corrected",
        "--as",
        "asha",
    )
    assert bureau.say(*words, "--json").json["resent"] == [notice.id]
    with bureau.services.store.read() as tx:
        resent = tx.evidence.list_facts_of_request(request.id)[-1]
    assert (resent.fact, resent.actor) == (Fact.NOTICE_RESENT, "operator:asha")
    assert (resent.detail["reason"], resent.detail["was"]) == ("contact corrected", "bounced")
    again = bureau.say("resend", notice.id)
    assert (again.code, "within seconds already" in again.err) == (1, True)
    bureau.run()
    bureau.run()
    assert len(bureau.mailer.letters) == 2
    assert bureau.say("resend", "--failed", "--json").json["resent"] == []


def test_what_still_blocks_a_letter_is_looked_at_first(sent):
    bureau, _request, notice = sent
    with bureau.services.store.transaction() as tx:
        blocked = replace(notice, state=NoticeState.QUEUED, last_error="no_contact", next_at=None)
        assert tx.notices.save_notice(blocked, expected_state=notice.state)
    refused = bureau.say("resend", "--reason-class", "no_contact", "--json")
    assert (refused.code, list(refused.json["not_resent"])) == (1, [notice.id])
    assert "still blocked: no_contact" in refused.json["not_resent"][notice.id]
    unknown = bureau.say("resend", "ntc_none")
    assert (unknown.code, "There is no notice ntc_none." in unknown.err) == (1, True)
    assert bureau.say("resend", "--failed", "--force", "--json").json["resent"] == [notice.id]


def test_a_replay_of_an_erasure_sends_no_second_letter(sent):
    bureau, request, _notice = sent
    before = len(bureau.mailer.letters)
    processes.say(bureau.environ, "dsr", "replay", request.id, "--force")
    process_request(request.id, services=bureau.services)
    bureau.run()
    assert len(bureau.mailer.letters) == before
    assert len(bureau.notices()) == 1
