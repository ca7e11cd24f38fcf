"""An answer is recorded once and completely, verified where possible; a retained item is reopened on its day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from bridge.errors import ConnectorUnavailable, PayloadInvalid
from bridge.model import (
    AnswerRow,
    NoticeChannel,
    NoticeState,
    Outcome,
    ParcelStatus,
    ProcessorAnswer,
    RequestState,
    TaskState,
)
from bridge.rules.requests.progress_codec import encode_detail
from bridge.steps.notices.record_answer import record_acknowledgement, record_answer
from tests.factories import NOW, SHOP, notified_processors
from tests.fakes import FakeEraser
from tests.kit.durations import days
from tests.steps.notice_case import erased_by, facts, says

PARCEL = "14908100000012"


@pytest.fixture
def sent(case):
    """Return a sent notice with its request."""
    request = case.erasure(PARCEL, "14908100000023")
    case.run()
    return case, request, case.notices()[0]


def refuse_answers(case, notice, answers):
    with pytest.raises(PayloadInvalid) as caught:
        record_answer(notice.id, answers, via=NoticeChannel.PAGE, actor="processor:delhivery", services=case.services)
    return caught.value.reason


def test_an_answer_is_recorded_once(sent):
    case, request, notice = sent
    after = erased_by(case, notice)
    assert (after.state, after.answered_at, after.answered_via) == (NoticeState.COMPLETED, NOW, NoticeChannel.PAGE)
    with pytest.raises(PayloadInvalid, match="already_answered"):
        erased_by(case, notice)
    assert facts(case, request).count("notice.answered") == 1
    with case.store.transaction() as tx:
        (fact,) = [event for event in tx.evidence.list_facts_of_request(request.id) if event.fact == "notice.answered"]
    assert (fact.actor, fact.detail["answers"]) == ("processor:delhivery", {"erased": 2})
    assert PARCEL not in repr(fact)


def test_an_incomplete_answer_changes_nothing(sent):
    case, _, notice = sent
    one, _ = case.entries(notice_id=notice.id)
    assert refuse_answers(case, notice, {one.id: AnswerRow(answer=ProcessorAnswer.ERASED)}) == "entry_missing"
    assert refuse_answers(case, replace(notice, id="ntc_none"), {}) == "notice_unknown"
    assert [entry.answer for entry in case.entries()] == [None, None]
    assert case.links() == 1


def test_an_acknowledgement_is_recorded_and_the_link_stays_valid(sent):
    case, request, notice = sent
    options = {"via": NoticeChannel.PAGE, "actor": "processor:delhivery", "services": case.services}
    assert record_acknowledgement(notice.id, **options).state is NoticeState.ACKNOWLEDGED
    assert record_acknowledgement(notice.id, **options).state is NoticeState.ACKNOWLEDGED
    assert (facts(case, request).count("notice.acknowledged"), case.links()) == (1, 1)
    erased_by(case, notice)
    with pytest.raises(PayloadInvalid, match="already_answered"):
        record_acknowledgement(notice.id, **options)


def test_an_erased_item_is_verified_and_its_waybill_deleted(sent):
    case, request, notice = sent
    erased_by(case, notice)
    assert [entry.reference for entry in case.entries()] == [PARCEL, "14908100000023"]
    case.move(PARCEL, ParcelStatus.DELIVERED, consignee="")
    case.move("14908100000023", ParcelStatus.DELIVERED, consignee='{"name": "XXXX"}')
    case.at(NOW + timedelta(hours=24))
    case.run()
    results = {entry.read_back for entry in case.entries()}
    assert results == {"blank", "changed"}
    assert {(entry.reference, entry.order) for entry in case.entries()} == {("", "")}
    case.process(request)
    (row,) = says(case, request)["processors"]
    assert (row["answer"], row["read_back"]) == ("erased", {"blank": 1, "changed": 1})
    assert case.request(request).state is RequestState.DONE


def test_not_found_is_not_erased(sent):
    case, request, notice = sent
    erased_by(case, notice, ProcessorAnswer.NOT_FOUND)
    case.process(request)
    (task,) = case.tasks(request)
    assert (task.state, task.outcome) == (TaskState.DONE, Outcome.ABSENT)
    assert says(case, request)["processors"][0]["answer"] == "absent"


def test_an_erased_answer_with_an_unchanged_consignee_reopens_the_item(sent):
    case, request, notice = sent
    erased_by(case, notice)
    case.process(request)
    assert case.request(request).state is RequestState.DONE
    case.move(PARCEL, ParcelStatus.DELIVERED, consignee="")
    case.at(NOW + timedelta(hours=24))
    case.run()
    (again,) = [entry for entry in case.entries() if entry.read_back == "unchanged"]
    assert (again.answer, again.reopened, again.reason) == (None, 1, "")
    first, second = case.notices()
    assert (first.state, second.state) == (NoticeState.COMPLETED, NoticeState.SENT)
    assert "14908100000023" in case.mailer.letters[1].text
    assert PARCEL not in case.mailer.letters[1].text
    case.process(request)
    after = case.request(request)
    assert (after.state, after.complete) == (RequestState.WAITING, False)
    assert "notice.reopened" in facts(case, request)


def test_a_third_contradicted_answer_needs_a_person(case):
    request = case.erasure(PARCEL)
    for turn in range(3):
        case.at(NOW + days(2 * turn))
        case.run()
        erased_by(case, case.notices()[-1])
        case.at(NOW + days(2 * turn + 1))
        case.run()
    (entry,) = case.entries()
    assert (entry.state, entry.answer, entry.reason) == (NoticeState.REFUSED, ProcessorAnswer.REFUSED, "still_readable")
    case.process(request)
    (task,) = case.tasks(request)
    assert (task.state, task.last_error) == (TaskState.FAILED, "processor_refused")
    assert case.request(request).complete is False


def test_a_carrier_without_consignees_is_not_verified(case):
    case.erasure(PARCEL)
    case.move(PARCEL, ParcelStatus.DELIVERED, at=NOW - days(190), consignee="")
    case.run()
    erased_by(case, case.notices()[0])
    (entry,) = case.entries()
    assert (entry.look_at, entry.reference, entry.read_back) == (None, "", "")


def test_a_retained_item_is_reopened_when_its_retention_ends(sent):
    case, request, notice = sent
    one, other = case.entries(notice_id=notice.id)
    kept = AnswerRow(answer=ProcessorAnswer.RETAINED, law="tax", until=date(2027, 3, 31), note="invoice copy")
    answers = {one.id: kept, other.id: AnswerRow(answer=ProcessorAnswer.ERASED)}
    after = record_answer(
        notice.id, answers, via=NoticeChannel.PAGE, actor="processor:delhivery", services=case.services
    )
    assert after.state is NoticeState.PARTLY_REFUSED
    case.move("14908100000023", ParcelStatus.DELIVERED, consignee="")
    case.process(request)
    (row,) = says(case, request)["processors"]
    assert (row["answer"], row["kept_there"]) == ("retained", [{"law": "tax", "until": "2027-03-31", "entries": 1}])
    assert case.request(request).state is RequestState.DONE
    # the 1st of April begins in India at 18:30 UTC of the day before
    case.at(NOW.replace(year=2027, month=3, day=31, hour=18, minute=29))
    case.run()
    assert len(case.mailer.letters) == 1
    case.at(NOW.replace(year=2027, month=3, day=31, hour=18, minute=30))
    case.run()
    assert len(case.mailer.letters) == 2
    assert PARCEL in case.mailer.letters[1].text
    case.process(request)
    assert case.request(request).state is RequestState.WAITING


def test_a_refusal_needs_a_person_and_is_a_gap(sent):
    case, request, notice = sent
    erased_by(case, notice, ProcessorAnswer.REFUSED, note="our terms")
    case.process(request)
    (task,) = case.tasks(request)
    assert (task.state, task.outcome, [gap.what for gap in task.gaps]) == (
        TaskState.FAILED,
        Outcome.DENIED,
        ["2 records"],
    )
    after = case.request(request)
    assert (after.state, after.complete) == (RequestState.DONE, False)


def test_an_api_erasure_sends_no_letter(case):
    eraser = FakeEraser("aftership", knows=[PARCEL])
    listed = notified_processors()
    after = replace(listed[1], id="aftership", erasure_channel="api", carries=("*",), applies_to="parcels")
    case.services = replace(
        case.services,
        connectors={**case.services.connectors, "aftership": eraser},
        merchant=replace(case.services.merchant, processors=(*listed, after)),
    )
    request = case.erasure(PARCEL, "14908100000023")
    case.run(f"{SHOP}|aftership")
    assert eraser.erased == [PARCEL, "14908100000023"]
    assert not case.mailer.letters
    case.process(request)
    tasks = {task.system: task for task in case.tasks(request)}
    assert (tasks["aftership"].state, tasks["aftership"].outcome) == (TaskState.DONE, Outcome.ERASED)
    assert encode_detail(tasks["aftership"].progress)["answers"] == {"erased": 1, "not_found": 1}
    assert tasks["delhivery"].state is TaskState.WAITING


def test_an_interrupted_api_erasure_resumes(case):
    eraser = FakeEraser("aftership", knows=[PARCEL, "14908100000023"])
    listed = notified_processors()
    after = replace(listed[1], id="aftership", erasure_channel="api", carries=("*",), applies_to="parcels")
    case.services = replace(
        case.services,
        connectors={**case.services.connectors, "aftership": eraser},
        merchant=replace(case.services.merchant, processors=(*listed, after)),
    )
    case.erasure(PARCEL, "14908100000023")
    erase = eraser.erase_waybills

    def breaks(numbers):
        yield next(erase(numbers))
        raise ConnectorUnavailable("aftership: HTTP 503")

    eraser.erase_waybills = breaks
    case.run(f"{SHOP}|aftership")
    eraser.erase_waybills = erase
    case.at(NOW + timedelta(seconds=10))
    case.run(f"{SHOP}|aftership")
    assert eraser.erased == [PARCEL, "14908100000023"]
    assert {entry.answer for entry in case.entries(account=f"{SHOP}|aftership")} == {ProcessorAnswer.ERASED}
