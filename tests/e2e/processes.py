"""What tests of real processes share: an environment, signed posts, raw requests, commands.

Uses the bridge from outside. Only `services` opens its store, for what cannot be seen from outside.
"""

from __future__ import annotations

import gc
import http.client
import io
import json
import logging
import os
import socket
import subprocess
import sys
import time
import uuid
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

import structlog

from bridge.bootstrap import make_services, make_store
from bridge.cli import main
from bridge.sandbox import webhooks
from bridge.sandbox.processes import ROOT
from bridge.services import Services
from bridge.store import SqlStore
from bridge.store.migrations.upgrade import upgrade_database
from config.load import read_configuration
from tests.fakes import FakeQueue
from tests.kit.runtime_only import build_runtime_environ
from tests.kit.threads import wait_until

SHOP = "minimiss-demo.myshopify.com"
SECRET, OLD_SECRET = "shpss_0123456789abcdef0123456789abcdef", "shpss_ffffffffffffffffffffffffffffffff"
LIMIT_BYTES = 5_000_000
DEADLINE_S = 1.0
KEEP = ("PATH", "HOME", "LANG", "TMPDIR")
_at_head: list[bytes] = []
SAMPLES = Path(__file__).parents[1] / "fixtures" / "shopify" / "webhooks"


def key(letter: bytes) -> str:
    """Return a key of 32 equal bytes, as a setting holds it."""
    return b64encode(letter * 32).decode()


def environment(database: str, redis_url: str, **more: str) -> dict[str, str]:
    """Return the complete environment of a bridge, with nothing of the tests' own but what Python needs.

    Its processes find the packages that a host installs, and no others.
    """
    return {
        **build_runtime_environ(),
        **{name: os.environ[name] for name in KEEP if name in os.environ},
        "BRIDGE_ENV_FILE": os.devnull,
        "DATABASE_URL": database,
        "REDIS_URL": redis_url,
        "SHOPIFY_CLIENT_SECRETS": f"{SECRET},{OLD_SECRET}",
        "BRIDGE_KEYS": f"k1:{key(b'1')}",
        "BRIDGE_PSEUDONYM_KEY": key(b"p"),
        "BRIDGE_EVIDENCE_KEY": key(b"s"),
        "BODY_DEADLINE_S": f"{DEADLINE_S:g}",
        "WEB_CONCURRENCY": "1",  # each process takes most of a second to start
        "BRIDGE_MERGE_WAIT_MINUTES": "0",
        **more,
    }


@dataclass(frozen=True, kw_only=True)
class Result:
    """The output of a command, and its exit code."""

    code: int
    out: str
    err: str
    raw: bytes = b""

    @property
    def json(self) -> Any:
        """Parse stdout, which must be one document."""
        return json.loads(self.out)


def say(environ: Mapping[str, str], *words: str) -> Result:
    """Run `python -m bridge …` inside this process: the same entry, without a second for the imports."""
    raw, err = io.BytesIO(), io.StringIO()
    out = io.TextIOWrapper(raw, "utf-8", write_through=True)
    root = logging.getLogger()
    before, handlers, level = structlog.get_config(), root.handlers[:], root.level
    with (
        mock.patch.dict(os.environ, environ, clear=True),
        mock.patch.object(sys, "argv", ["bridge", *words]),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        code: Any = 0
        try:
            main()
        except SystemExit as end:
            code = end.code
        finally:
            gc.unfreeze()  # this process goes on
            structlog.configure(**before)
            root.handlers, root.level = handlers, level
    if isinstance(code, str):  # sys.exit with words prints them and ends with 1
        err.write(code)
        code = 1
    given = raw.getvalue()
    return Result(code=code or 0, out=given.decode("utf-8", "replace"), err=err.getvalue(), raw=given)


def run(environ: Mapping[str, str], *words: str) -> Result:
    """Run a program of the bridge as a process of its own: `-m bridge doctor`, `-m workers.run`."""
    done = subprocess.run(
        [sys.executable, *words],
        env=dict(environ),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        stdin=subprocess.DEVNULL,
    )
    return Result(code=done.returncode, out=done.stdout, err=done.stderr)


@contextmanager
def services(environ: Mapping[str, str]) -> Iterator[Services]:
    """Open the services over the same database, with a queue that no worker reads."""
    configuration = read_configuration(environ)
    store = make_store(configuration.settings)
    opened = make_services(configuration, FakeQueue(), store)
    try:
        yield opened
    finally:
        store.close()
        opened.ledger.close()


def migrate(environ: Mapping[str, str]) -> None:
    """Bring the database of an environment to the head: a new file is copied from the first one that was."""
    store: SqlStore = make_store(read_configuration(environ).settings)
    file = Path(store.engine.url.database or "")
    is_new = store.engine.dialect.name == "sqlite" and file.parent.is_dir() and not file.exists()
    if is_new and _at_head:
        file.write_bytes(_at_head[0])
    else:
        upgrade_database(store.engine)
    store.close()
    if is_new and not _at_head:
        _at_head.append(file.read_bytes())


def signed(topic: str, raw: bytes, *, shop: str = SHOP, secret: str = SECRET, **more: Any) -> dict[str, str]:
    """Return headers as Shopify sends them, with a new webhook id."""
    return webhooks.build_headers(topic, shop, secret, raw, **more)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One answer on the wire. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float


def ask(
    url: str, path: str, raw: bytes | None = None, headers: Mapping[str, Any] | None = None, how: str = "POST"
) -> Answer:
    """Send one request as it is, following no redirect. Header values may be bytes."""
    where = urlsplit(url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=15)
    began = time.monotonic()
    try:
        connection.putrequest(how, path, skip_accept_encoding=True)
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        if raw is not None:
            connection.putheader("Content-Length", str(len(raw)))
        connection.endheaders(raw)
        answer = connection.getresponse()
        body = answer.read()
        lowered = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(status=answer.status, headers=lowered, body=body, seconds=time.monotonic() - began)
    finally:
        connection.close()


def post(url: str, topic: str, body: Any, **more: Any) -> Answer:
    """Post one signed webhook; `body` is bytes or becomes JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return ask(url, f"/webhooks/{topic}", raw, signed(topic, raw, **more))


def wire(port: int, *pieces: bytes, end: bool = False, all_of_it: bool = False, patience_s: float = 10.0) -> bytes:
    """Send bytes as they are and return the answer's; `end` closes the sending half first.

    `all_of_it` reads until the server closes the connection, for answers that should not come.
    """
    with socket.create_connection(("127.0.0.1", port), timeout=patience_s) as stranger:
        try:
            for piece in pieces:
                stranger.sendall(piece)
            if end:
                stranger.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it has answered already and closed
        return read_answer(stranger, all_of_it=all_of_it)


def read_answer(stranger: socket.socket, *, all_of_it: bool = False) -> bytes:
    """Return everything until the server closes, or the first answer of a kept connection."""
    got = b""
    try:
        while piece := stranger.recv(65_536):
            got += piece
            if not all_of_it and b"\r\n\r\n" in got and b"content-length: 0" in got.lower():
                break
    except OSError:
        pass  # a reset after the answer: the rest of the body was discarded
    return got


def head(topic: str, raw: bytes, framing: str, **more: Any) -> bytes:
    """Return the head of a signed request with the given framing header."""
    lines = [f"POST /webhooks/{topic} HTTP/1.1", "Host: bridge.example", framing]
    lines += [f"{name}: {value}" for name, value in signed(topic, raw, **more).items()]
    return "\r\n".join([*lines, "", ""]).encode()


def status(answer: bytes) -> int:
    """Return the status of a raw answer; 0 where there was none."""
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


def until(what: str, look: Callable[[], Any], within_s: float = 60.0) -> Any:
    """Wait until `look` returns something true; return that."""
    return wait_until(look, what=what, timeout_s=within_s, poll_s=0.1)


def new_id() -> str:
    """Return a new webhook id."""
    return str(uuid.uuid4())
