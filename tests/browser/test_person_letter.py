"""Letters to persons as they are read: on a phone and on a screen, in both scripts."""

from __future__ import annotations

import pytest

from bridge.model import Language, LetterKind
from bridge.steps.letters.build_letter import build_letter_page
from bridge.steps.letters.letter_forms import render_letter_html
from tests.browser.accessibility import faults_of
from tests.browser.letter_pictures import PHONE, SCREEN, add_typeface
from tests.steps.letters import letter_case as case


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("kind", [LetterKind.OUTCOME, LetterKind.ACKNOWLEDGEMENT, LetterKind.CORRECTED])
def test_a_letter_fits_a_phone_and_a_screen_and_can_be_read_by_everybody(chromium, kind, language):
    text = add_typeface(render_letter_html(build_letter_page(case.make_letter_input(kind, language))))
    for width in (PHONE, SCREEN):
        page = chromium.new_page(viewport={"width": width, "height": 800}, java_script_enabled=True)
        page.set_content(text)
        wanted = [] if language is Language.ENGLISH else ["no language"]  # the check asks for English
        assert faults_of(page) == wanted
        page.close()
