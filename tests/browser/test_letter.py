"""The letter of an access package on a phone, on a screen and on A4: nothing scrolls sideways, no word is torn apart."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from config.merchant_file.merchant import load_merchant
from config.retention_file.retention import load_retention
from config.settings import MERCHANT_FILE, RETENTION_FILE
from tests.browser.accessibility import faults_of
from tests.steps.access.export_case import GAPS, NOW, Package, asha, case, fixture, found, task

SHOTS = os.environ.get("SCREENSHOTS", "")  # a folder, for whoever wants to look
A4_WIDTH, A4_HEIGHT = 658, 979  # in CSS pixels, within the margins of the letter
A4_POINTS = (595, 842)
# words that stand on more than one line, although they have at most fourteen letters
TORN_WORDS = """() => {
  const torn = [], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode;
    if (node.parentElement.closest('style, title')) continue;
    for (const match of node.data.matchAll(/(?<![\\p{L}\\p{N}])[\\p{L}\\p{N}]{2,14}(?![\\p{L}\\p{N}])/gu)) {
      const range = document.createRange();
      range.setStart(node, match.index);
      range.setEnd(node, match.index + match[0].length);
      if (new Set([...range.getClientRects()].filter(each => each.width).map(each => Math.round(each.top))).size > 1) torn.push(match[0]);
    }
  }
  return torn;
}"""
OUTSIDE = """() => [...document.querySelectorAll('main *')]
  .filter(each => !each.closest('thead') || getComputedStyle(each.closest('thead')).position !== 'absolute')
  .filter(each => each.getBoundingClientRect().right > innerWidth + 1).map(each => each.outerHTML.slice(0, 120))"""


def build_letter(kind: str) -> str:
    """Return the letter of a person with everything, of one with long and hostile values, or of a stranger."""
    merchant = replace(load_merchant(MERCHANT_FILE), legal_name="Mini Miss Handcrafted Silver Jewellery & Company LLP")
    files = {"merchant": merchant, "retention": load_retention(RETENTION_FILE), "signing_key_fingerprint": "ab" * 32}
    if kind == "stranger":
        return Package(case([], tasks=[task("shopify", records=0)], **files)).text("00_letter.html")
    records = asha()
    if kind == "long":
        order = fixture("order__cod_delhivery") | {"id": "gid://shopify/Order/9", "name": "#9"}
        carrier = {"company": "Donaudampfschifffahrtsgesellschaft" * 3, "number": "9" * 60}
        order["fulfillments"] = [order["fulfillments"][0] | {"trackingInfo": [carrier]}]
        order["shippingAddress"] = order["shippingAddress"] | {"countryCodeV2": "DE"}
        customer = fixture("customer__asha") | {"firstName": "M" * 60}
        records = [found("customer", customer), *records[1:], found("order", order)]
    late = replace(case().request, due_at=NOW.replace(day=1))
    return Package(case(records, request=late, tasks=[task("shopify", gaps=GAPS), task("delhivery")], **files)).text(
        "00_letter.html"
    )


@pytest.fixture
def open_letter(chromium, tmp_path):
    """Open a letter as a file, without JavaScript: `open_letter(kind, width)`. It loads nothing from elsewhere."""
    contexts, loaded = [], []

    def open_page(kind, width, media="screen"):
        path = tmp_path / f"{kind}.html"
        path.write_text(build_letter(kind), encoding="utf-8")
        contexts.append(chromium.new_context(viewport={"width": width, "height": A4_HEIGHT}, java_script_enabled=False))
        page = contexts[-1].new_page()
        page.on("request", lambda request: loaded.append(request.url))
        page.emulate_media(media=media)
        page.goto(path.as_uri())
        if SHOTS:
            page.screenshot(path=Path(SHOTS) / f"letter-{kind}-{width}-{media}.png", full_page=True)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [each for each in loaded if not each.startswith(tmp_path.as_uri())] == []


@pytest.mark.parametrize("kind", ["full", "long", "stranger"])
@pytest.mark.parametrize("width", [320, 390, 768, 900])
def test_the_letter_is_readable_at_every_width(open_letter, kind, width):
    """Requirement P-30 and GDPR Art 12(1): no sideways scroll, contrast, one heading; no word is torn apart."""
    page = open_letter(kind, width)
    assert faults_of(page) == []
    assert page.evaluate(OUTSIDE) == []
    assert page.evaluate(TORN_WORDS) == []


def test_on_a_phone_a_row_is_a_card_that_names_its_cells(open_letter):
    page = open_letter("full", 390)
    cells = page.locator("tbody td")
    assert cells.count() > 40
    assert page.evaluate("[...document.querySelectorAll('tbody td')].filter(each => !each.dataset.label)") == []
    label = "getComputedStyle(document.querySelector('#who ~ table td'), '::before').content"
    assert page.evaluate(label) == '"For: "'
    widths = {round(box["width"]) for each in cells.all() if (box := each.bounding_box())}
    assert min(widths) > 280, "no column of five is left"
    wide = open_letter("full", 900)
    assert wide.evaluate(label) == "none"


@pytest.mark.parametrize("kind", ["full", "long", "stranger"])
def test_on_paper_the_letter_fits_a4_and_rows_stay_whole(open_letter, kind):
    page = open_letter(kind, A4_WIDTH, "print")
    assert page.evaluate(OUTSIDE) == []
    assert page.evaluate(TORN_WORDS) == []
    style = "getComputedStyle(document.querySelector('{}')).{}"
    assert page.evaluate(style.format("thead", "display")) == "table-header-group", "a table goes on under its headings"
    assert page.evaluate(style.format("tbody tr", "breakInside")) == "avoid"
    assert page.evaluate(style.format("h2", "breakAfter")) == "avoid"
    assert page.evaluate(style.format("body", "backgroundColor")) == "rgb(255, 255, 255)"
    height = page.evaluate("document.documentElement.scrollHeight")
    printed = page.pdf(prefer_css_page_size=True)
    boxes = re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)\s*\]", printed)
    assert {(round(float(width)), round(float(tall))) for width, tall in boxes} == {A4_POINTS}
    pages = len(re.findall(rb"/Type\s*/Page\b", printed))
    assert height / A4_HEIGHT <= pages <= height / A4_HEIGHT * 1.2 + 1, "no page is left half empty"
