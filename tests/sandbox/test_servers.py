"""The servers that the other tests use."""

import os
from uuid import uuid4

import psycopg
import pytest
import sqlalchemy as sa

from tests.servers import Postgres, redis_server


@pytest.fixture(scope="module")
def postgres():
    with Postgres() as server:
        yield server


def execute_statement(url: str, statement: str) -> list:
    engine = sa.create_engine(url)
    try:
        with engine.begin() as connection:
            result = connection.execute(sa.text(statement))
            return result.all() if result.returns_rows else []
    finally:
        engine.dispose()


def test_a_database_is_a_copy_of_its_template(postgres):
    template, copy = f"t{uuid4().hex[:8]}", f"c{uuid4().hex[:8]}"
    execute_statement(postgres.create_database(template), "create table words as select 'kept' as word")
    assert execute_statement(postgres.create_database(copy, template), "select word from words") == [("kept",)]
    postgres.drop_database(copy)
    postgres.drop_database(template)


def test_committed_rows_survive_a_kill(postgres):
    if not postgres.embedded:
        pytest.skip("the server is not ours to kill")
    url = postgres.create_database("killed")
    execute_statement(url, "create table words as select 'kept' as word")
    postgres.kill()
    with pytest.raises(sa.exc.OperationalError):
        execute_statement(url, "select 1")
    postgres.start()
    assert execute_statement(url, "select word from words") == [("kept",)]
    postgres.restart()
    assert execute_statement(url, "select word from words") == [("kept",)]


def test_a_named_server_is_used_and_not_started(postgres, monkeypatch):
    monkeypatch.setenv("TEST_DATABASE_URL", postgres.url("postgres").replace("postgresql+psycopg", "postgres"))
    with Postgres() as named:
        assert not named.embedded
        assert execute_statement(named.create_database("elsewhere"), "select 1") == [(1,)]
        named.drop_database("elsewhere")
        with pytest.raises(AssertionError, match="not ours"):
            named.kill()
    with psycopg.connect(postgres.url("postgres").replace("+psycopg", "")) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_redis_is_empty_and_answers(monkeypatch):
    with redis_server() as url:
        monkeypatch.setenv("TEST_REDIS_URL", url)
        monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")
        with redis_server() as named:
            assert named == url
        monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw3")
        with redis_server() as named:
            assert named == f"{url}?db=3", "each test process has its own database"
    assert os.environ["TEST_REDIS_URL"] == url
