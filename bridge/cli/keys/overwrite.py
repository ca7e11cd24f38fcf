"""`keys overwrite`: overwrite what destroyed keys and erased values left in the database's files."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from typing import Any

import click

from bridge.bootstrap import make_store
from bridge.cli.command import json_command
from bridge.cli.context import exit_with_error, open_command_context
from bridge.cli.printing import show
from bridge.cli.shared.progress import show_progress
from bridge.steps.retention.overwrite_remnants import overwrite_remnants


@json_command("overwrite", example="keys overwrite")
def overwrite_remnants_command() -> None:
    """Overwrite what destroyed keys and erased values left in the database's files, of whatever size.

    Connects as MIGRATE_DATABASE_URL if it is set: on Postgres only the owner of a table may rewrite it. Each table is
    locked while it is rewritten. You may repeat it. Exit 1 if something still waits.
    """
    with open_command_context() as context:
        settings = context.configuration.settings
        owner_settings = replace(settings, database_url=settings.migrate_database_url or settings.database_url)
        with closing(make_store(owner_settings)) as owner, show_progress("Overwriting"):
            waiting = overwrite_remnants(services=context.services, max_bytes=None, owner=owner)
        every_part = set(context.store.list_parts())
    parts = sorted(set().union(*(every_part - remnant.overwritten for remnant in waiting)))
    show({"waiting": len(waiting), "parts": parts}, _print_result)
    if waiting:
        exit_with_error("What others use, or another role owns, was left: docs/runbooks/remnants-overdue.md")


def _print_result(result: Mapping[str, Any]) -> None:
    waiting = f"{result['waiting']} still wait for: {', '.join(result['parts'])}."
    click.echo(waiting if result["waiting"] else "No file of the database holds a destroyed key or an erased value.")
