"""Bring the database to the newest form. Run by the release phase, before new code serves; safe to repeat."""

from __future__ import annotations

import warnings
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from bridge.store.engine import guarded

FOLDER = Path(__file__).parent


def configuration() -> Config:
    """Alembic's configuration without a file."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "os")
    return config


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Apply what is missing. Raises StoreUnavailable."""
    config = configuration()
    with guarded(), engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Take revisions back: for tests, and for ops who know what they lose."""
    config = configuration()
    with guarded(), engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, revision)


def at_head(engine: Engine) -> bool:
    """True where no migration is missing."""
    heads = ScriptDirectory.from_config(configuration()).get_heads()
    with guarded(), engine.connect() as connection, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return set(MigrationContext.configure(connection).get_current_heads()) == set(heads)
