"""Debian's Chromium without JavaScript, the way the answer page has to work, over a real web process."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from bridge.sandbox.processes import ROOT, Bridge
from bridge.sandbox.processes.embedded_redis import Valkey
from bridge.services import Services
from tests.e2e import processes

ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
UNSET = '{ value = "", status = "unset" }'
NAMED = (
    ('legal_name = { value = ""', 'legal_name = { value = "Mini Miss & Co LLP"'),
    (f"\nname = {UNSET}", '\nname = "Officer of the Test"'),
    (f"\ndesignation = {UNSET}", '\ndesignation = "Grievance Officer"'),
    (f"\nphone = {UNSET}", '\nphone = "+91 562 400 0000"'),
)


@contextmanager
def within(seconds: int, what: str) -> Iterator[None]:
    """A driver that does not answer ends the block, and not the patience of who runs the tests."""

    def over(*_: Any) -> None:
        raise TimeoutError(f"{what}: nothing after {seconds} s")

    before = signal.signal(signal.SIGALRM, over)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture(autouse=True)
def patience(chromium: Browser) -> Iterator[None]:
    with within(90, "the browser"):
        yield


# not longer than its tests: while it runs, nobody else in this thread may run a loop of asyncio
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("NO BROWSER: the answer page was not tried in one; install Debian's package chromium")
    with within(60, "the browser's start"):
        playwright = sync_playwright().start()
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
    yield browser
    with within(30, "the browser's end"):
        browser.close()
        playwright.stop()


@pytest.fixture(scope="module")
def web(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Bridge, Services]]:
    """A running web process with a merchant who has a name, and the insides over its database."""
    folder: Path = tmp_path_factory.mktemp("browser")
    merchant = (ROOT / "config" / "merchant.toml").read_text()
    for old, new in NAMED:
        assert old in merchant
        merchant = merchant.replace(old, new, 1)
    (folder / "merchant.toml").write_text(merchant)
    with Valkey() as valkey:
        environ = processes.environment(
            f"sqlite:///{folder}/bridge.db", valkey.url, BRIDGE_MERCHANT_FILE=str(folder / "merchant.toml")
        )
        processes.migrate(environ)
        with Bridge(environ, logs=folder / "logs") as bridge:
            bridge.start(workers=0, clock=False)
            with processes.services(environ) as services:
                yield bridge, services


@pytest.fixture
def visit(chromium: Browser, web: Any) -> Iterator[Any]:
    """Open a page: `visit(path, width=…, dark=…)`. A complaint of the console, or a look elsewhere, is a failure."""
    bridge, _ = web
    opened, complaints = [], []

    def go(path: str, *, width: int = 900, dark: bool = False) -> Any:
        context = chromium.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            java_script_enabled=False,
            timezone_id="Asia/Kolkata",
            locale="en-GB",
        )
        opened.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("request", lambda request: complaints.append(request.url))
        page.goto(bridge.url + path)
        return page

    yield go
    for context in opened:
        context.close()
    own = (bridge.url, "Failed to load resource: the server responded with a status of 4")
    assert [each for each in complaints if not each.startswith(own)] == []
