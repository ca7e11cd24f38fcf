"""Accepts: how many webhooks a second are durable in the database and answered, and how long the slowest wait.

Beside the bridge stand the bound (`tests.bench.receiver.bound`) and, where Node is installed, a peer in Node
(`tests/bench/peers`), over the same database server and under the same load: each run of the one is followed by one of
the others, so that their ratio says the same on a fast machine and a slow one.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bridge.sandbox.processes import ROOT
from tests.bench.bench_env import postgres
from tests.bench.figures import Figure
from tests.bench.processor import read_processor_s
from tests.bench.receiver.load import write_requests
from tests.bench.receiver.stage import on_cores, open_receivers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bridge.sandbox.processes import Bridge
    from tests.servers import Postgres

CONNECTIONS = 32
APART = 1_000_000  # numbers between the first requests of two runs
WRK = shutil.which("wrk")
MOST_PER_S, MOST_ALONE_PER_S = 12_000, 5_000
OTHERS = {"bound": "the bound", "node": "the Node peer"}

Run = dict[str, dict[str, Any]]


def measure(*, quick: bool) -> Iterator[Figure]:
    """32 connections, 10 kB bodies; then one connection that has the receiver for itself."""
    if WRK is None:
        sys.stderr.write("accept: wrk is not installed; the load is made in Python, and the figures are low\n")
    yield from _compare("sqlite", None, quick=quick)
    with on_cores(load=True), postgres() as server:
        yield from _compare("postgres", server, quick=quick)


def _compare(name: str, server: Postgres | None, *, quick: bool) -> Iterator[Figure]:
    runs, seconds = (1, 1.5) if quick else (3, 4.0)
    with open_receivers(server) as (scene, receivers):
        run_load(receivers, seconds=1, connections=CONNECTIONS, first=0)
        crowd = [
            run_load(receivers, seconds=seconds, connections=CONNECTIONS, first=APART * (at + 1)) for at in range(runs)
        ]
        alone = [run_load(receivers, seconds=seconds / 2, connections=1, first=APART * (at + 11)) for at in range(runs)]
        kept = scene.number("SELECT count(*) FROM deliveries")
    accepted = sum(each["ours"]["accepted"] for each in crowd + alone)
    refused = sum(each["ours"]["other"] for each in crowd + alone)
    wrong = f"only {kept} kept of {accepted}" if kept < accepted else f"{refused} not accepted" if refused else ""
    title = f"accepts, {name}, {CONNECTIONS} connections"
    yield Figure(measure=title, unit="/s", runs=[each["ours"]["per_s"] for each in crowd], fault=wrong)
    yield Figure(measure=f"{title}: p50", unit="ms", runs=[each["ours"]["p50_ms"] for each in crowd])
    yield Figure(measure=f"{title}: p99", unit="ms", runs=[each["ours"]["p99_ms"] for each in crowd])
    for other, called in OTHERS.items():
        if other not in receivers:
            continue
        yield Figure(measure=f"{title}: {called}", unit="/s", runs=[each[other]["per_s"] for each in crowd])
        yield Figure(measure=f"{title}: of {called}", unit="", runs=_ratios(crowd, "per_s", other))
        yield Figure(measure=f"{title}: p99 of {called}'s", unit="", runs=_ratios(crowd, "p99_ms", other))
    for receiver in receivers:
        for part in crowd[0][receiver]["processor_us"]:
            costs = [each[receiver]["processor_us"][part] for each in crowd]
            yield Figure(measure=f"processor, {name}, {receiver}: {part}", unit="µs", runs=costs)
    yield Figure(measure=f"accepts, {name}, one alone: p50", unit="ms", runs=[each["ours"]["p50_ms"] for each in alone])
    yield Figure(measure=f"accepts, {name}, one alone: p99", unit="ms", runs=[each["ours"]["p99_ms"] for each in alone])


def _ratios(runs: list[Run], what: str, other: str) -> list[float]:
    return [each["ours"][what] / each[other][what] for each in runs]


def run_load(receivers: Mapping[str, Bridge], *, seconds: float, connections: int, first: int) -> Run:
    """What each receiver did under the same requests, one after the other."""
    with tempfile.TemporaryDirectory(prefix="bridge-load-") as folder, on_cores(load=True):
        source = Path(folder) / "requests"
        if WRK:
            write_requests(
                source, first=first, count=_round_s(seconds) * min(MOST_PER_S, MOST_ALONE_PER_S * connections)
            )
        return {
            name: _run_load(each, source, seconds=seconds, connections=connections, first=first)
            for name, each in receivers.items()
        }


def _round_s(seconds: float) -> int:
    """Tell it as wrk counts: in whole seconds."""
    return max(1, round(seconds))


def _run_load(receiver: Bridge, source: Path, *, seconds: float, connections: int, first: int) -> dict[str, Any]:
    if WRK:
        script = str(Path(__file__).with_name("webhook.lua"))
        words = [WRK, "-t1", f"-c{connections}", f"-d{_round_s(seconds)}s", "--timeout", "8s", "-s", script]
        words.append(receiver.url)
    else:
        words = [sys.executable, "-m", "tests.bench.receiver.load", "--port", str(receiver.port)]
        words += ["--seconds", str(seconds), "--connections", str(connections), "--first", str(first)]
    environ = {**os.environ, "BENCH_REQUESTS": str(source)}
    pids = receiver.pids("web")
    before = read_processor_s(pids)
    done = subprocess.run(words, cwd=ROOT, env=environ, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr.decode()[-300:]
    result = json.loads(done.stdout.splitlines()[-1])
    spent = {part: (seconds - before[part]) * 1e6 for part, seconds in read_processor_s(pids).items()}
    result["processor_us"] = {part: us / max(1, result["accepted"]) for part, us in spent.items()}
    return result
