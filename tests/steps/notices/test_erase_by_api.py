"""A processor with an API gets no letter; a recorded result is never lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.errors import ConnectorThrottled, ConnectorUnavailable, CredentialRejected
from bridge.model import NoticeChannel, NoticeItem, NoticeState, ParcelStatus, ProcessorAnswer, ReferenceKind, TaskState
from bridge.rules.requests.progress_codec import encode_detail
from tests.factories import NOW, SHOP, notified_processors
from tests.fakes import FakeEraser
from tests.kit.durations import days

NUMBERS = ("14908100000012", "14908100000023", "14908100000034")
ACCOUNT = f"{SHOP}|aftership"


@pytest.fixture
def case(case):
    """The case with a processor that erases by API."""
    (one,) = [each for each in notified_processors() if each.id == "delhivery"]
    copies = replace(one, id="aftership", erasure_channel="api", carries=("*",), privacy_contact="")
    eraser = FakeEraser("aftership", knows=NUMBERS)
    case.eraser = eraser
    case.services = replace(
        case.services,
        merchant=replace(case.services.merchant, processors=(*case.services.merchant.processors, copies)),
        connectors={**case.services.connectors, "aftership": eraser},
    )
    return case


def task(case, request):
    case.process(request)
    (saved,) = [one for one in case.tasks(request) if one.system == "aftership"]
    return saved


def test_records_are_erased_by_api_without_a_letter(case):
    case.eraser.knows.discard(NUMBERS[2])
    request = case.erasure(*NUMBERS)
    case.run(ACCOUNT)
    assert sorted(case.eraser.erased) == sorted(NUMBERS)
    assert not case.mailer.letters
    (notice,) = case.notices()
    assert (notice.state, notice.answered_via) == (NoticeState.COMPLETED, NoticeChannel.API)
    saved = task(case, request)
    assert saved.state is TaskState.DONE
    assert encode_detail(saved.progress)["answers"] == {"erased": 2, "not_found": 1}
    assert not any(entry.reference for entry in case.entries(account=ACCOUNT)), "no waybill remains"


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (CredentialRejected("x"), "api_refuses_us"),
        (ConnectorUnavailable("x"), ""),
        (ConnectorThrottled("x", retry_after_s=900.0), ""),
    ],
)
def test_a_fault_between_two_records_keeps_the_first_result(case, monkeypatch, fault, why):
    erase = case.eraser.erase_waybills

    def broken(numbers):
        yield next(erase(numbers))
        raise fault

    monkeypatch.setattr(case.eraser, "erase_waybills", broken)
    request = case.erasure(*NUMBERS)
    case.run(ACCOUNT)
    entries = case.entries(account=ACCOUNT)
    assert [entry.answer for entry in entries].count(ProcessorAnswer.ERASED) == 1
    assert {entry.reason for entry in entries if entry.answer is None} == {why}
    assert encode_detail(task(case, request).progress)["answers"] == {"erased": 1}
    monkeypatch.setattr(case.eraser, "erase_waybills", erase)
    case.at(case.notices()[0].next_at)
    case.run(ACCOUNT)
    assert len(case.eraser.erased) == 3, "each once"
    assert task(case, request).state is TaskState.DONE


def test_without_credentials_the_notice_is_blocked(case):
    case.eraser.configured = False
    request = case.erasure(*NUMBERS)
    case.run(ACCOUNT)
    assert task(case, request).last_error == "api_not_configured"
    case.eraser.configured = True
    case.at(NOW + timedelta(hours=1))
    case.run(ACCOUNT)
    assert task(case, request).state is TaskState.DONE


def test_an_item_without_a_waybill_is_refused_and_shown_to_a_person(case):
    request = case.erasure(NUMBERS[0])
    (named,) = case.entries(account=ACCOUNT)
    with case.store.transaction() as tx:
        tx.notice_items.add_items(
            [
                NoticeItem(
                    id="ent_order",
                    shop=SHOP,
                    request_id=request.id,
                    task_id=named.task_id,
                    processor="aftership",
                    names=ReferenceKind.ORDER,
                    reference="#1001",
                    look_at=NOW,
                )
            ]
        )
    case.run(ACCOUNT)
    assert case.eraser.erased == [NUMBERS[0]]
    saved = task(case, request)
    assert (saved.state, saved.last_error) == (TaskState.FAILED, "processor_refused")
    assert encode_detail(saved.progress)["answers"] == {"erased": 1, "refused": 1}
    assert [entry.reason for entry in case.entries(account=ACCOUNT)].count("not_by_api") == 1


def test_a_parcel_shared_by_two_requests_is_erased_once_for_both(case):
    one, other = case.erasure(NUMBERS[0]), case.erasure(NUMBERS[0], subject="another")
    case.run(ACCOUNT)
    assert case.eraser.erased == [NUMBERS[0]]
    assert [task(case, each).state for each in (one, other)] == [TaskState.DONE] * 2


def test_a_moving_parcel_is_not_erased(case):
    case.erasure(NUMBERS[0])
    case.move(NUMBERS[0], ParcelStatus.IN_TRANSIT, at=NOW)
    case.run(ACCOUNT)
    assert not case.eraser.erased
    case.move(NUMBERS[0], ParcelStatus.DELIVERED, at=NOW - days(40))
    case.at(NOW + days(400))
    case.run(ACCOUNT)
    assert case.eraser.erased == [NUMBERS[0]]
