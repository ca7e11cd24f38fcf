"""Connections of a process keep their locks on SQLite's files, so that no other process deletes the log under them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

WRITE_AND_CLOSE = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("CREATE TABLE IF NOT EXISTS written (number)")
connection.execute("INSERT INTO written VALUES (1)")
connection.commit()
connection.close()
"""


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_second_connection_does_not_take_the_locks_of_the_first(store):
    path = Path(store.engine.url.database)
    with store.engine.connect() as first, store.engine.connect() as second:
        first.execute(text("SELECT 1 FROM locks"))
        first.rollback()
        second.execute(text("SELECT 1 FROM locks"))
        second.rollback()
        for _ in range(2):
            subprocess.run([sys.executable, "-c", WRITE_AND_CLOSE, str(path)], check=True, timeout=30)
            assert path.with_name(f"{path.name}-wal").exists(), "the other process took itself for the last one"
        assert second.scalar(text("SELECT count(*) FROM written")) == 2
