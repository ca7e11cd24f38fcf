"""A fault of an answer is shown at its field; what was typed is neither lost nor recorded."""

from __future__ import annotations

import pytest

from bridge.rules.notices.answers import MAX_NOTE_CHARS
from tests.web.notice_case import answered, notify_task, rows, sent

WRONG = {
    "nothing": ({}, "answer", "Choose an answer."),
    "no law": ({"answer": "retained", "until": "2033-03-31"}, "law", "Choose the law"),
    "a law of one's own": ({"answer": "retained", "law": "magic", "until": "2033-03-31"}, "law", "Choose the law"),
    "no day": ({"answer": "retained", "law": "tax"}, "until", "Give the day"),
    "no date": ({"answer": "retained", "law": "tax", "until": "31/03/2033"}, "until", "like 2033-03-31"),
    "today": ({"answer": "retained", "law": "tax", "until": "2026-11-22"}, "until", "after today"),
    "long ago": ({"answer": "retained", "law": "tax", "until": "0001-01-01"}, "until", "after today"),
    "the end of time": ({"answer": "retained", "law": "tax", "until": "9999-12-31"}, "until", "a hundred years"),
    "another law": ({"answer": "retained", "law": "other", "until": "2033-03-31"}, "note", "Name the law"),
    "a long note": ({"answer": "erased", "note": "x" * (MAX_NOTE_CHARS + 1)}, "note", "Shorten it to 500"),
    "no answer of ours": ({"answer": "maybe"}, "answer", "Choose one of the answers."),
    "a law alone": ({"law": "tax"}, "answer", "choose Kept under a law"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_fault_is_shown_beside_its_field_and_at_the_top_and_nothing_is_lost(client, services, case):
    given, part, words = WRONG[case]
    one = notify_task(services)
    before = rows(services)
    page = sent(client, one.path, answered(one, **given))
    assert page.status_code == 422
    field = f"{one.entries[0].id}-{part}"
    assert f'<a href="#{field}">' in page.text
    assert page.text.count(words) == 2
    assert f'id="{field}-fault"' in page.text
    assert f'aria-describedby="{field}-fault"' in page.text
    assert page.text.count(f'id="{field}"') == 1, "the link of the summary leads to one place"
    assert 'role="alert"' in page.text
    for typed in given.values():
        assert typed in page.text or typed in ("magic", "maybe")
    assert rows(services) == before
    assert client.get(one.path).status_code == 200


def test_many_faults_are_all_told_and_twenty_of_them_at_the_top(client, services):
    one = notify_task(services, 30)
    fields = answered(one, "erased") | {f"{each.id}-answer": "retained" for each in one.entries}
    page = sent(client, one.path, fields)
    assert page.status_code == 422
    assert page.text.count('class="fault"') == 60
    assert "and 40 more" in page.text


def test_lines_without_any_answer_are_pointed_at_one_by_one_or_together(client, services):
    one = notify_task(services, 3)
    page = sent(client, one.path, answered(one) | {f"{one.entries[0].id}-answer": "erased"})
    assert page.text.count("Choose an answer.") == 4
    many = notify_task(services, 25)
    page = sent(client, many.path, answered(many))
    assert page.text.count("25 lines have no answer yet") == 2
    assert '<a href="#all-answer">' in page.text


def test_what_was_typed_is_shown_as_text_and_never_as_markup(client, services):
    one = notify_task(services)
    sly = '</textarea><script>alert(1)</script>" onfocus="x'
    page = sent(client, one.path, answered(one, sly, law=sly, until=sly, note=sly))
    assert page.status_code == 422
    assert "<script" not in page.text
    assert '"' + " onfocus" not in page.text
    assert "&lt;/textarea&gt;&lt;script&gt;" in page.text


def test_an_answer_of_a_line_that_is_not_of_this_notice_is_not_looked_at(client, services):
    one, other = notify_task(services), notify_task(services)
    assert sent(client, one.path, answered(one, "erased") | answered(other, "refused")).status_code == 200
    assert other.lines()[0].answer is None
    assert client.get(other.path).status_code == 200


def test_a_note_keeps_its_lines_and_its_script_and_loses_control_characters(client, services):
    one = notify_task(services)
    sent(client, one.path, answered(one, "refused", note="क्\u200dष a\r\nb\x00\x1b[31m\x07\r"))
    assert one.lines()[0].note == "क्\u200dष a\nb[31m"
