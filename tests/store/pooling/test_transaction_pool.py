"""The product behind a pool that gives each transaction another connection of Postgres."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg
import pytest
from sqlalchemy import text

from bridge.errors import NeedsOperator
from bridge.sandbox.sandbox import StandIns, invent_worlds
from bridge.steps.retention.overwrite_remnants import overwrite_erased_keys
from bridge.store.engine import is_pooled_by_transaction, mark_pooled, open_accept_engine, open_engine
from tests.cli.conftest import Office
from tests.e2e import processes
from tests.store.pooling.transaction_pool import SESSION_STATE, TransactionPool


@pytest.fixture
def pool(postgres):
    if not postgres.embedded:
        pytest.skip("the socket of a named server is not ours")
    url = postgres.create_database("pooled")
    pool = TransactionPool(postgres.data_folder.parent, url.partition("@/")[2].partition("?")[0])
    yield pool
    pool.close()
    assert pool.violations == []


def test_the_product_works_behind_it_from_the_first_table_to_a_checked_chain(pool, tmp_path):
    world, uninstalled = invent_worlds(12, datetime.now(UTC).replace(microsecond=0))
    stand_ins = StandIns(world, uninstalled).start()
    environ = processes.environment(pool.url, "", **stand_ins.environment)
    try:
        processes.migrate(environ)
        with processes.services(environ) as services:
            office = Office(environ=environ, services=services, world=world, folder=tmp_path)
            for order in world.list_orders(world.bikram):
                office.take("orders/create", work=False, order=order)
            office.take("customers/data_request", request_id=501)
            office.take("customers/redact", person=world.bikram)
            services.store.acquire_named_lock("clock", "me", 5)
            overwrite_erased_keys(services=services)
            services.store.overwrite_parts((), services.store.list_parts(), max_bytes=None)
            services.store.enqueue_due(lambda *_: True, max_jobs=10)
        rows = office.say("dsr", "list", "--json").json
        assert {row["kind"]: row["closed_at"] is not None for row in rows} == {"access": True, "erasure": True}
        for group in ("dsr", "inbox", "notice"):
            assert office.say(group, "list", "--by-reason").code == 0
        filters = ("--incomplete", "--failed", "--system", "shopify", "--outcome", "unreached", "--shop", world.shop)
        further = ("--reason-class", "unreached", "--kind", "access", "--since", "3d")
        assert (
            office.say("dsr", "list", *filters, *further, "--late", "--due-in", "7d", "--after", rows[0]["id"]).code
            == 0
        )
        assert office.say("dsr", "replay", *filters, *further, "--dry-run").code == 0
        notices = ("--incomplete", "--failed", "--system", "delhivery", "--outcome", "bounced", "--kind", "email")
        assert office.say("notice", "resend", *notices, "--reason-class", "bounced", "--dry-run").code == 0
        assert office.say("notice", "list", "--overdue", "--failed", "--since", "3d", "--shop", world.shop).code == 0
        assert office.say("inbox", "list", "--reason", "defect", "--needs-action", "--shop", world.shop).code == 0
        assert office.say("review", "list", "--since", "3d", "--shop", world.shop).code == 0
        assert office.say("evidence", "verify").code == 0
        assert office.say("evidence", "export", "--out", "-").code == 0
        assert office.say("keys", "rotate").code == 0
    finally:
        stand_ins.stop()
    assert min(pool.used.values()) > 10, "each connection had a share"
    assert pool.refused == []


def test_without_the_parameter_such_a_pool_refuses_the_settings_of_a_session(pool):
    engine = open_engine(pool.url.partition("?")[0])
    with pytest.raises(Exception, match="unsupported startup parameter"), engine.connect():
        pass
    engine.dispose()
    assert pool.refused == [{"options"}]


def test_each_transaction_brings_its_limits_along(pool):
    engine = open_engine(pool.url)
    accepting = open_accept_engine(engine, writers=1)
    for each in (engine, accepting):
        assert is_pooled_by_transaction(each)
        for _ in range(6):
            with each.begin() as connection:
                shown = [connection.scalar(text(f"SHOW {name}")) for name in ("statement_timeout", "lock_timeout")]
                assert [*shown, connection.scalar(text("SHOW timezone"))] == ["15s", "5s", "UTC"]
        each.dispose()
    assert len(pool.used) == 3


def test_what_the_pool_notes_is_what_it_cannot_carry(pool):
    with psycopg.connect(pool.url.replace("+psycopg", "").partition("?")[0], autocommit=True) as connection:
        for statement in (
            "SET statement_timeout = 0",
            "LISTEN x",
            "SELECT pg_advisory_lock(1)",
            "SELECT pg_advisory_unlock_all()",
        ):
            connection.execute(statement)
        with pytest.raises(psycopg.errors.InvalidSqlStatementName):
            [connection.execute("SELECT 1", prepare=True) for _ in range(2)]
    assert len(pool.violations) >= 4
    assert pool.violations[-1].startswith("prepared statement")
    pool.violations.clear()


@pytest.mark.parametrize(
    ("statement", "is_session"),
    [
        ("SET LOCAL lock_timeout = 1", False),
        ("SET TRANSACTION READ ONLY", False),
        ("SELECT set_config('lock_timeout', '5', true)", False),
        ("SELECT set_config('lock_timeout', '5', false)", True),
        ("SELECT pg_advisory_xact_lock(1)", False),
        ("SELECT pg_try_advisory_lock(1)", True),
        ("UPDATE x SET y = 1", False),
        ("set search_path to x", True),
    ],
)
def test_state_of_a_session_is_told_from_that_of_a_transaction(statement, is_session):
    assert bool(SESSION_STATE.search(statement)) is is_session


def test_a_url_is_marked_once_and_a_file_never():
    url = mark_pooled("postgresql+psycopg://me:p%40ss@host/db?sslmode=require")
    assert mark_pooled(url) == url
    assert url.startswith("postgresql+psycopg://me:p%40ss@host/db?")
    assert {"sslmode=require", "pooling=transaction"} == set(url.partition("?")[2].split("&"))
    assert mark_pooled("sqlite:///x.db") == "sqlite:///x.db"
    with pytest.raises(NeedsOperator):
        open_engine("postgresql+psycopg://host/db?pooling=session")
