"""Lets all databases of a test process share the statements that SQLAlchemy has compiled.

Each test opens an engine of its own, and an engine compiles a statement anew: a sixth of the time of a test that uses
the database. SQLAlchemy looks up a compiled statement by dialect and text, so engines that share one dialect may share it.
"""

from __future__ import annotations

from sqlalchemy import Engine

from bridge.store import sql

_engines: dict[str, Engine] = {}
_open_engine = sql.open_engine


def share_statements() -> None:
    """From now on a store's engine uses the dialect and the compiled statements of the first one of its kind."""
    sql.open_engine = _open_sharing_engine  # type: ignore[assignment]


def _open_sharing_engine(url: str) -> Engine:
    engine = _open_engine(url)
    first = _engines.get(engine.dialect.name)
    if getattr(first and first.dialect, "default_isolation_level", None) is None:
        _engines[engine.dialect.name] = engine  # the first one has not connected: its dialect knows nothing of a server
        return engine
    engine.dialect = engine.pool._dialect = first.dialect
    engine._compiled_cache = first._compiled_cache
    return engine
