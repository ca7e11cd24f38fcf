"""The drain beside a bare upsert of the same rows: order deliveries indexed a second by one worker, `--only drain`.

Runs alternate, since a busy machine changes from one second to the next: what counts is the ratio. The bare upsert writes
the rows that the drain wrote, and nothing else: no reading, opening, sealing, deciding, no delivery and no evidence.
"""

from __future__ import annotations

import time
from statistics import median
from typing import TYPE_CHECKING

from sqlalchemy import select

from bridge.store import Keyring, SqlStore
from bridge.store.migrations.upgrade import upgrade_database
from bridge.store.schema.index_tables import customers, data_keys, orders, parcels
from bridge.store.upsert import upsert_rows
from tests.bench.figures import Figure
from tests.bench.growth import BenchClock, open_database
from tests.bench.growth.work import GrowthWork
from tests.factories import make_services
from tests.fakes import FakeCarrier, FakePlatform, FakeQueue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Table

TABLES = {
    data_keys: ("id",),
    orders: ("shop", "order_key"),
    customers: ("shop", "customer_key"),
    parcels: ("shop", "parcel_key", "order_key"),
}
BATCH_ROWS = 200  # as a worker takes them


def measure(*, quick: bool) -> Iterator[Figure]:
    """Deliveries a second, and the ratio to the bare upsert, over both databases."""
    for database in ("sqlite", "postgres"):
        with open_database(database) as url, open_database(database) as bare_url:
            yield from _compare(database, url, bare_url, runs=3 if quick else 7)


def _compare(name: str, url: str, bare_url: str, *, runs: int) -> Iterator[Figure]:
    clock = BenchClock()
    store, bare = (
        SqlStore(at, keyring=Keyring([("k1", b"1" * 32)], b"p" * 32, b"s" * 32), now=clock.now)
        for at in (url, bare_url)
    )
    for each in (store, bare):
        upgrade_database(each.engine)
    work = GrowthWork(make_services(store, clock, FakeQueue(), FakePlatform(), FakeCarrier("delhivery")), clock)
    known = {table: _read_rows(store, table) for table in TABLES}
    drained, upserted = [], []
    for _ in range(runs + 1):
        work.accept()
        began = time.perf_counter()
        count = work.drain()
        drained.append(count / (time.perf_counter() - began))
        rows = {
            table: {key: row for key, row in _read_rows(store, table).items() if key not in known[table]}
            for table in TABLES
        }
        for table, new in rows.items():
            known[table] |= new
        upserted.append(count / _upsert(bare, {table: list(new.values()) for table, new in rows.items()}))
    ratios = [ours / theirs for ours, theirs in zip(drained, upserted, strict=True)][1:]
    yield Figure(measure=f"drain, {name}: orders indexed", unit="/s", runs=drained[1:])
    yield Figure(measure=f"drain, {name}: of the bare upsert", unit="", runs=[median(ratios)])
    for each in (store, bare):
        each.close()


def _read_rows(store: SqlStore, table: Table) -> dict[tuple[object, ...], dict[str, object]]:
    with store.read() as tx:
        rows = tx.session.connection.execute(select(table)).mappings().all()
    return {tuple(row[name] for name in TABLES[table]): dict(row) for row in rows}


def _upsert(store: SqlStore, rows: dict[Table, list[dict[str, object]]]) -> float:
    """Return the seconds that it takes to write these rows, in batches as the drain does."""
    began = time.perf_counter()
    most = max(map(len, rows.values()))
    for first in range(0, most, BATCH_ROWS):
        with store.transaction() as tx:
            for table, key in TABLES.items():
                part = rows[table][first : first + BATCH_ROWS]
                if part:
                    changes = [name for name in part[0] if name not in key]
                    upsert_rows(tx.session.connection, table, part, key, changes)
    return time.perf_counter() - began
