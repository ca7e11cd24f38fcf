"""A carrier's consignee after "erased" supports the answer or contradicts it; verification ends."""

from __future__ import annotations

import pytest

from bridge.model import NoticeState, ParcelStatus, ProcessorAnswer, TaskState, TrackingResult
from tests.kit.durations import days
from tests.steps.notice_case import erased_by, facts, says

NUMBER = "14908100000012"


def answered(case):
    """Send a notice, answer it with "erased" on the same day and return the request."""
    request = case.erasure(NUMBER)
    case.run()
    erased_by(case, case.notices()[-1])
    return request


def later(case):
    """Move the clock to the verification."""
    (entry,) = case.entries()
    case.at(entry.look_at)
    case.run()


@pytest.mark.parametrize(
    ("shown", "found"), [({"consignee": None}, "blank"), ({"consignee": '{"name": "Someone Else"}'}, "changed")]
)
def test_a_blank_or_changed_consignee_supports_the_answer_and_deletes_the_waybill(case, shown, found):
    request = answered(case)
    case.move(NUMBER, ParcelStatus.DELIVERED, at=case.clock.at - days(190), **shown)
    later(case)
    (entry,) = case.entries()
    assert (entry.state, entry.read_back, entry.look_at) == (NoticeState.COMPLETED, found, None)
    assert not entry.reference
    case.process(request)
    assert says(case, request)["processors"][0]["read_back"] == {found: 1}
    assert "notice.read_back" in facts(case, request)


def test_a_parcel_not_found_any_more_is_verified(case):
    answered(case)
    del case.carrier.parcels[NUMBER]
    later(case)
    assert case.entries()[0].read_back == "gone"


def test_an_unchanged_consignee_reopens_twice_and_then_needs_a_person(case):
    request = answered(case)
    for times in (1, 2):
        later(case)
        (entry,) = case.entries()
        assert (entry.reopened, entry.answer) == (times, None), "instructed again"
        case.process(request)
        assert case.tasks(request)[0].state is TaskState.WAITING
        case.at(case.clock.at + days(1))
        case.run()
        assert len(case.mailer.letters) == times + 1
        erased_by(case, case.notices()[-1])
    later(case)
    (entry,) = case.entries()
    assert (entry.state, entry.answer, entry.reason) == (NoticeState.REFUSED, ProcessorAnswer.REFUSED, "still_readable")
    case.process(request)
    assert case.tasks(request)[0].state is TaskState.FAILED
    case.at(case.clock.at + days(60))
    case.run()
    assert len(case.mailer.letters) == 3, "no fourth letter"


def test_without_a_tracker_the_item_is_marked_as_not_verifiable(case):
    answered(case)
    case.carrier.configured = False
    later(case)
    (entry,) = case.entries()
    assert (entry.read_back, entry.look_at) == ("not_possible", None)


def test_an_unreadable_answer_is_no_blank_consignee_and_is_asked_for_again(case):
    answered(case)
    case.carrier.parcels[NUMBER] = TrackingResult(number=NUMBER, status=ParcelStatus.UNKNOWN)
    (entry,) = case.entries()
    before = entry.look_at
    later(case)
    (entry,) = case.entries()
    assert (entry.read_back, entry.reference) == ("", NUMBER)
    assert entry.look_at > before
