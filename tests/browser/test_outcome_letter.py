"""The outcome of an erasure as a person reads it: on a phone, on a screen and on A4."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from bridge.model import Outcome, TaskState
from bridge.steps.erasure.outcome import OutcomeInput, render_erasure_outcome
from tests.browser.accessibility import faults_of
from tests.factories import NOW
from tests.steps.erasure.outcome import outcome_case as case

SHOTS = os.environ.get("SCREENSHOTS", "")  # a folder, for whoever wants to look
A4_CONTENT = 658  # CSS pixels between the margins
BROKEN_WORDS = """() => {
  const broken = [], words = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
  while (words.nextNode()) {
    for (const word of words.currentNode.data.matchAll(/\\b[A-Za-z]{3,16}\\b/g)) {
      const range = document.createRange();
      range.setStart(words.currentNode, word.index);
      range.setEnd(words.currentNode, word.index + word[0].length);
      if (new Set([...range.getClientRects()].map(box => Math.round(box.top))).size > 1) broken.push(word[0]);
    }
  }
  return broken;
}"""
WIDE_TABLES = "[...document.querySelectorAll('.table')].filter(each => each.scrollWidth > each.clientWidth).length"


def make_waiting():
    waiting = {"state": "waiting_not_before", "reason": "cod_unremitted", "entries": 12, "not_before": NOW.isoformat()}
    retained = {"law": "carriage", "until": "2031-12-31", "entries": 2}
    return case.certify(
        case.make_ask_task(),
        case.make_erase_task(customers=1, orders=1_024, parcels=2_048, deliveries=3, findings=9),
        case.make_poll_task(),
        case.make_notice_task("delhivery", asked=7, waiting=(waiting,), notices=(case.make_letter(reminders=2),)),
        case.make_notice_task(
            "bluedart",
            answers={"erased": 3, "retained": 2, "refused": 1},
            retained=(retained,),
            notices=(case.make_letter(answered_at=NOW.isoformat()),),
        ),
        documents=[case.make_document("one", names_buyer=True), case.make_document("two")],
        plan=case.make_plan(customers=1),
        request=case.BY_HAND,
    )


def make_finished():
    done = {"state": TaskState.DONE, "outcome": Outcome.ERASED, "finished_at": NOW, "expected_by": None}
    return case.certify(case.make_erase_task(orders=1), case.make_poll_task(**done))


@pytest.fixture(params=[make_waiting, make_finished], ids=["much", "little"])
def outcome_page(request, chromium, tmp_path):
    """The letter as a file in a browser without JavaScript; another address that it asks for is a failure."""
    path = tmp_path / "outcome.html"
    outcome = OutcomeInput(
        request=case.BY_HAND,
        certificate=request.param(),
        merchant=case.MERCHANT,
        retention=case.DECIDED,
        written_at=NOW,
        signing_key_fingerprint="ab" * 32,
    )
    path.write_text(render_erasure_outcome(outcome)[0])
    context, requested = chromium.new_context(java_script_enabled=False), []
    page = context.new_page()
    page.on("request", lambda request: requested.append(request.url))
    page.goto(path.as_uri())
    yield page
    context.close()
    assert requested == [path.as_uri()]


def shot(page, *name) -> None:
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"outcome-{'-'.join(map(str, name))}.png", full_page=True)


@pytest.mark.parametrize("width", [320, 390, 900])
def test_no_screen_scrolls_sideways_or_breaks_a_word(outcome_page, request, width):
    outcome_page.set_viewport_size({"width": width, "height": 900})
    shot(outcome_page, request.node.callspec.id)
    assert faults_of(outcome_page) == []
    assert outcome_page.evaluate(WIDE_TABLES) == 0
    assert outcome_page.evaluate(BROKEN_WORDS) == []


def test_on_paper_it_is_a4_and_breaks_no_row(outcome_page, request):
    outcome_page.set_viewport_size({"width": A4_CONTENT, "height": 900})
    outcome_page.emulate_media(media="print")
    shot(outcome_page, request.node.callspec.id, "print")
    assert outcome_page.evaluate("document.documentElement.scrollWidth") <= A4_CONTENT
    assert outcome_page.evaluate(BROKEN_WORDS) == []
    breaks = "[...document.querySelectorAll('tr')].map(each => getComputedStyle(each).breakInside)"
    assert set(outcome_page.evaluate(breaks)) == {"avoid"}
    pdf = outcome_page.pdf(prefer_css_page_size=True)
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 4
    [width, height] = map(float, re.findall(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", pdf)[0])
    assert (round(width), round(height)) == (595, 842) or (abs(width - 595) < 2 and abs(height - 842) < 2)
