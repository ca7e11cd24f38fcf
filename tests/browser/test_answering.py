"""A clerk at a carrier, with a keyboard and a browser without JavaScript, answers an erasure instruction."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bridge.model import NoticeState, ProcessorAnswer
from tests.browser.accessibility import faults_of
from tests.web.notice_case import notify_task

SHOTS = os.environ.get("SCREENSHOTS", "")  # a folder, for whoever wants to look
LONG = {"reference": "9" * 60, "also": ("8" * 60,), "order": "#" + "7" * 40}
SHADES = pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
WIDTHS = pytest.mark.parametrize("width", [320, 900])


def shot(page, *name) -> None:
    if SHOTS:
        path = Path(SHOTS) / ("-".join(str(word) for word in name) + ".png")
        page.screenshot(path=path, full_page=True)


def focused(page) -> str:
    return page.evaluate("document.activeElement.id || document.activeElement.value || ''")


def tab_to(page, wanted: str, most: int = 40) -> None:
    for _ in range(most):
        page.keyboard.press("Tab")
        if focused(page) == wanted:
            return
    pytest.fail(f"the keyboard does not reach {wanted}")


def test_by_keyboard_alone_a_fault_and_then_the_receipt(visit, web):
    one = notify_task(web[1], 3)
    page = visit(one.path)
    tab_to(page, "all-answer")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert not page.locator("#all-until").is_visible()
    page.keyboard.press("ArrowDown")  # Kept under a law
    tab_to(page, "all-law")
    assert page.locator("#all-until").is_visible(), "law and day come with the choice, without a script"
    page.keyboard.type("Tax")
    tab_to(page, "answer")
    page.keyboard.press("Enter")
    page.wait_for_selector("#faults")
    assert focused(page) == "faults", "the summary is read first"
    assert "Give the day" in page.locator("#faults").inner_text()
    assert faults_of(page) == []
    shot(page, "fault")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert focused(page) == "all-until", "the summary leads to the field"
    assert page.locator("#all-law").input_value() == "tax", "what was chosen is still there"
    page.keyboard.type("03032033")  # the third of March in every order of day and month
    shot(page, "mended")
    tab_to(page, f"{one.entries[1].id}-answer")
    page.keyboard.press("ArrowDown")  # Erased
    tab_to(page, "answer")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Your answer is recorded")
    shot(page, "receipt")
    assert faults_of(page) == []
    result = [line.inner_text() for line in page.locator(".answers li").all()]
    assert "until 3 March 2033" in result[0]
    assert result[1].endswith("Erased")
    assert len(result) == 3
    assert [line.answer for line in one.lines()] == [
        ProcessorAnswer.RETAINED,
        ProcessorAnswer.ERASED,
        ProcessorAnswer.RETAINED,
    ]
    page.reload()  # sends the form again
    assert "not valid any more" in page.locator("main").inner_text()


def test_working_on_it_by_its_button_and_later_the_answer(visit, web):
    one = notify_task(web[1])
    page = visit(one.path)
    page.get_by_role("button", name="We have this and are working on it").click()
    page.wait_for_selector("text=We noted that you are working on it")
    assert one.now().state is NoticeState.ACKNOWLEDGED
    assert faults_of(page) == []
    shot(page, "acknowledged")
    page.get_by_label("Not found").check()
    page.get_by_role("button", name="Send the answer").click()
    page.wait_for_selector("text=Your answer is recorded")
    assert one.now().state is NoticeState.NOT_FOUND


@SHADES
@WIDTHS
@pytest.mark.parametrize("lines", [1, 3, 12])
def test_everybody_can_read_and_use_it(visit, web, lines, width, dark):
    page = visit(notify_task(web[1], lines, entry=LONG).path, width=width, dark=dark)
    assert faults_of(page) == []
    shot(page, lines, width, dark)
    if lines > 8:
        page.locator("summary").first.click()
    first = page.locator("fieldset").nth(1 if lines > 1 else 0)
    first.get_by_label("Kept under a law").check()
    assert faults_of(page) == []
    page.get_by_role("button", name="Send the answer").first.click()
    page.wait_for_selector("#faults")
    assert faults_of(page) == []
    shot(page, lines, width, dark, "fault")


@SHADES
@WIDTHS
def test_the_page_of_a_link_that_ended_is_readable_too(visit, width, dark):
    page = visit("/notices/x", width=width, dark=dark)
    assert faults_of(page) == []
    assert page.get_by_role("link", name="privacy@example.in").is_visible()
    shot(page, "ended", width, dark)


def test_a_folded_line_with_an_answer_says_so_and_a_fault_in_it_opens_it(visit, web):
    one = notify_task(web[1], 20)
    page = visit(one.path)
    line = page.locator("details").nth(4)
    assert not line.get_by_label("Refused").is_visible()
    line.locator("summary").focus()
    page.keyboard.press("Enter")
    line.get_by_label("Kept under a law").check()
    result = "getComputedStyle(document.querySelectorAll('summary')[4], '::after').content"
    assert page.evaluate(result) == '"Kept under a law"'
    page.locator("input[name=all-answer][value=erased]").check()
    page.get_by_role("button", name="Send the answers").first.click()
    page.wait_for_selector("#faults")
    assert page.locator("details[open]").count() == 1
    page.locator("#faults a").first.click()
    assert focused(page) == f"{one.entries[4].id}-law"
    shot(page, "folded")


def test_on_paper_there_is_no_button_and_the_ink_is_black(visit, web):
    page = visit(notify_task(web[1], 3).path, dark=True)
    page.emulate_media(media="print")
    assert not page.get_by_role("button", name="Send the answers").is_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('h1')).color") == "rgb(0, 0, 0)"
