"""Make the pictures of docs/letters.md: `python -m tests.browser.letter_pictures`. It needs Debian's Chromium.

With the name of a folder it puts a picture of every letter there, for whoever wants to look: on a phone and on a screen, and its PDF.
"""

from __future__ import annotations

import base64
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from bridge.model import Language, LetterKind
from bridge.steps.letters.build_letter import LetterInput, build_letter_page
from bridge.steps.letters.letter_forms import render_letter_html
from bridge.steps.letters.pdf.shape_text import BOLD, FONTS, REGULAR
from bridge.steps.letters.pdf.write_pdf import render_letter_pdf
from tests.browser.conftest import ARGUMENTS
from tests.steps.letters import letter_case as case

PICTURES = Path(__file__).parents[2] / "docs" / "pictures" / "letters"
PHONE, SCREEN = 390, 900
SHOWN = {Language.ENGLISH: "english", Language.HINDI: "hindi"}


def main() -> None:
    """Write the pictures, or exit with 1 where the browser is missing."""
    browser_path = shutil.which("chromium")
    if browser_path is None:
        sys.exit("This needs Debian's package chromium.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=ARGUMENTS)
        for language, name in SHOWN.items():
            given = case.make_complaint(language=language, link=case.LINK)
            size = take_letter_picture(browser, given, PHONE, PICTURES / f"{name}.png")
            sys.stdout.write(f"docs/pictures/letters/{name}.png  {size:,} bytes\n")
        for folder in map(Path, sys.argv[1:2]):
            _take_all(browser, folder)
        browser.close()


def _take_all(browser: Browser, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for kind in LetterKind:
        for language in Language:
            given = case.make_letter_input(kind, language)
            for width in (PHONE, SCREEN):
                take_letter_picture(browser, given, width, folder / f"{kind}-{language}-{width}.png", is_whole=True)
            (folder / f"{kind}-{language}.pdf").write_bytes(render_letter_pdf(build_letter_page(given)))


def take_letter_picture(
    browser: Browser, given: LetterInput, width: int, target: Path, *, is_whole: bool = False
) -> int:
    """Write the top of a letter, or all of it, as a picture of that width, in pixels; return its bytes."""
    page = browser.new_page(viewport={"width": width, "height": 800}, java_script_enabled=False)
    page.set_content(add_typeface(render_letter_html(build_letter_page(given))))
    size = len(page.screenshot(path=target, full_page=is_whole))
    page.close()
    return size


def add_typeface(page: str) -> str:
    """Return the page with the typeface of the PDF: the machine that makes pictures may have none for Devanagari."""
    faces = [
        f"@font-face{{font-family:'Noto Sans Devanagari';font-weight:{weight};src:url(data:font/ttf;base64,"
        f"{base64.b64encode((FONTS / f'{name}.ttf').read_bytes()).decode()})}}"
        for name, weight in ((REGULAR, 400), (BOLD, 700))
    ]
    return page.replace("</head>", f"<style>{''.join(faces)}</style></head>")


if __name__ == "__main__":
    main()
