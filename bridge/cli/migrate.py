"""`migrate`: bring the database to the newest revision. The release phase runs it."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import click

from bridge.bootstrap import make_store
from bridge.cli.command import json_command
from bridge.cli.context import quiet_logs
from bridge.cli.printing import show
from bridge.store.evidence.db_roles import database_user, grant_runtime_role
from bridge.store.migrations.upgrade import upgrade_database
from config.load import read_configuration


@json_command(example="migrate\nmigrate --runtime-role bridge_app --json")
@click.option(
    "--runtime-role",
    "role",
    default="",
    metavar="NAME",
    help="Grant this Postgres role what the bridge needs to run; it may read and add evidence, not change it. "
    "[default: the user of DATABASE_URL, if MIGRATE_DATABASE_URL names another user]",
)
def migrate(role: str) -> None:
    """Bring the database to the newest revision. You may repeat it; the release phase runs it."""
    settings = read_configuration().settings
    quiet_logs()
    owner = settings.migrate_database_url or settings.database_url
    if not role and database_user(owner) != database_user(settings.database_url):
        role = database_user(settings.database_url)
    with closing(make_store(replace(settings, database_url=owner))) as store:
        upgrade_database(store.engine)
        if role:
            grant_runtime_role(store.engine, role)
    granted = f"\n{role} may run the bridge. It may read and add evidence, not change it." if role else ""
    show({"at_head": True, "runtime_role": role or None}, f"The database is at head.{granted}")
