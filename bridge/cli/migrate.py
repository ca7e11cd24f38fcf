"""`migrate`: the release phase."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import click

from bridge import logs
from bridge.bootstrap import make_store
from bridge.store.evidence.db_roles import grant, user_of
from bridge.store.migrations.upgrade import upgrade
from config.load import load_all


@click.command()
@click.option(
    "--runtime-role",
    "role",
    default="",
    metavar="NAME",
    help="Let this Postgres role run the bridge, and only read and add evidence. "
    "Left out: the user of DATABASE_URL, where MIGRATE_DATABASE_URL has another.",
)
def migrate(role: str) -> None:
    """Bring the database to the newest form. Safe to repeat; run by the release phase."""
    settings = load_all().settings
    logs.configure("ERROR", "text")
    owner = settings.migrate_database_url or settings.database_url
    if not role and user_of(owner) != user_of(settings.database_url):
        role = user_of(settings.database_url)
    with closing(make_store(replace(settings, database_url=owner))) as store:
        upgrade(store.engine)
        click.echo("The database is at head.")
        if role:
            grant(store.engine, role)
            click.echo(f"{role} may run the bridge; of the evidence it may read and add, not change.")
