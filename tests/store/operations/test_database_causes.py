"""Real databases that do not answer: where and why in words, no class of an exception, no password."""

import re
import sqlite3
from datetime import UTC, datetime

import pytest
from sqlalchemy.engine import make_url

from bridge.errors import BridgeError
from bridge.sandbox.processes import free_port
from bridge.store import Keyring, SqlStore

CLASS_NAME = re.compile(r"(Error|Exception|Unavailable|Fault)\b")


def ask(url):
    """The words of the failure of one read."""
    store = SqlStore(url, keyring=Keyring([("k1", b"1" * 32)], b"p" * 32, b"s" * 32), now=lambda: datetime.now(UTC))
    try:
        with pytest.raises(BridgeError) as caught, store.read() as tx:
            tx.operator_queries.list_deliveries()
    finally:
        store.close()
    words = str(caught.value)
    assert not CLASS_NAME.search(words), words
    return words


def test_a_file_that_is_no_database(tmp_path):
    (tmp_path / "x.db").write_bytes(b"garbage" * 200)
    assert ask(f"sqlite:///{tmp_path}/x.db") == f"SQLite file {tmp_path}/x.db: the file is no SQLite database"


def test_a_database_without_tables(tmp_path):
    sqlite3.connect(tmp_path / "x.db").close()
    assert "a table is missing: run `python -m bridge migrate`" in ask(f"sqlite:///{tmp_path}/x.db")


def test_a_folder_that_is_a_file(tmp_path):
    (tmp_path / "x").write_text("")
    assert "does not exist, or may not be opened" in ask(f"sqlite:///{tmp_path}/x/bridge.db")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"port": None}, "nothing listens there"),
        ({"database": "nowhere"}, "there is no database of this name (SQLSTATE 3D000)"),
        ({"username": "nobody_known"}, "it refuses the user (SQLSTATE 28000)"),
        ({"host": "no-such-host.invalid"}, "the name of the host is unknown"),
    ],
)
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_postgres_that_does_not_let_us_in(database_url, change, words):
    url = make_url(database_url)
    if "port" in change:
        change = {"port": free_port(), "host": "127.0.0.1"}
        url = url.update_query_dict({"host": "127.0.0.1"}) if "host" in url.query else url
    if "host" in change and "host" in url.query:
        url = url.difference_update_query(["host"])
    described = ask(url.set(**change).render_as_string(hide_password=False))
    assert described.startswith("Postgres at ")
    assert words in described
