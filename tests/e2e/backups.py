"""Backups as an operator takes them: SQLite's backup interface, pg_dump and psql of the cluster's own binaries."""

from __future__ import annotations

import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url

from tests.kit.apart import read_apart
from tests.servers import Postgres


def backup(url: str, target: Path, postgres: Postgres | None) -> Path:
    """Take a backup. Postgres is dumped as SQL."""
    if postgres is None:
        copied(make_url(url).database, target)
        return target
    dumped = run(postgres, "pg_dump", "--no-owner", "--dbname", plain(url))
    target.write_bytes(dumped)
    return target


def restore(url: str, source: Path, postgres: Postgres | None) -> None:
    """Put the backup in the place of what is there. Nobody may be connected."""
    if postgres is None:
        copied(source, make_url(url).database)
        return
    postgres.create_database(make_url(url).database, template="template0")
    run(postgres, "psql", "--quiet", "--set=ON_ERROR_STOP=1", "--dbname", plain(url), stdin=source.read_bytes())


def dump(url: str, postgres: Postgres | None) -> bytes:
    """Everything of a database in one string of bytes: what a thief of the files would have."""
    if postgres is not None:
        return run(postgres, "pg_dump", "--dbname", plain(url))
    return b"".join(read_apart(path) for path in sorted(Path(make_url(url).database).parent.glob("bridge.db*")))


def copied(source: Any, target: Any) -> None:
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)


def plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def run(postgres: Postgres, program: str, *words: str, stdin: bytes | None = None) -> bytes:
    """A program of the cluster's own version, or the one on PATH for a server that was named."""
    path = str(postgres._bin / program) if postgres.embedded else program
    done = subprocess.run([path, *words], input=stdin, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout
