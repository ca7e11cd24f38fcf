"""The schema: every column says what it is, and the migrations make exactly these tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import LargeBinary, inspect, text
from sqlalchemy.dialects import sqlite

from bridge.store.migrations.revision import find_newest_revision, is_at_newest_revision
from bridge.store.migrations.upgrade import alembic_config, downgrade_database, upgrade_database
from bridge.store.schema.tables import metadata
from bridge.store.schema.utc_datetime import UtcDateTime

COLUMNS = [column for table in metadata.sorted_tables for column in table.columns]


@pytest.mark.parametrize("column", COLUMNS, ids=str)
def test_every_column_says_whether_it_is_personal(column):
    classified = column.info.get("data")
    assert classified in {"none", "pseudonym", "sealed", "secret"}
    assert isinstance(column.type, LargeBinary) == (classified in {"sealed", "secret"})


def test_the_migrations_make_the_tables_that_the_code_uses(store):
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    assert is_at_newest_revision(store.engine)


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_postgres_compresses_no_sealed_value(store):
    sealed = {(column.table.name, column.name) for column in COLUMNS if column.info["data"] in {"sealed", "secret"}}
    storage = text(
        "SELECT relname, attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid"
        " WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0 AND attstorage = :storage"
    )
    with store.engine.connect() as connection:
        found = {tuple(row) for row in connection.execute(storage, {"storage": "e"})}
    assert sealed
    assert found == sealed
    downgrade_database(store.engine, "0016")
    with store.engine.connect() as connection:
        assert connection.execute(storage, {"storage": "e"}).all() == []


def test_the_newest_revision_is_the_one_that_alembic_finds():
    assert ScriptDirectory.from_config(alembic_config()).get_heads() == [find_newest_revision()]


def test_up_down_and_up_again_ends_at_head(store):
    downgrade_database(store.engine, "base")
    assert not is_at_newest_revision(store.engine)
    assert set(inspect(store.engine).get_table_names()) <= {"alembic_version"}
    upgrade_database(store.engine)
    upgrade_database(store.engine)
    assert is_at_newest_revision(store.engine)
    with store.transaction() as tx:
        assert tx.evidence.read_head() == (0, "0" * 64)
    assert store.acquire_named_lock("clock", "a", 5)


def test_downgrading_drops_the_triggers_and_the_function(store):
    downgrade_database(store.engine, "base")
    catalogue = "sqlite_master WHERE type = 'trigger'"
    if store.engine.dialect.name == "postgresql":
        catalogue = "pg_proc WHERE proname = 'evidence_is_append_only'"
    with store.engine.connect() as connection:
        assert connection.execute(text(f"SELECT count(*) FROM {catalogue}")).scalar() == 0  # noqa: S608


def test_a_time_without_a_zone_is_refused_and_others_become_utc():
    kind, dialect = UtcDateTime(), sqlite.dialect()
    with pytest.raises(ValueError, match="without a zone"):
        kind.process_bind_param(datetime(2026, 1, 1), dialect)  # noqa: DTZ001 - the point
    india = timezone(timedelta(hours=5, minutes=30))
    assert kind.process_bind_param(datetime(2026, 1, 1, 5, 30, tzinfo=india), dialect) == datetime(2026, 1, 1)  # noqa: DTZ001
    assert kind.process_result_value(datetime(2026, 1, 1), dialect) == datetime(2026, 1, 1, tzinfo=UTC)  # noqa: DTZ001
    assert kind.process_bind_param(None, dialect) is kind.process_result_value(None, dialect) is None


def test_each_partial_index_is_the_one_that_the_code_describes(store):
    conditions = {
        index.name: " ".join(index.info["where"].split())
        for table in metadata.sorted_tables
        for index in table.indexes
        if index.info
    }
    query = (
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        if store.engine.dialect.name == "sqlite"
        else "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
    )
    with store.engine.connect() as connection:
        made = {name: " ".join(sql.partition(" WHERE ")[2].split()) for name, sql in connection.execute(text(query))}
    partial = {name: condition for name, condition in made.items() if condition}
    assert len(conditions) > 15
    assert partial.keys() == conditions.keys()
    if store.engine.dialect.name == "sqlite":  # Postgres writes it in its own words
        assert partial == conditions
