"""Accepts: how many webhooks a second are durable in the database and answered, and how long the slowest wait."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from bridge.sandbox.processes import ROOT
from tests.bench.bench_env import Scene, postgres
from tests.bench.figures import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers import Postgres

CONNECTIONS = 32
APART = 1_000_000  # numbers between the first requests of two runs


def measure(*, quick: bool) -> Iterator[Figure]:
    """32 connections, 10 kB bodies; then one connection that has the receiver for itself."""
    yield from _receiver("sqlite", None, quick=quick)
    with postgres() as server:
        yield from _receiver("postgres", server, quick=quick)


def _receiver(name: str, server: Postgres | None, *, quick: bool) -> Iterator[Figure]:
    runs, seconds = (1, 1.5) if quick else (3, 5.0)
    with Scene(postgres=server) as scene:
        scene.bridge.start(workers=0, clock=False)
        _load(scene, seconds=1, connections=CONNECTIONS, first=0)
        crowd = [
            _load(scene, seconds=seconds, connections=CONNECTIONS, first=APART * (number + 1)) for number in range(runs)
        ]
        alone = [
            _load(scene, seconds=seconds / 2, connections=1, first=APART * (number + 11)) for number in range(runs)
        ]
        kept = scene.number("SELECT count(*) FROM deliveries")
    accepted = sum(each["accepted"] for each in crowd + alone)
    lost = f"only {kept} kept of {accepted}" if kept < accepted else ""
    refused = sum(each["other"] for each in crowd + alone)
    wrong = lost or (f"{refused} not accepted" if refused else "")
    title = f"accepts, {name}, {CONNECTIONS} connections"
    yield Figure(measure=title, unit="/s", runs=[each["per_s"] for each in crowd], fault=wrong)
    yield Figure(measure=f"{title}: p50", unit="ms", runs=[each["p50_ms"] for each in crowd])
    yield Figure(measure=f"{title}: p99", unit="ms", runs=[each["p99_ms"] for each in crowd])
    yield Figure(measure=f"accepts, {name}, one alone: p50", unit="ms", runs=[each["p50_ms"] for each in alone])
    yield Figure(measure=f"accepts, {name}, one alone: p99", unit="ms", runs=[each["p99_ms"] for each in alone])


def _load(scene: Scene, **options: Any) -> dict[str, Any]:
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.load", "--port", str(scene.bridge.port), *words],
        cwd=ROOT,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr.decode()[-300:]
    return json.loads(done.stdout)
