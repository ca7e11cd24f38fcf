"""`migrate`: the release phase."""

from __future__ import annotations

import click

from bridge.cli.desk import desk
from bridge.store.migrate import upgrade


@click.command()
def migrate() -> None:
    """Bring the database to the newest form. Safe to repeat; run by the release phase."""
    with desk(migrated=False) as at:
        upgrade(at.store.engine)
    click.echo("The database is at head.")
