"""The receivers that are compared: the bridge's web process, the bound, and a peer in Node where Node is installed.

Where the machine has two cores or more, the receivers have one, and the load and the databases the others.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from bridge.sandbox.processes import Bridge
from bridge.sandbox.shopify.server import CLIENT_SECRET
from tests.bench.bench_env import Scene

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers import Postgres

BOUND = (sys.executable, "-m", "tests.bench.receiver.bound")
PEER = Path(__file__).parents[1] / "peers" / "receiver.mjs"
NODE = shutil.which("node")
CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


@contextmanager
def on_cores(*, load: bool) -> Iterator[None]:
    """What is started meanwhile runs on the cores of the load and the databases, or on that of the receivers."""
    if len(CORES) < 2:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, CORES[1:] if load else CORES[:1])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def open_receivers(server: Postgres | None, *, others: bool = True) -> Iterator[tuple[Scene, dict[str, Bridge]]]:
    """Start one web process of the bridge, and with `others` what it is compared with, each over a database of its own."""
    with ExitStack() as parts:
        with on_cores(load=True):
            scene = parts.enter_context(Scene(postgres=server, more=lambda _: {"WEB_CONCURRENCY": "1"}))
        with on_cores(load=False):
            receivers = {"ours": scene.bridge.start(workers=0, clock=False)}
            if others:
                receivers["bound"] = parts.enter_context(_open_other(scene, server, "bound"))
                if server and _has_peer():
                    receivers["node"] = parts.enter_context(_open_other(scene, server, "node"))
        yield scene, receivers


def _has_peer() -> bool:
    """Say on stderr why there is no peer."""
    if NODE is None:
        sys.stderr.write("no peer: node is not installed\n")
        return False
    code = "require('node:module').createRequire(process.argv[1])('pg')"
    found = subprocess.run([NODE, "-e", code, str(PEER)], capture_output=True, check=False, timeout=20).returncode == 0
    if not found:
        sys.stderr.write("no peer: the module pg is not installed for node (npm install pg, or NODE_PATH)\n")
    return found


@contextmanager
def _open_other(scene: Scene, server: Postgres | None, kind: str) -> Iterator[Bridge]:
    name = f"{kind}_{secrets.token_hex(4)}"
    database = server.create_database(name) if server else f"sqlite:///{scene.folder}/{name}.db"
    own = {word: os.environ[word] for word in ("PATH", "HOME", "TMPDIR", "NODE_PATH") if word in os.environ}
    port = Bridge(own).port
    command = (*BOUND, str(port), database)
    if kind == "node":
        command, own = (str(NODE), str(PEER), str(port)), own | _name_database(database)
    with Bridge(own, commands={"web": command}, logs=scene.folder / name, port=port) as other:
        yield other.start(workers=0, clock=False)
        other.stop(grace_s=3)
    if server:
        server.drop_database(name)


def _name_database(url: str) -> dict[str, str]:
    """What `pg` reads from the environment."""
    where = urlsplit(url)
    host = where.hostname or parse_qs(where.query).get("host", ["127.0.0.1"])[0]
    given = {"PGHOST": host, "PGPORT": where.port, "PGUSER": where.username, "PGPASSWORD": where.password}
    given |= {"PGDATABASE": where.path.lstrip("/"), "PEER_SECRET": CLIENT_SECRET}
    return {name: str(value) for name, value in given.items() if value is not None}
