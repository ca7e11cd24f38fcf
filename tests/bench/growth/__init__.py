"""What each deed costs by item while the database grows from a thousand parcels to a million: `--only growth`.

In this process, over SQLite and an embedded Postgres. Each figure is also written to stderr as a line of JSON.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from bridge.store import Keyring, SqlStore
from bridge.store.migrations.upgrade import upgrade_database
from tests.bench.bench_env import postgres
from tests.bench.figures import Figure
from tests.bench.growth.rows import fill_database
from tests.bench.growth.work import GrowthWork
from tests.factories import NOW, make_services
from tests.fakes import FakeCarrier, FakePlatform, FakeQueue

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

SIZES = (1_000, 10_000, 100_000, 1_000_000)
RUNS = 5
DEEDS = ("accept", "drain", "look_up", "enqueue", "list_all", "expire")
BEFORE = {"enqueue": "open_requests", "expire": "make_old"}  # what makes a deed something to do, not measured


class BenchClock:
    """A clock that shows one moment until it is set to another."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at


def measure(*, quick: bool, databases: tuple[str, ...] = ("sqlite", "postgres")) -> Iterator[Figure]:
    """Milliseconds of each item at each size, and how much the last size costs of the first."""
    sizes, runs = (SIZES[:2], 3) if quick else (SIZES, RUNS)
    for database in databases:
        with open_database(database) as url:
            yield from _measure_database(database, url, sizes, runs)


@contextmanager
def open_database(name: str) -> Iterator[str]:
    if name == "postgres":
        with postgres() as server:
            yield server.create_database("growth")
        return
    with tempfile.TemporaryDirectory(prefix="bridge-growth-") as folder:
        yield f"sqlite:///{Path(folder)}/bridge.db"


def _measure_database(name: str, url: str, sizes: tuple[int, ...], runs: int) -> Iterator[Figure]:
    clock = BenchClock()
    store = SqlStore(url, keyring=Keyring([("k1", b"1" * 32)], b"p" * 32, b"s" * 32), now=clock.now)
    upgrade_database(store.engine)
    services = make_services(store, clock, FakeQueue(), FakePlatform(), FakeCarrier("delhivery"))
    costs: dict[str, list[float]] = {deed: [] for deed in DEEDS}
    work, already = GrowthWork(services, clock), 0
    for size in sizes:
        fill_database(store.engine, size, already=already, law_sha256=services.retention.sha256)
        store.engine.dispose()  # a connection of SQLite reads the counts of rows when it is opened
        already = size
        for deed, taken in _run(work, runs).items():
            costs[deed].append(median(taken))
            line = {"database": name, "parcels": size, "deed": deed, "ms_per_item": median(taken), "runs": taken}
            sys.stderr.write(json.dumps(line) + "\n")
            yield Figure(measure=f"{name}, {size:,} parcels: {deed}", unit="ms", runs=taken)
    for deed, medians in costs.items():
        yield Figure(measure=f"{name}: {deed}, last size of the first", unit="", runs=[medians[-1] / medians[0]])
    store.close()


def _run(work: GrowthWork, runs: int) -> dict[str, list[float]]:
    """Return the milliseconds of an item in each run; the first run of all is not counted."""
    taken: dict[str, list[float]] = {deed: [] for deed in DEEDS}
    for _ in range(runs + 1):
        for deed in DEEDS:
            if deed in BEFORE:
                getattr(work, BEFORE[deed])()
            began = time.perf_counter()
            items = getattr(work, deed)()
            taken[deed].append((time.perf_counter() - began) * 1000 / items)
    return {deed: found[1:] for deed, found in taken.items()}
