"""The page behind a letter's link: what it shows, what it takes in, and that looking changes nothing."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest

from bridge.model import NoticePurpose, NoticeState, ProcessorAnswer, ReferenceKind
from bridge.rules.notices.answers import PROCESSOR_RETENTION_LAWS
from tests.factories import CANARIES
from tests.web.notice_case import answered, notify_task, rows, sent


def text_of(one):
    return [(line.answer, line.law, line.until) for line in one.lines()]


# --- What it shows -------------------------------------------------------------------------------------


def test_it_shows_who_asks_whom_for_what_and_until_when(client, services):
    one = notify_task(services, 2)
    page = client.get(one.path)
    text = re.sub(r"\s+", " ", page.text)
    assert page.status_code == 200
    assert "Example Silver to Delhivery Limited" in text
    assert one.notice.id in text
    assert "Sunday, 22 November 2026, 14:30 IST (UTC+05:30)" in text
    assert "Monday, 7 December 2026, 15:30 IST (UTC+05:30)" in text
    assert "mailto:privacy@minimiss.com" in text
    assert "Please erase these 2 records" in text
    assert "name, delivery address, phone, order invoice value" in text


def test_a_record_is_its_references_and_nothing_else_of_it(client, services):
    one = notify_task(services, 1)
    [entry] = one.entries
    text = client.get(one.path).text
    assert f"Waybill {entry.reference}, RTO77, RTO78" in text
    assert f"order {entry.order}" in text
    for hidden in (entry.request_id, entry.task_id, entry.order_id, one.token):
        assert hidden not in text
    assert not [word for word in CANARIES if word in text]


@pytest.mark.parametrize(
    ("names", "shown"),
    [(ReferenceKind.ORDER, "Order 77"), (ReferenceKind.CUSTOMER, "Customer 77"), (ReferenceKind.EMAIL_SHA256, ": 77")],
)
def test_a_record_without_a_waybill_goes_by_what_the_processor_knows(client, services, names, shown):
    one = notify_task(services, 1, entry={"names": names, "reference": "77", "also": ()})
    assert shown in client.get(one.path).text


def test_an_answer_that_is_late_is_called_so(client, services, clock):
    one = notify_task(services)
    assert "overdue" not in client.get(one.path).text
    clock.at += timedelta(days=16)
    assert "overdue" in client.get(one.path).text


def test_looking_twice_or_by_a_scanner_changes_no_row(client, services):
    one = notify_task(services, 3)
    before = rows(services)
    first, second = client.get(one.path), client.get(one.path)
    looked = client.head(one.path)
    assert first.data == second.data
    assert looked.status_code == 200
    assert looked.data == b""
    assert looked.headers["Content-Type"] == first.headers["Content-Type"]
    assert rows(services) == before


def test_it_may_go_nowhere_but_home_and_into_no_index(client, services):
    headers = client.get(notify_task(services).path).headers
    assert "form-action 'self'" in headers["Content-Security-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "script-src" not in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Robots-Tag"] == "noindex, nofollow"
    assert headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in headers
    assert "form-action 'none'" in client.get("/processors").headers["Content-Security-Policy"]


# --- What it takes in ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "state"),
    [("erased", NoticeState.COMPLETED), ("not_found", NoticeState.NOT_FOUND), ("refused", NoticeState.REFUSED)],
)
def test_one_record_is_answered_and_the_link_ends(client, services, queue, answer, state):
    one = notify_task(services)
    receipt = sent(client, one.path, answered(one, answer, note="as agreed"))
    assert receipt.status_code == 200
    assert "Your answer is recorded" in receipt.text
    assert "The link has ended" in receipt.text
    assert one.entries[0].reference in receipt.text
    assert "as agreed" in receipt.text
    assert one.token not in receipt.text
    now = one.now()
    assert (now.state, now.answered_via, now.answered_at) == (state, "page", services.clock.now())
    [line] = one.lines()
    assert line.answer == ProcessorAnswer(answer)
    assert client.get(one.path).status_code == 404
    assert ("process", one.entries[0].request_id, True) in queue.jobs
    [fact] = one.facts()
    assert (fact.fact, fact.actor) == ("notice.answered", "processor:delhivery")


@pytest.mark.parametrize("law", PROCESSOR_RETENTION_LAWS)
def test_what_is_kept_has_a_law_and_a_day(client, services, law):
    one = notify_task(services)
    receipt = sent(client, one.path, answered(one, "retained", law=law, until="2033-03-31", note="s. 44 of an Act"))
    assert receipt.status_code == 200
    assert f"{PROCESSOR_RETENTION_LAWS[law]}, until 31 March 2033" in receipt.text
    assert text_of(one) == [(ProcessorAnswer.RETAINED, law, date(2033, 3, 31))]
    assert one.now().state is NoticeState.PARTLY_REFUSED


def test_one_choice_answers_all_and_a_line_of_its_own_goes_before_it(client, services):
    one = notify_task(services, 4)
    fields = answered(one, "erased", note="purge 12") | {
        f"{one.entries[1].id}-answer": "retained",
        f"{one.entries[1].id}-law": "carriage",
        f"{one.entries[1].id}-until": "2027-01-31",
        f"{one.entries[2].id}-note": "only this note differs",
        f"{one.entries[3].id}-answer": "not_found",
    }
    receipt = sent(client, one.path, fields)
    assert receipt.status_code == 200
    assert "2 of 4" in receipt.text
    assert text_of(one) == [
        (ProcessorAnswer.ERASED, "", None),
        (ProcessorAnswer.RETAINED, "carriage", date(2027, 1, 31)),
        (ProcessorAnswer.ERASED, "", None),
        (ProcessorAnswer.NOT_FOUND, "", None),
    ]
    assert [line.note for line in one.lines()] == ["purge 12", "", "only this note differs", ""]


def test_law_and_day_of_an_answer_that_was_changed_are_not_taken(client, services):
    one = notify_task(services)
    assert sent(client, one.path, answered(one, "erased", law="tax", until="2033-03-31")).status_code == 200
    assert text_of(one) == [(ProcessorAnswer.ERASED, "", None)]


def test_working_on_it_is_noted_and_the_link_stays(client, services):
    one = notify_task(services, 2)
    fields = answered(one, "erased", note="half done") | {"do": "acknowledge"}
    for _ in range(2):  # a reload sends it again
        page = sent(client, one.path, fields)
        assert page.status_code == 200
        assert "noted that you are working on it" in page.text
        assert "half done" in page.text, "what was typed stays"
        assert 'value="acknowledge"' not in page.text
        assert one.now().state is NoticeState.ACKNOWLEDGED
    assert [fact.fact for fact in one.facts()] == ["notice.acknowledged"]
    assert "You told us that you are working on this" in client.get(one.path).text
    assert sent(client, one.path, answered(one, "erased")).status_code == 200


@pytest.mark.parametrize("purpose", NoticePurpose)
def test_the_page_asks_for_what_the_letter_asks_for_and_only_one_purpose_to_erase(client, services, purpose):
    """Requirement P-16: who is told to stop messages is not asked to erase."""
    one = notify_task(services, 1, purpose=purpose, entry={"purpose": purpose})
    page = client.get(one.path).text
    assert ("Please erase" in page, ">Erased<" in page) == (purpose is NoticePurpose.ERASE,) * 2
    assert (">Done<" in page) == (purpose is not NoticePurpose.ERASE)
    receipt = sent(client, one.path, answered(one, "erased") | {"do": "answer"})
    assert receipt.status_code == 200
    assert ("<strong>Erased" in receipt.text) == (purpose is NoticePurpose.ERASE)
    assert one.now().state is NoticeState.COMPLETED
