"""Answers to notices: which are valid, the state that follows, and the status of the task."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest

from bridge.errors import PayloadInvalid
from bridge.model import AnswerRow, NoticeProgress, NoticeState, Outcome, ProcessorAnswer, TaskState
from bridge.rules.notices.answers import MAX_NOTE_CHARS, derive_notice_state, derive_notice_task_status, validate_answer
from bridge.rules.requests.progress_codec import encode_detail
from tests.factories import NOW, make_entry, make_notice

TODAY = NOW.date()
KEPT = AnswerRow(answer=ProcessorAnswer.RETAINED, until=date(2031, 3, 31), law="tax")


def refusal(entries, answers):
    with pytest.raises(PayloadInvalid) as caught:
        validate_answer(entries, answers, today=TODAY)
    return caught.value.reason


def test_an_incomplete_answer_is_refused():
    one, two = make_entry(), make_entry()
    erased = AnswerRow(answer=ProcessorAnswer.ERASED)
    validate_answer([one, two], {one.id: erased, two.id: KEPT}, today=TODAY)
    assert refusal([one, two], {one.id: erased}) == "entry_missing"
    assert refusal([one], {one.id: erased, "ent_other": erased}) == "entry_unknown"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (replace(KEPT, until=None), "until_missing"),
        (replace(KEPT, until=TODAY), "until_not_ahead"),
        (replace(KEPT, until=date(9999, 12, 31)), "until_too_far"),
        (replace(KEPT, law=""), "law_missing"),
        (replace(KEPT, law="because"), "law_missing"),
        (AnswerRow(answer=ProcessorAnswer.ERASED, note="x" * (MAX_NOTE_CHARS + 1)), "note_too_long"),
    ],
)
def test_retained_records_need_a_law_and_a_future_day(answer, reason):
    one = make_entry()
    assert refusal([one], {one.id: answer}) == reason


@pytest.mark.parametrize(
    ("answers", "state"),
    [
        ("EE", NoticeState.COMPLETED),
        ("EN", NoticeState.COMPLETED),
        ("NN", NoticeState.NOT_FOUND),
        ("RR", NoticeState.REFUSED),
        ("EK", NoticeState.PARTLY_REFUSED),
        ("ER", NoticeState.PARTLY_REFUSED),
        ("KN", NoticeState.PARTLY_REFUSED),
    ],
)
def test_the_state_of_a_notice_follows_from_its_answers(answers, state):
    words = {
        "E": ProcessorAnswer.ERASED,
        "N": ProcessorAnswer.NOT_FOUND,
        "R": ProcessorAnswer.REFUSED,
        "K": ProcessorAnswer.RETAINED,
    }
    assert derive_notice_state([words[letter] for letter in answers]) is state


def test_the_task_waits_while_an_item_waits_and_gives_the_reasons():
    waits = [
        make_entry(reason="cod_unremitted", not_before=NOW + timedelta(days=3)),
        make_entry(reason="cod_unremitted", not_before=NOW + timedelta(days=5)),
        make_entry(reason="parcel_moving"),
    ]
    now = derive_notice_task_status("delhivery", waits, [])
    assert (now.state, now.outcome, now.error, now.expected_by) == (TaskState.WAITING, Outcome.UNCONFIRMED, "", None)
    assert list(now.report.waiting) == [
        {
            "state": "waiting_not_before",
            "reason": "cod_unremitted",
            "entries": 2,
            "not_before": (NOW + timedelta(days=5)).isoformat(),
        },
        {"state": "waiting_not_before", "reason": "parcel_moving", "entries": 1, "not_before": None},
    ]


def test_a_sent_letter_shows_when_its_answer_is_due_and_its_problem():
    entry = make_entry(state=NoticeState.SENT, notice_id="ntc_1")
    letter = make_notice(id="ntc_1", state=NoticeState.SENT, sent_at=NOW, due_at=NOW + timedelta(days=15))
    now = derive_notice_task_status("delhivery", [entry], [letter])
    assert (now.expected_by, now.error, list(now.report.waiting)) == (NOW + timedelta(days=15), "", [])
    (shown,) = now.report.notices
    assert (shown["id"], shown["state"], shown["reminders"]) == ("ntc_1", "sent", 0)
    for state in (NoticeState.BOUNCED, NoticeState.EXPIRED):
        assert derive_notice_task_status("delhivery", [entry], [replace(letter, state=state)]).error == state


def test_a_blocked_item_is_the_first_problem():
    entry = make_entry(state=NoticeState.QUEUED, reason="contact_not_verified", notice_id="ntc_1")
    assert derive_notice_task_status("delhivery", [entry], [make_notice(id="ntc_1")]).error == "contact_not_verified"


@pytest.mark.parametrize(
    ("answers", "state", "outcome"),
    [
        ([ProcessorAnswer.ERASED, ProcessorAnswer.NOT_FOUND], TaskState.DONE, Outcome.ERASED),
        ([ProcessorAnswer.NOT_FOUND], TaskState.DONE, Outcome.ABSENT),
        ([ProcessorAnswer.ERASED, ProcessorAnswer.RETAINED], TaskState.DONE, Outcome.RETAINED),
        ([ProcessorAnswer.ERASED, ProcessorAnswer.REFUSED], TaskState.FAILED, Outcome.DENIED),
    ],
)
def test_the_worst_answer_decides_the_outcome_of_the_task(answers, state, outcome):
    entries = [make_entry(answer=one, law="tax", until=date(2031, 3, 31)) for one in answers]
    now = derive_notice_task_status("delhivery", entries, [])
    assert (now.state, now.outcome, now.expected_by) == (state, outcome, None)
    assert bool(now.gaps) == (state is TaskState.FAILED)
    assert list(now.report.retained) == (
        [{"law": "tax", "until": "2031-03-31", "entries": 1}] if ProcessorAnswer.RETAINED in answers else []
    )


def test_the_detail_is_json_and_names_no_waybill():
    entries = [make_entry(answer=ProcessorAnswer.ERASED, read_back="blank"), make_entry()]
    report = derive_notice_task_status("delhivery", entries, [make_notice()]).report
    detail = json.dumps(encode_detail(NoticeProgress(report=report)))
    assert not any(entry.reference in detail or entry.order in detail for entry in entries)
