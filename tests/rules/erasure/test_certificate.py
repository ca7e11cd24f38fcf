"""The certificate: what was done, what stays, who must still answer; and nothing of the person."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import pytest

from bridge.model import (
    Absence,
    Document,
    DocumentForm,
    DocumentKind,
    EraseProgress,
    Event,
    Gap,
    ListedWaybill,
    NoticeProgress,
    NoticeReport,
    Outcome,
    Principal,
    RequestKind,
    TaskAction,
    TaskState,
)
from bridge.rules.erasure.certificate import CERTIFICATE_SCHEMA, build_certificate
from bridge.rules.evidence.chain import GENESIS_HASH, build_chained_event, encode_canonical_json
from bridge.rules.requests.lifecycle import assess_request_status
from config.merchant_file.merchant import load_merchant
from config.retention_file.retention import load_retention
from config.settings import MERCHANT_FILE, RETENTION_FILE
from tests.factories import CANARIES, NOW, SHOP, make_request, make_task

MERCHANT, RETENTION = load_merchant(MERCHANT_FILE), load_retention(RETENTION_FILE)
REQUEST = make_request(kind=RequestKind.ERASURE)
ERASE = make_task(
    REQUEST.id,
    "bridge",
    TaskAction.ERASE,
    state=TaskState.DONE,
    outcome=Outcome.ERASED,
    records=3,
    finished_at=NOW,
    progress=EraseProgress(removed_rows={"orders": 2, "customers": 1}),
)
FOLLOW = make_task(
    REQUEST.id,
    "shopify",
    TaskAction.POLL_PLATFORM_ERASURE,
    state=TaskState.WAITING,
    attempts=1,
    outcome=Outcome.UNCONFIRMED,
    last_error="readable",
    expected_by=NOW + timedelta(days=180),
)
NOTIFY = make_task(
    REQUEST.id,
    "delhivery",
    TaskAction.NOTIFY_PROCESSOR,
    state=TaskState.WAITING,
    records=2,
    outcome=Outcome.UNCONFIRMED,
    progress=NoticeProgress(listed_waybills=(ListedWaybill(waybill="AWB7007007", order=""),)),
    expected_by=NOW + timedelta(days=15),
)


def made(*tasks, request=REQUEST, now=NOW, facts=(), retention=RETENTION, documents=(), holds=()):
    return build_certificate(
        request,
        tasks,
        assess_request_status(tasks),
        facts=facts,
        documents=dict(documents),
        legal_holds=dict(holds),
        remaining_data=(),
        plan=None,
        merchant=MERCHANT,
        retention=retention,
        now=now,
    )


def test_nothing_of_the_person_is_in_it_and_it_can_be_signed():
    body = made(ERASE, FOLLOW, NOTIFY, request=replace(REQUEST, principal=Principal(email="x@qwertzuiop.example")))
    text = encode_canonical_json(body).decode()
    assert json.loads(text) == body
    assert not [canary for canary in CANARIES if canary in text]
    assert (body["schema"], body["shop"], body["subject"]) == (CERTIFICATE_SCHEMA, SHOP, REQUEST.subject)


def test_it_says_what_was_erased_where_and_how_it_was_verified():
    body = made(ERASE)
    assert (body["status"], body["outcome"]) == ("fulfilled", "erased")
    assert [(row["table"], row["count"], row["verified_by"]) for row in body["erased"]] == [
        ("customers", 1, "re-read"),
        ("orders", 2, "re-read"),
    ]
    assert all("800-88" in row["method"] for row in body["erased"])


def test_waiting_processors_are_named_and_not_called_done():
    body = made(ERASE, FOLLOW, NOTIFY)
    assert (body["status"], body["outcome"]) == ("in_progress", "erased_here_others_must_answer")
    assert body["processors"] == [
        {
            "recipient": "Delhivery Limited",
            "system": "delhivery",
            "records": 2,
            "answer": "not_yet_instructed",
            "answers": {},
            "answer_due": "2026-12-07T10:00:00+00:00",
            "problem": NOTIFY.last_error,
            "instructions": [],
            "waiting": [],
            "kept_there": [],
            "read_back": {},
        }
    ]
    assert body["platform"] == [
        {
            "recipient": "shopify",
            "action": "follow",
            "asked_times": 1,
            "answer": "unconfirmed",
            "reason": "readable",
            "expected_by": "2027-05-21T10:00:00+00:00",
            "answered_at": None,
        }
    ]


def test_a_processor_that_answered_and_one_nobody_registered_are_shown_as_they_are():
    answered = replace(NOTIFY, state=TaskState.DONE, outcome=Outcome.ERASED, finished_at=NOW, expected_by=None)
    unknown = replace(NOTIFY, system="unknown")
    done = replace(FOLLOW, state=TaskState.DONE, outcome=None, finished_at=NOW, expected_by=None)
    body = made(ERASE, done, answered, unknown)
    assert [(row["recipient"], row["answer"], row["answer_due"] is None) for row in body["processors"]] == [
        ("Delhivery Limited", "erased", True),
        ("unknown", "not_yet_instructed", False),
    ]
    assert body["platform"][0]["answer"] == "not_asked"
    assert body["platform"][0]["answered_at"] == NOW.isoformat()


def test_a_processor_that_was_told_is_asked_and_its_answer_pending():
    letter = {"id": "ntc_1", "state": "reminded", "sent_at": NOW.isoformat(), "reminders": 1}
    wait = {"state": "waiting_not_before", "reason": "cod_unremitted", "entries": 1, "not_before": "2026-12-20"}
    result = replace(
        NOTIFY,
        progress=NoticeProgress(
            report=NoticeReport(items=1, answers={}, waiting=(wait,), retained=(), read_back={}, notices=(letter,))
        ),
    )
    (row,) = made(ERASE, result)["processors"]
    assert (row["answer"], row["instructions"], row["waiting"]) == ("asked_answer_pending", [letter], [wait])


def test_who_cannot_be_told_is_named_as_such():
    result = made(ERASE, NOTIFY)["not_instructed"]
    assert {row["recipient"]: row["reason"] for row in result} == {
        "google": "no_erasure_channel",
        "payment_gateway": "not_named_by_the_policy",
        "sms_gateway": "not_named_by_the_policy",
        "email_agency": "not_named_by_the_policy",
        "advertising_remarketing": "not_named_by_the_policy",
        "analytics_consultant": "not_named_by_the_policy",
        "social_login": "not_named_by_the_policy",
    }


@pytest.mark.parametrize(
    ("tasks", "outcome", "erased"),
    [
        ((), "not_erased", 0),
        (
            (replace(ERASE, state=TaskState.PENDING, outcome=None, finished_at=None, progress=EraseProgress()),),
            "not_erased",
            0,
        ),
        (
            (replace(ERASE, outcome=Outcome.ABSENT, progress=EraseProgress(removed_rows={"merged_into_another": 1})),),
            "nothing_held",
            0,
        ),
        ((ERASE,), "erased", 2),
    ],
)
def test_the_outcome_says_no_more_than_is_known(tasks, outcome, erased):
    body = made(*tasks)
    assert (body["outcome"], len(body["erased"])) == (outcome, erased)


def test_the_clock_stops_when_the_request_is_closed():
    late = NOW + timedelta(days=31)
    assert made(ERASE, now=late)["clock"]["late"] is True
    closed = made(ERASE, now=late, request=replace(REQUEST, closed_at=NOW))
    assert closed["clock"]["late"] is False
    assert closed["clock"]["completed_at"] == NOW.isoformat()
    assert closed["issued_at"] == late.isoformat()


def test_it_is_completed_when_the_last_system_is_done_with_it():
    """Requirement: no moment of completion while a certificate is in progress, or anybody must still act or answer."""
    answered_at = NOW + timedelta(days=40)
    poll = replace(FOLLOW, state=TaskState.DONE, outcome=Outcome.ERASED, finished_at=answered_at, expected_by=None)
    closed = replace(REQUEST, closed_at=NOW)
    for tasks, completed_at in (
        ((ERASE, FOLLOW), None),
        ((ERASE, poll, NOTIFY), None),
        ((ERASE, replace(poll, state=TaskState.FAILED)), None),
        ((ERASE, poll), answered_at.isoformat()),
        ((ERASE,), NOW.isoformat()),
    ):
        body = made(*tasks, request=closed, now=answered_at + timedelta(days=1))
        assert body["clock"]["completed_at"] == completed_at
        assert (body["status"] == "in_progress") is (completed_at is None)
        assert body["clock"]["late"] is False, "the data subject was answered in time"


def test_an_erasure_that_an_operator_ended_is_not_completed_while_a_processor_must_answer():
    gap = Gap(system="bridge", absence=Absence.UNREACHED, what="orders", reason="ended_by_operator")
    ended = replace(ERASE, outcome=Outcome.RETAINED, gaps=(gap,))
    assert made(ended, NOTIFY)["status"] == "not_fulfilled"
    assert made(ended, NOTIFY)["clock"]["completed_at"] is None
    assert made(ended)["clock"]["completed_at"] == NOW.isoformat()


def test_what_stays_has_a_ground_and_a_last_day():
    kept = {row["category"]: row for row in made(ERASE)["kept"]}
    assert set(kept) == {"suppression", "request_evidence"}
    assert kept["suppression"]["grounds"][0]["ground"] == "max_age"
    assert kept["suppression"]["until"] == "2033-11-22"
    assert kept["request_evidence"]["until"] > "2029-11"
    assert all(row["what"] and row["grounds"] for row in kept.values())


def test_a_shop_that_left_keeps_no_suppression_keys():
    body = made(ERASE, request=replace(REQUEST, kind=RequestKind.SHOP_ERASURE))
    assert [row["category"] for row in body["kept"]] == ["request_evidence"]


def test_a_retention_file_that_names_nothing_claims_nothing():
    bare = replace(RETENTION.categories["suppression"], max_age=MappingProxyType({}))
    body = made(ERASE, retention=replace(RETENTION, categories={"suppression": bare}))
    assert [(row["grounds"], row["until"]) for row in body["kept"]] == [([], None)]


def test_the_facts_it_rests_on_are_named_by_number_and_hash():
    facts, before = [], GENESIS_HASH
    for seq in (7, 8):
        draft = Event(
            seq=seq, at=NOW, actor="a", fact="task.done", shop=SHOP, request_id="r", subject="s", detail={},
            prev_hash=before,
        )  # fmt: skip
        event = build_chained_event(draft)
        facts.append(event)
        before = event.hash
    assert made(ERASE, facts=facts)["evidence"] == {"first_seq": 7, "last_seq": 8, "head_hash": facts[-1].hash}
    assert made(ERASE)["evidence"] == {"first_seq": None, "last_seq": None, "head_hash": None}


def test_a_sealed_copy_is_named_with_its_laws_and_its_day():
    issued = datetime(2026, 3, 31, 18, 30, tzinfo=UTC)  # 1 April in India
    document = Document(
        id="doc_1",
        shop=SHOP,
        kind=DocumentKind.INVOICE,
        form=DocumentForm.MINIMUM,
        media_type="application/json",
        order_key="key",
        digest="digest",
        issued_at=issued,
        sealed_at=issued,
        names_buyer=True,
    )
    firm = RETENTION.merchant | {"legal_entity_type": "proprietorship"}
    reviewed = replace(RETENTION, merchant=firm, reviewed_on=NOW.date())
    (row, *_) = made(ERASE, documents={"key": [document]}, retention=reviewed)["kept"]
    assert (row["category"], row["action"], row["count"]) == ("invoice_document", "seal", 1)
    assert row["what"] == "invoice: figures, State, name and address"
    assert [ground["ground"] for ground in row["grounds"]] == ["income_tax_books", "gst_books"]
    assert (row["until"], row["erasable_from"], row["release_needs"]) == ("2034-03-31", "2034-04-01", [])
    (unknown, *_) = made(ERASE, documents={"key": [document]})["kept"]
    assert (unknown["until"], unknown["erasable_from"]) == ("2035-03-31", None)
    assert unknown["release_needs"] == ["merchant.legal_entity_type", "reviewed_on"]
