"""No statement of the daily work reads a whole table that grows: looked at in the plans of both databases.

The statements are those that the work really runs; the plans are made over thousands of rows.
"""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from bridge.store.schema.tables import metadata
from bridge.store.selection import selection_rows
from tests.bench.growth import work as work_module
from tests.bench.growth.rows import GROWING_TABLES, fill_database
from tests.bench.growth.work import GrowthWork

PARCELS = 4_000
# by these alone a shop's only or largest part is found: there is one shop, and most rows are in one state
COARSE_COLUMNS = {"shop", "state", "kind", "topic", "processor", "field"}
DEEDS = ("accept", "drain", "look_up", "open_requests", "enqueue", "list_all", "make_old", "expire")


@contextmanager
def listen(engines):
    """Collect each statement that the block runs with one set of its parameters."""
    found: dict[str, Any] = {}

    def remember(connection, cursor, statement, parameters, context, executemany):
        if re.match(r"\s*(SELECT|UPDATE|DELETE|INSERT|WITH)", statement):
            found.setdefault(statement, parameters[0] if executemany else parameters)

    for engine in engines:
        event.listen(engine, "before_cursor_execute", remember)
    yield found
    for engine in engines:
        event.remove(engine, "before_cursor_execute", remember)


def read_postgres_plan(connection, statement, parameters):
    [[plan]] = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters).all()
    return (plan if isinstance(plan, list) else json.loads(plan))[0]["Plan"]


def find_postgres_scans(plan, *, is_limited=False):
    """Yield what reads a whole growing table: no condition on an index, or a coarse one, and no limit that ends it early."""
    kind, table = plan["Node Type"], plan.get("Relation Name", "")
    is_limited = is_limited or kind == "Limit"
    condition = plan.get("Index Cond", "")
    if kind == "Bitmap Index Scan":
        table = next((one for one in GROWING_TABLES if one in plan["Index Name"]), plan["Index Name"])
    if kind in ("Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Index Scan") and table in GROWING_TABLES:
        columns = find_columns(table, condition)
        ends_early = (
            is_limited and kind.startswith("Index") and not find_columns(table, plan.get("Filter", "")) - COARSE_COLUMNS
        )
        if not (columns - COARSE_COLUMNS) and not ends_early and not is_partial(plan):
            yield f"{kind} {table} [{condition}] filter {plan.get('Filter', '')[:80]}"
    for part in plan.get("Plans", ()):
        # a sort reads all of its input, whatever its limit
        yield from find_postgres_scans(part, is_limited=is_limited and kind not in ("Sort", "Aggregate", "Hash"))


def find_columns(table, condition):
    return set(re.findall(r"\w+", condition)) & set(metadata.tables[table].c.keys())


def is_partial(plan):
    return "_open" in plan.get("Index Name", "")


def find_sqlite_scans(connection, statement, parameters):
    details = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()]
    is_sorted = any("TEMP B-TREE" in detail for detail in details)  # a sort reads all of its input, whatever its limit
    for detail in details:
        table = next(iter(re.findall(r"^(?:SCAN|SEARCH) (\w+)", detail)), "")
        if table not in GROWING_TABLES and not re.search(rf"\b({'|'.join(GROWING_TABLES)})\b", detail):
            continue
        columns = set(re.findall(r"\b(\w+)[=<>]", detail))
        is_whole = detail.startswith(("SCAN", "SEARCH")) and not (columns - COARSE_COLUMNS) and "_open" not in detail
        if is_whole and not ("LIMIT" in statement and "INDEX" in detail and not is_sorted):
            yield detail


def find_scans(store, statements):
    found = {}
    with store.engine.connect() as connection, connection.begin() as transaction:
        if store.engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # small tables are quicker read whole
        for statement, parameters in statements.items():
            if store.engine.dialect.name == "postgresql":
                scans = list(find_postgres_scans(read_postgres_plan(connection, statement, parameters)))
            else:
                scans = list(find_sqlite_scans(connection, statement, parameters))
            if scans:
                found[" ".join(statement.split())] = scans
        transaction.rollback()
    return found


@pytest.fixture
def grown_shop(services, clock, monkeypatch):
    monkeypatch.setattr(work_module, "ITEMS", 8)  # few beside what is stored
    monkeypatch.setattr(selection_rows, "MAX_COUNTED", 100)  # the same of what a list counts
    fill_database(services.store.engine, PARCELS, law_sha256=services.retention.sha256)
    services.store.engine.dispose()  # a connection of SQLite reads the counts when it is opened
    return GrowthWork(services, clock)


def test_no_statement_of_the_daily_work_reads_a_whole_table(grown_shop, store):
    engines = {store.engine, store._accept_engine}
    with listen(engines) as statements:
        for name in DEEDS:
            getattr(grown_shop, name)()
    assert len(statements) > 40
    found = find_scans(store, statements)
    assert not found, "\n\n".join(f"{'; '.join(scans)}\n    {statement[:1500]}" for statement, scans in found.items())
