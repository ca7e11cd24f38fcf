"""Brings the database to the newest revision. The release phase runs it before new code serves; repeating is safe."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine

from bridge.store.engine import translate_database_errors

MIGRATIONS_DIR = Path(__file__).parent


def alembic_config() -> Config:
    """Return Alembic's configuration, without a file."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS_DIR))
    config.set_main_option("path_separator", "os")
    return config


def upgrade_database(engine: Engine, revision: str = "head") -> None:
    """Apply the missing revisions. Raises StoreUnavailable."""
    config = alembic_config()
    with translate_database_errors(engine), engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def downgrade_database(engine: Engine, revision: str) -> None:
    """Undo revisions: for tests, and for operators who know what data they lose."""
    config = alembic_config()
    with translate_database_errors(engine), engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, revision)
