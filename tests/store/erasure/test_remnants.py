"""What an erasure destroyed is in no file of the database any more: read from the files themselves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, update

from bridge.store import SqlStore
from bridge.store.erasure import remnants as module
from bridge.store.evidence.db_roles import grant_runtime_role
from bridge.store.schema.index_tables import data_keys
from bridge.store.schema.tables import deliveries
from bridge.store.sealed_columns import SEALED_TABLES
from tests.factories import ASHA, NOW, SHOP, accepted, customer, order, order_body, parcels
from tests.kit.indexing import ingest
from tests.kit.suite.examples import count_examples

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ON_POSTGRES = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
SUBJECTS = 60


@pytest.fixture
def find_files(store, request):
    """A function that returns the names of the database's files, or of Postgres' log, that hold one of some values."""

    def find(values, *, log=False):
        if store.engine.dialect.name == "sqlite":
            path = Path(store.engine.url.database)
            paths = path.parent.glob(f"{path.name}*")
        else:
            data = request.getfixturevalue("postgres").data_folder
            with closing(open_autocommit(store)) as connection:
                connection.execute("CHECKPOINT")  # what is only in memory is written to the files
                [(oid,)] = connection.execute("SELECT oid FROM pg_database WHERE datname = current_database()")
            paths = (data / "pg_wal" if log else data / "base" / str(oid)).iterdir()
        contents = {each.name: each.read_bytes() for each in paths if each.is_file()}
        return sorted(name for name, raw in contents.items() if any(value in raw for value in values))

    return find


def open_autocommit(store):
    """Return a connection of its own to Postgres, which no transaction is open on."""
    url = store.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(url, autocommit=True)


def read_values(store, column):
    with store.engine.connect() as connection:
        return {row.id: row.value for row in connection.execute(select(column.table.c.id, column.label("value")))}


def fill(store):
    """Store orders of several people, so that keys take more than one page."""
    for number in range(SUBJECTS):
        who = {"email": f"p{number}@example.com", "phone": ""}
        ingest(store, order(5100 + number, customer={"id": 7100 + number}, **who))


def erase_asha(store, request_id="req_1"):
    """Erase Asha; return the wrapped keys that were destroyed."""
    before = read_values(store, data_keys.c.wrapped)
    with store.transaction() as tx:
        tx.person_eraser.erase_person(SHOP, ASHA, request_id=request_id)
    return [before[key] for key in before.keys() - read_values(store, data_keys.c.wrapped).keys()]


def list_waiting(store):
    with store.read() as tx:
        return tx.remnants.list_remnants(lacking=store.list_parts())


def overwrite(store, parts=None, **limit):
    """Overwrite; return the parts of which nothing waits any more."""
    found = list_waiting(store)
    result = store.overwrite_parts(found, parts or store.list_parts(), **{"max_bytes": None} | limit)
    return set.intersection(*(set(result.parts_by_id[remnant.id]) for remnant in found))


def test_no_file_holds_a_key_that_an_erasure_destroyed(store, find_files):
    fill(store)
    ingest(store, customer(), order(), parcels(1001, "AWB1"))
    fill(store)
    gone = erase_asha(store)
    assert gone
    assert find_files(gone), "what was destroyed is readable, and the search finds it"
    assert overwrite(store) == set(store.list_parts())
    assert find_files(gone) == []
    kept = list(read_values(store, data_keys.c.wrapped).values())
    assert len(kept) == SUBJECTS
    assert find_files(kept), "the keys of the others are where they were"


def test_the_keys_alone_are_overwritten_at_once(store, find_files):
    ingest(store, customer(), order())
    gone = erase_asha(store)
    assert overwrite(store, store.list_parts(keys_only=True)) == set(store.list_parts(keys_only=True))
    assert find_files(gone) == []


def test_no_file_holds_what_the_ring_alone_had_sealed(store, find_files):
    """A webhook's body has no key of its own: it stays readable with the ring until it is overwritten."""
    for number in range(40):
        accepted(store, "orders/create", order_body(1001 + number, note="x" * 30 * number))
    bodies = list(read_values(store, deliveries.c.body).values())
    with store.transaction() as tx:
        tx.session.connection.execute(update(deliveries).values(body=None))
        tx.session.mark_remnants()
    assert find_files(bodies)
    assert overwrite(store) == set(store.list_parts())
    assert find_files(bodies) == []


@ON_POSTGRES
def test_a_plain_vacuum_and_the_log_keep_what_was_destroyed(store, find_files):
    """Why tables are rewritten, and why the certificate names a position of the log."""
    fill(store)
    gone = list(read_values(store, data_keys.c.wrapped).values())
    ingest(store, customer(), order())
    with store.transaction() as tx:
        tx.session.connection.execute(delete(data_keys).where(data_keys.c.wrapped.in_(gone)))
        tx.session.mark_remnants()
    with closing(open_autocommit(store)) as connection:
        connection.execute("VACUUM data_keys")
    assert find_files(gone)
    found = list_waiting(store)
    result = store.overwrite_parts(found, ["data_keys"], max_bytes=None)
    assert find_files(gone) == []
    assert find_files(gone, log=True)
    assert result.log_limit == "1GB"
    with closing(open_autocommit(store)) as connection:
        [(is_behind,)] = connection.execute("SELECT pg_current_wal_lsn() >= %s::pg_lsn", (result.log_position,))
    assert is_behind


@ON_POSTGRES
def test_a_log_that_is_not_recycled_loses_it_at_the_checkpoint_after_its_file_is_full(store, find_files, postgres):
    """What docs/keys.md advises who runs Postgres themselves."""
    with closing(open_autocommit(store)) as connection:
        connection.execute("SELECT pg_switch_wal()")  # what follows is not cut by the end of a file
    ingest(store, customer(), order())
    gone = erase_asha(store)
    assert overwrite(store) == set(SEALED_TABLES)
    with closing(open_autocommit(store)) as connection:
        connection.execute("ALTER SYSTEM SET wal_recycle = off")
        connection.execute("SELECT pg_reload_conf()")
        try:
            assert find_files(gone, log=True)
            connection.execute("SELECT pg_switch_wal()")
            assert find_files(gone, log=True) == []
        finally:
            connection.execute("ALTER SYSTEM RESET wal_recycle")
            connection.execute("SELECT pg_reload_conf()")


def test_who_still_reads_the_old_state_keeps_it_until_the_end(store, find_files, monkeypatch):
    monkeypatch.setattr(module, "TRIES", 2)
    ingest(store, customer(), order())
    with store.read() as tx:
        tx.index.list_orders(SHOP, ASHA)
        gone = erase_asha(store)
        done = overwrite(store, ["log"] if store.engine.dialect.name == "sqlite" else ["data_keys"])
        assert done == set(), "what a reader may still see is not said to be overwritten"
        assert find_files(gone)
    assert overwrite(store) == set(store.list_parts())
    assert find_files(gone) == []


def test_a_part_that_is_too_large_waits(store):
    ingest(store, customer(), order())
    erase_asha(store)
    done = overwrite(store, max_bytes=1)
    assert done == ({"log"} if store.engine.dialect.name == "sqlite" else set())
    assert len(list_waiting(store)) == 2


@ON_POSTGRES
def test_a_table_in_use_is_left_and_nobody_waits_for_it(store, monkeypatch):
    monkeypatch.setattr(module, "TRIES", 2)
    ingest(store, customer(), order())
    erase_asha(store)
    with closing(open_autocommit(store)) as connection, connection.transaction():
        connection.execute("LOCK TABLE data_keys IN ROW EXCLUSIVE MODE")
        assert overwrite(store) == set(SEALED_TABLES) - {"data_keys"}


@ON_POSTGRES
def test_a_role_that_does_not_own_the_tables_overwrites_nothing_and_says_so(store, vault, clock):
    role = "bridge_overwriter"
    with closing(open_autocommit(store)) as connection:
        connection.execute(f"DROP ROLE IF EXISTS {role}")
        connection.execute(f"CREATE ROLE {role} LOGIN")
        grant_runtime_role(store.engine, role)
        ingest(store, customer(), order())
        erase_asha(store)
        runtime = SqlStore(
            store.engine.url.set(username=role).render_as_string(hide_password=False), keyring=vault, now=clock.now
        )
        try:
            assert overwrite(runtime) == set()
        finally:
            runtime.close()
            connection.execute(f"DROP OWNED BY {role}")
            connection.execute(f"DROP ROLE {role}")
    assert overwrite(store) == set(SEALED_TABLES)


ERASE_AND_DIE = """
import os, signal, sys
from datetime import UTC, datetime
from bridge.store import Keyring, SqlStore
from tests.factories import ASHA, SHOP
store = SqlStore(sys.argv[1], keyring=Keyring([("k1", b"1" * 32)], b"p" * 32, b"s" * 32), now=lambda: datetime.now(UTC))
with store.transaction() as tx:
    tx.person_eraser.erase_person(SHOP, ASHA, request_id="req_1")
os.kill(os.getpid(), signal.SIGKILL)
"""


@ON_SQLITE
def test_a_process_that_dies_after_the_erasure_leaves_it_to_the_next(store, find_files):
    ingest(store, customer(), order())
    before = read_values(store, data_keys.c.wrapped)
    store.engine.dispose()
    url = store.engine.url.render_as_string()
    died = subprocess.run(
        [sys.executable, "-c", ERASE_AND_DIE, url], env={**os.environ, "PYTHONPATH": "."}, check=False
    )
    assert died.returncode == -signal.SIGKILL
    assert "bridge.db" in find_files(before.values())
    assert overwrite(store) == {"log", "file"}
    assert find_files(before.values()) == []


@ON_POSTGRES
def test_a_server_that_dies_after_the_erasure_still_knows_what_to_overwrite(store, find_files, postgres):
    ingest(store, customer(), order())
    gone = erase_asha(store)
    postgres.kill()
    postgres.start()
    assert find_files(gone)
    assert overwrite(store) == set(SEALED_TABLES)
    assert find_files(gone) == []


def test_what_is_overwritten_in_all_parts_is_forgotten_once(store):
    ingest(store, customer(), order())
    erase_asha(store)
    [_, remnant] = list_waiting(store)
    first, *others = store.list_parts()
    with store.transaction() as tx:
        assert tx.remnants.record_overwritten(remnant, {first}, is_complete=False)
        assert not tx.remnants.record_overwritten(remnant, {first}, is_complete=False), "another worker was first"
    with store.read() as tx:
        assert remnant.id not in [each.id for each in tx.remnants.list_remnants(lacking=[first])]
        [half_done] = [each for each in tx.remnants.list_remnants(lacking=others) if each.id == remnant.id]
    assert half_done.overwritten == {first}
    with store.transaction() as tx:
        assert tx.remnants.record_overwritten(half_done, others, is_complete=True)
    assert remnant.id not in [each.id for each in list_waiting(store)]


def test_an_erasure_that_is_only_previewed_destroys_nothing_and_marks_nothing(store):
    ingest(store, customer(), order())
    with store.transaction() as tx:
        tx.person_eraser.preview_erasure(SHOP, ASHA, request_id="req_1")
    assert list_waiting(store) == []


@pytest.mark.parametrize(
    ("transaction_id", "horizon", "is_before"),
    [(5, 6, True), (6, 6, False), (7, 6, False), (None, 6, False), (2**32 + 5, 6, True), (2**32 - 1, 3, True), (3, 2**32 - 1, False)],
)  # fmt: skip
def test_numbers_of_transactions_are_compared_around_their_end(transaction_id, horizon, is_before):
    assert module._is_before(transaction_id, horizon) is is_before


@ON_SQLITE
@settings(max_examples=count_examples(12), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rounds=st.lists(st.tuples(st.integers(1, 60), st.integers(0, 60), st.integers(40, 6000)), min_size=3, max_size=10)
)
def test_whatever_was_written_and_deleted_before_nothing_remains(store, find_files, rounds):
    gone, kept = [], []
    for number, (added, removed, size) in enumerate(rounds):
        with store.transaction() as tx:
            for each in range(added):
                kept.append(os.urandom(size + each))
                row = {
                    "id": f"key_{os.urandom(8).hex()}",
                    "shop": SHOP,
                    "subject": f"{number}.{each}.{kept[-1][:8].hex()}",
                }
                tx.session.connection.execute(insert(data_keys).values(**row, wrapped=kept[-1], created_at=NOW))
        with store.transaction() as tx:
            for value in kept[: removed % len(kept)]:
                tx.session.connection.execute(delete(data_keys).where(data_keys.c.wrapped == value))
                gone.append(kept.pop(0))
            tx.session.mark_remnants()
    assert overwrite(store) == {"log", "file"}
    pieces = [value[start : start + 32] for value in gone for start in range(0, len(value) - 32, 900)]
    assert find_files(pieces) == []
