"""Accepts: how many webhooks a second are durable in the database and answered, and how long the slowest wait.

Beside the bridge stands the bound (`tests.bench.bound`), over the same database server and under the same load: each run
of the one is followed by one of the other, so that their ratio says the same on a fast machine and a slow one. Where the
machine has two cores or more, the receivers have one, and the load and the databases the others.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bridge.sandbox.processes import ROOT, Bridge
from tests.bench.bench_env import Scene, postgres
from tests.bench.figures import Figure
from tests.bench.load import write_requests

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.servers import Postgres

CONNECTIONS = 32
APART = 1_000_000  # numbers between the first requests of two runs
WRK = shutil.which("wrk")
MOST_PER_S = 9_000
BOUND = (sys.executable, "-m", "tests.bench.bound")


def measure(*, quick: bool) -> Iterator[Figure]:
    """32 connections, 10 kB bodies; then one connection that has the receiver for itself."""
    if WRK is None:
        sys.stderr.write("accept: wrk is not installed; the load is made in Python, and the figures are low\n")
    yield from _compare("sqlite", None, quick=quick)
    with _on_cores(load=True), postgres() as server:
        yield from _compare("postgres", server, quick=quick)


def _compare(name: str, server: Postgres | None, *, quick: bool) -> Iterator[Figure]:
    runs, seconds = (1, 1.5) if quick else (3, 4.0)
    with ExitStack() as parts:
        with _on_cores(load=True):
            scene = parts.enter_context(Scene(postgres=server, more=lambda _: {"WEB_CONCURRENCY": "1"}))
        bound = parts.enter_context(_open_bound(scene, server))
        with _on_cores(load=False):
            scene.bridge.start(workers=0, clock=False)
            bound.start(workers=0, clock=False)
        ports = {"ours": scene.bridge.port, "bound": bound.port}
        _load(ports, seconds=1, connections=CONNECTIONS, first=0)
        crowd = [_load(ports, seconds=seconds, connections=CONNECTIONS, first=APART * (at + 1)) for at in range(runs)]
        alone = [_load(ports, seconds=seconds / 2, connections=1, first=APART * (at + 11)) for at in range(runs)]
        kept = scene.number("SELECT count(*) FROM deliveries")
    accepted = sum(each["ours"]["accepted"] for each in crowd + alone)
    refused = sum(each["ours"]["other"] for each in crowd + alone)
    wrong = f"only {kept} kept of {accepted}" if kept < accepted else f"{refused} not accepted" if refused else ""
    title = f"accepts, {name}, {CONNECTIONS} connections"
    yield Figure(measure=title, unit="/s", runs=[each["ours"]["per_s"] for each in crowd], fault=wrong)
    yield Figure(measure=f"{title}: of the bound", unit="", runs=_ratios(crowd, "per_s"))
    yield Figure(measure=f"{title}: p50", unit="ms", runs=[each["ours"]["p50_ms"] for each in crowd])
    yield Figure(measure=f"{title}: p99", unit="ms", runs=[each["ours"]["p99_ms"] for each in crowd])
    yield Figure(measure=f"{title}: p99 of the bound's", unit="", runs=_ratios(crowd, "p99_ms"))
    yield Figure(measure=f"accepts, {name}, one alone: p50", unit="ms", runs=[each["ours"]["p50_ms"] for each in alone])
    yield Figure(measure=f"accepts, {name}, one alone: p99", unit="ms", runs=[each["ours"]["p99_ms"] for each in alone])


def _ratios(runs: list[dict[str, dict[str, Any]]], what: str) -> list[float]:
    return [each["ours"][what] / each["bound"][what] for each in runs]


@contextmanager
def _open_bound(scene: Scene, server: Postgres | None) -> Iterator[Bridge]:
    name = f"bound_{secrets.token_hex(4)}"
    database = server.create_database(name) if server else f"sqlite:///{scene.folder}/bound.db"
    own = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    port = Bridge(own).port
    with Bridge(own, commands={"web": (*BOUND, str(port), database)}, logs=scene.folder / "bound", port=port) as bound:
        yield bound
        bound.stop(grace_s=3)
    if server:
        server.drop_database(name)


@contextmanager
def _on_cores(*, load: bool) -> Iterator[None]:
    """What is started meanwhile runs on the cores of the load and the databases, or on that of the receivers."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(cores) < 2:
        yield
        return
    os.sched_setaffinity(0, cores[1:] if load else cores[:1])
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def _load(ports: Mapping[str, int], *, seconds: float, connections: int, first: int) -> dict[str, dict[str, Any]]:
    """What each receiver did under the same requests, one after the other."""
    with tempfile.TemporaryDirectory(prefix="bridge-load-") as folder, _on_cores(load=True):
        source = Path(folder) / "requests"
        if WRK:
            write_requests(source, first=first, count=int(seconds * min(MOST_PER_S, 3_000 * connections)))
        return {
            name: _run_load(port, source, seconds=seconds, connections=connections, first=first)
            for name, port in ports.items()
        }


def _run_load(port: int, source: Path, *, seconds: float, connections: int, first: int) -> dict[str, Any]:
    if WRK:
        script = str(Path(__file__).with_name("webhook.lua"))
        words = [WRK, "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout", "8s", "-s", script]
        words.append(f"http://127.0.0.1:{port}")
    else:
        words = [sys.executable, "-m", "tests.bench.load", "--port", str(port), "--seconds", str(seconds)]
        words += ["--connections", str(connections), "--first", str(first)]
    environ = {**os.environ, "BENCH_REQUESTS": str(source)}
    done = subprocess.run(words, cwd=ROOT, env=environ, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr.decode()[-300:]
    return json.loads(done.stdout.splitlines()[-1])
