"""Make the README's pictures from what `make demo` left in var/demo: `python -m tests.browser.pictures`. It needs Debian's Chromium.

The letter is shown as it is. Of the certificate and of the evidence, which are JSON, a selection of fields is set as a table.
"""

from __future__ import annotations

import html
import json
import shutil
import sys
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from tests.browser.conftest import ARGUMENTS

ROOT = Path(__file__).parents[2]
RESULTS, PICTURES = ROOT / "var" / "demo", ROOT / "docs" / "pictures"
SIZE = {"width": 760, "height": 900}
WHOLE_SIZE = {"width": 780, "height": 100}
MAX_BYTES = 150_000
STYLE = """body{font:15px/1.45 'DejaVu Sans',sans-serif;margin:28px 32px;color:#1b1f24;background:#fff}h1{font-size:22px;margin:0 0 4px}
p{margin:0 0 14px;color:#59636e}table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:6px 8px;
border-bottom:1px solid #d1d9e0}th{font-weight:600;color:#59636e;white-space:nowrap}b{font-weight:600}code{font-size:13px}h2{font-size:16px;margin:18px 0 4px}"""
SKIPPED_FACTS = {"certificate.issued", "evidence.exported"}


def main() -> None:
    """Write the three pictures, or exit with 1 where the demo's results or the browser are missing."""
    browser_path = shutil.which("chromium")
    if browser_path is None or not (RESULTS / "asha-letter.html").is_file():
        sys.exit("This needs Debian's package chromium and the results of `make demo`.")
    pages = {
        "letter": (RESULTS / "asha-letter.html").read_text(encoding="utf-8"),
        "certificate": render_certificate(_read("bikram-evidence.json")["certificate"]),
        "timeline": render_timeline(_read("bikram-evidence.json")),
    }
    PICTURES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=ARGUMENTS)
        for name, page in pages.items():
            size = take_picture(browser, page, PICTURES / f"{name}.png")
            sys.stdout.write(f"docs/pictures/{name}.png  {size:,} bytes\n")
        browser.close()


def take_picture(browser: Browser, text: str, target: Path, *, is_whole: bool = False) -> int:
    """Write the top of a page, or all of it, as a picture; return its bytes. Raises ValueError where it is too large."""
    page = browser.new_page(viewport=WHOLE_SIZE if is_whole else SIZE, java_script_enabled=False)
    page.set_content(text)
    size = len(page.screenshot(path=target, full_page=is_whole))
    page.close()
    if size > MAX_BYTES:
        raise ValueError(f"{target.name} has {size:,} bytes")
    return size


def render_certificate(certificate: Mapping[str, Any]) -> str:
    """Return a page with what a certificate says was erased, is kept, and must be answered by others."""
    erased = [
        (f"{each['count']} {each['table']}", f"{each['action']}, {each['verified_by']}")
        for each in certificate["erased"]
    ]
    kept = [
        (
            each["what"],
            f"until {each['until']}"
            if each["until"]
            else "until others answered"
            if each["action"] == "restrict"
            else "stays",
        )
        for each in certificate["kept"]
    ]
    others = [
        (f"{each['recipient']}: {each['records']}", each["answer"].replace("asked_", "asked: ").replace("_", " "))
        for each in certificate["processors"]
    ]
    return _page(
        "Certificate of erasure",
        f"{certificate['controller']['name']} · request <code>{certificate['request_id']}</code> · names nobody: "
        f"subject <code>{certificate['subject'][:12]}…</code>",
        _table("Erased here", erased) + _table("Instructed to erase", others) + _table("Withheld", kept),
    )


def render_timeline(evidence: Mapping[str, Any]) -> str:
    """Return a page with the facts of a request in their order; equal ones that follow each other are counted."""
    shown = [each for each in evidence["facts"] if each["fact"] not in SKIPPED_FACTS]
    rows = []
    for fact, group in groupby(shown, key=lambda each: each["fact"]):
        first, *rest = group
        rows.append((first["at"][:19].replace("T", " "), f"<b>{fact}</b>{f' ({1 + len(rest)} times)' if rest else ''}"))
    return _page(
        "An erasure, as the evidence tells it",
        "Each fact holds the hash of the one before; the last is signed. The demo waits seconds where a shop waits days.",
        _table("", rows, escape=False),
    )


def _page(title: str, subtitle: str, body: str) -> str:
    return f"<!doctype html><meta charset=utf-8><style>{STYLE}</style><h1>{title}</h1><p>{subtitle}</p>{body}"


def _table(title: str, rows: Iterable[tuple[str, str]], *, escape: bool = True) -> str:
    clean = html.escape if escape else str
    cells = "".join(f"<tr><td>{clean(left)}<td>{clean(right)}" for left, right in rows)
    return f"<h2>{title}</h2><table>{cells}</table>"


def _read(name: str) -> Any:
    return json.loads((RESULTS / name).read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
