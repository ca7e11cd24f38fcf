"""Tells whether the database has the newest revision, without Alembic: each command and `/readyz` ask it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from sqlalchemy import Engine, inspect, text

from bridge.store.engine import translate_database_errors


@cache
def find_newest_revision() -> str:
    """Return the newest revision: file names begin with it, and each follows the one before."""
    return max(path.name.partition("_")[0] for path in (Path(__file__).parent / "versions").glob("[0-9]*_*.py"))


def is_at_newest_revision(engine: Engine) -> bool:
    """Return True where no revision is missing; a file of SQLite that is not there is not made. Raises StoreUnavailable."""
    if engine.dialect.name == "sqlite" and engine.url.database and not Path(engine.url.database).exists():
        return False
    with translate_database_errors(engine), engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return False
        applied = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    return list(applied) == [find_newest_revision()]
