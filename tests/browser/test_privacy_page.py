"""A person with a keyboard, a phone or a screen reader, and without JavaScript, uses the public page in both languages."""

from __future__ import annotations

import importlib.util
import io
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from werkzeug.serving import make_server

from bridge.model import IdentityDoubt, LetterKind, RequestSource
from bridge.steps.identity.doubts import ask_for_identity
from bridge.steps.letters.letter_links import LINK_BY_LETTER
from bridge.web import create_app
from bridge.web.privacy.form import PAGE_KINDS
from tests.browser.accessibility import faults_of
from tests.browser.test_answering import focused, shot, tab_to
from tests.factories import ASHA, SHOP, customer, make_request, opened
from tests.web.privacy.page_case import Page, serve_page

AXE = importlib.util.find_spec("axe_playwright_python")
RUN_AXE = """() => axe.run(document, {resultTypes: ['violations']}).then(
  found => found.violations.flatMap(each => each.nodes.map(node => each.id + ': ' + node.html.slice(0, 120))))"""
LANGUAGES = pytest.mark.parametrize("language", ["en", "hi"])


@pytest.fixture
def database_url(tmp_path: Path, sqlite_template: Path) -> str:
    """One database: the browser does not tell them apart."""
    (tmp_path / "bridge.db").write_bytes(sqlite_template.read_bytes())
    return f"sqlite:///{tmp_path}/bridge.db"


@pytest.fixture
def site(services: Any, monkeypatch: pytest.MonkeyPatch) -> Page:
    page = serve_page(services, monkeypatch, shops=(SHOP, "second.myshopify.com"))
    with services.store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [customer()])
    return page


@pytest.fixture
def web(site: Page) -> Iterator[tuple[Any, Any]]:
    """The application of this process on a socket, with a clock that stands still."""
    app = create_app(site.services, site.services.store)

    def receive_whole(environ: Any, start_response: Any) -> Any:
        environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
        return app(environ, start_response)

    server = make_server("127.0.0.1", 0, receive_whole, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield SimpleNamespace(url=f"http://127.0.0.1:{server.server_port}"), site.services
    server.shutdown()
    thread.join()
    server.server_close()


def judge(page: Any, language: str = "en") -> list[str]:
    """Return what would keep somebody out, by our own rules and by those of axe-core (WCAG 2.2 AA and best practice)."""
    return faults_of(page, language) + run_axe(page)


def run_axe(page: Any) -> list[str]:
    """Return what axe-core finds in the page as it stands, in a copy that may run scripts: axe waits for promises."""
    if AXE is None or not AXE.origin:
        return []
    is_dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    context = page.context.browser.new_context(
        viewport=page.viewport_size, color_scheme="dark" if is_dark else "light", bypass_csp=True
    )
    try:
        copy = context.new_page()
        copy.set_content(page.content())
        copy.evaluate((Path(AXE.origin).parent / "axe.min.js").read_text(encoding="utf-8") + ";0")
        found: list[str] = copy.evaluate(RUN_AXE)
    finally:
        context.close()
    return found


def test_axe_is_there_where_the_project_s_own_requirements_are_installed() -> None:
    if AXE is None:
        pytest.skip("NO AXE: only our own rules were tried; install axe-playwright-python of requirements-dev.txt")


def test_by_keyboard_alone_from_the_choice_to_the_number_of_the_request(visit, web, site):
    page = visit("/privacy")
    shot(page, "choose")
    page.get_by_role("link", name="Object to a use of my data").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#email")
    tab_to(page, "purposes")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    tab_to(page, "email")
    page.keyboard.type("asha")
    page.keyboard.press("Enter")
    page.wait_for_selector("#faults")
    assert focused(page) == "faults", "the summary is read first"
    assert judge(page) == []
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert focused(page) == "shop", "the summary leads to the field"
    page.keyboard.type("mini")
    tab_to(page, "email")
    page.keyboard.press("Control+A")
    page.keyboard.type(ASHA.email)
    page.keyboard.press("Enter")
    page.wait_for_selector("#code")
    shot(page, "code")
    assert judge(page) == []
    site.work()
    tab_to(page, "code")
    page.keyboard.type("12345")
    page.keyboard.press("Enter")
    page.wait_for_selector("#faults")
    assert (focused(page), judge(page)) == ("faults", [])
    tab_to(page, "code")
    page.keyboard.press("Control+A")
    page.keyboard.type(site.read_code())
    page.keyboard.press("Enter")
    page.wait_for_selector("text=We have your request")
    assert judge(page) == []
    shot(page, "opened")
    [request] = site.requests()
    assert request.id in page.locator("dl").inner_text()
    with site.services.store.transaction() as tx:
        assert tx.request_details.get_details(request.id, request.kind).particulars.purposes == ("cod_risk",)


@LANGUAGES
def test_every_form_can_be_read_and_used_on_a_phone_and_in_the_dark(visit, web, language):
    page = visit(f"/privacy?lang={language}", width=320)
    assert judge(page, language) == []
    for number, kind in enumerate(PAGE_KINDS):
        page.goto(f"{web[0].url}/privacy?ask={kind.value}&lang={language}")
        assert faults_of(page, language) == [], kind
        page.locator("button").click()
        page.wait_for_selector("#faults")
        assert (judge if number % 2 else faults_of)(page, language) == [], kind
        shot(page, kind.value, language)
    page = visit(f"/privacy?ask=correction&lang={language}", width=390, dark=True)
    assert judge(page, language) == []


def test_at_twice_the_size_nothing_scrolls_sideways(visit, web):
    for path in ("/privacy", "/privacy?ask=correction&lang=hi"):
        page = visit(path, width=450)  # 900 pixels at 200 %
        assert page.evaluate("document.documentElement.scrollWidth") <= 450


@LANGUAGES
def test_the_pages_of_links_can_be_read_and_used(visit, web, site, language):
    services = site.services
    request = make_request(source=RequestSource.OPERATOR)
    with services.store.transaction() as tx:
        opened(tx, request)
    ask_for_identity(
        request.id, IdentityDoubt.UNUSUAL_REQUEST, actor="operator:a", reason="asked twice", services=services
    )
    with services.store.transaction() as tx:
        link = LINK_BY_LETTER[LetterKind.IDENTITY_REQUEST](request, tx, services)
    path = "/identity/" + link.rpartition("/")[2]
    page = visit(f"{path}?lang={language}", width=390)
    assert judge(page, language) == []
    shot(page, "identity", language)
    page.locator("button").first.click()
    page.wait_for_selector("[role=status]")
    assert judge(page, language) == []
    gone = visit(f"/packages/x?lang={language}", width=390, dark=True)
    assert judge(gone, language) == []
