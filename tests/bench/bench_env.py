"""Where a figure is measured: real processes of the bridge over a fresh database, Redis, and the bench's shops."""

from __future__ import annotations

import base64
import json
import secrets
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack, closing
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import psycopg

from bridge.sandbox import webhooks
from bridge.sandbox.carriers import BLUEDART_CREDENTIALS, DELHIVERY_TOKEN
from bridge.sandbox.processes import ROOT, Bridge
from bridge.sandbox.processes.embedded_redis import Valkey
from bridge.sandbox.shopify.server import CLIENT_ID, CLIENT_SECRET
from config.settings import read_environment
from tests import servers
from tests.bench.shops import invent_shop
from tests.e2e import processes

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.sandbox.world.models import World

PATIENCE_S = 60.0
DURABLE = {"fsync": "on", "full_page_writes": "on", "autovacuum": "on", "shared_buffers": "128MB"}
world = cache(invent_shop)


class Patience:
    """How many times as long to wait as on a machine that nobody else uses."""

    factor = 1.0


class TooSlowError(Exception):
    """Something did not come to its end in time."""


class Shops:
    """The process of Shopify's stand-in and the carriers'. `control` and `calls` are Shopify's own doors."""

    def __init__(self, *sizes: tuple[int, ...]) -> None:
        words = [":".join(map(str, size)) for size in sizes]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.shops", *words], stdout=subprocess.PIPE, cwd=ROOT, text=True
        )
        self.base_url, self.delhivery_url, self.bluedart_url = self._process.stdout.readline().split()

    @property
    def carriers_environ(self) -> dict[str, str]:
        """The settings that lead the bridge to the carriers."""
        return {
            "DELHIVERY_BASE_URL": self.delhivery_url,
            "DELHIVERY_TOKEN": DELHIVERY_TOKEN,
            "BLUEDART_BASE_URL": f"{self.bluedart_url}/in/transportation",
            **{f"BLUEDART_{name.upper()}": value for name, value in BLUEDART_CREDENTIALS.items()},
        }

    def set_latency(self, ms: float) -> None:
        """Let each call to Shopify and the carriers take so long."""
        for url in (self.base_url, self.delhivery_url, self.bluedart_url):
            self.control("latency", url, ms=ms)

    def control(self, word: str, base_url: str = "", **what: Any) -> None:
        url = f"{base_url or self.base_url}/_sandbox/{word}"
        request = urllib.request.Request(url, json.dumps(what).encode(), method="POST")  # noqa: S310
        urllib.request.urlopen(request, timeout=5).close()  # noqa: S310 - our own stand-in

    def calls(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.base_url}/_sandbox/calls", timeout=5) as answer:  # noqa: S310
            return json.load(answer)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.kill()
        self._process.wait(30)
        self._process.stdout.close()


class Scene:
    """One bridge that starts with empty memory. `start` is the bridge's own: which processes, how many.

    `more` gives further settings, and may write files into the folder it is given.
    """

    def __init__(
        self,
        *,
        shops: Shops | None = None,
        postgres: servers.Postgres | None = None,
        more: Callable[[Path], dict[str, str]] | None = None,
    ) -> None:
        self.shops, self._more = shops, more
        self.folder = Path(tempfile.mkdtemp(prefix="bridge-bench-"))
        name = f"bench_{secrets.token_hex(4)}"
        self.database = postgres.create_database(name) if postgres else f"sqlite:///{self.folder}/bridge.db"
        self._parts = ExitStack()
        self._parts.callback(shutil.rmtree, self.folder, ignore_errors=True)
        if postgres:
            self._parts.callback(postgres.drop_database, name)

    def __enter__(self) -> Self:
        try:
            valkey = self._parts.enter_context(Valkey())
            environ = self._environ(valkey)
            self.bridge = self._parts.enter_context(Bridge(environ, logs=self.folder / "logs"))
            processes.migrate(environ)
        except BaseException:
            self._parts.close()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self.bridge.stop(grace_s=3)
        self._parts.close()

    def _environ(self, valkey: Valkey) -> dict[str, str]:
        def key() -> str:
            return base64.b64encode(secrets.token_bytes(32)).decode()

        own = {name: value for name, value in read_environment().items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
        return {
            **own,
            "DATABASE_URL": self.database,
            "BRIDGE_MERGE_WAIT_MINUTES": "0",
            "REDIS_URL": valkey.url,
            "SHOPIFY_BASE_URL": f"{self.shops.base_url}/{{shop}}" if self.shops else "http://127.0.0.1:9",
            "SHOPIFY_CLIENT_ID": CLIENT_ID,
            "SHOPIFY_CLIENT_SECRETS": CLIENT_SECRET,
            "BRIDGE_KEYS": f"bench:{key()}",
            "BRIDGE_PSEUDONYM_KEY": key(),
            "BRIDGE_EVIDENCE_KEY": key(),
            "WEB_CONCURRENCY": "2",
            "LOG_LEVEL": "WARNING",
            **(self._more(self.folder) if self._more else {}),
        }

    def post(self, topic: str, where: World, **which: Any) -> None:
        raw = webhooks.build_body(topic, where, **which)
        headers = webhooks.build_headers(topic, where.shop, CLIENT_SECRET, raw)
        answer = webhooks.post_delivery(self.bridge.url, topic, raw, headers)
        assert answer.status_code == 200, f"{topic} was answered {answer.status_code}"

    def number(self, question: str) -> int:
        """Ask the database for one number, over a connection of our own."""
        if self.database.startswith("sqlite"):
            path = self.database.removeprefix("sqlite:///")
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as connection:
                return connection.execute(question).fetchone()[0]
        plain = self.database.replace("postgresql+psycopg://", "postgresql://", 1)
        with psycopg.connect(plain, autocommit=True) as connection:
            return connection.execute(question).fetchone()[0]

    def closed(self) -> int:
        return self.number("SELECT count(*) FROM requests WHERE closed_at IS NOT NULL")

    def until(self, what: str, look: Callable[[], Any], *, patience_s: float = PATIENCE_S) -> float:
        """Look until it is so, to a hundredth of the time it takes. Returns the seconds it took."""
        patience_s *= Patience.factor
        began = time.perf_counter()
        while not look():
            waited = time.perf_counter() - began
            if waited > patience_s:
                raise TooSlowError(f"{what}: not within {patience_s:g} s")
            time.sleep(max(0.01, waited / 100))  # each look costs the machine that is measured
        return time.perf_counter() - began


def postgres() -> servers.Postgres:
    """A server that is as careful with a commit as production's: the tests' own is not."""
    servers.OPTIONS |= DURABLE
    return servers.Postgres()
