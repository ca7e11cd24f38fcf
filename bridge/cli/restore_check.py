"""`restore-check`: after a backup was restored, those who were erased since are erased again."""

from __future__ import annotations

import sys
from contextlib import closing
from dataclasses import asdict

import click

from bridge.bootstrap import make_services
from bridge.cli.context import JSON_OPTION, get_operator, open_command_context
from bridge.cli.null_queue import NullQueue
from bridge.cli.printing import print_json
from bridge.steps.recovery.reapply_erasures import RestoreReport, repair_restored_database


@click.command("restore-check")
@click.option("--dry-run", is_flag=True, help="Only say what came back; exit 1 where something did.")
@JSON_OPTION
def restore_check(dry_run: bool, as_json: bool) -> None:
    """Hold the database against the ledger, erase again what a restored backup brought back, and let work go on.

    Safe to repeat. Exit 1 where something could not be erased again.
    """
    with open_command_context() as at:
        services = make_services(at.configuration, NullQueue(), at.store)
        with closing(services.ledger):
            done = repair_restored_database(actor=get_operator(), services=services, dry_run=dry_run)
    open_still = bool(done.faults or done.left or (dry_run and done.why))
    if as_json:
        print_json({"ok": not open_still, "dry_run": dry_run, **asdict(done)})
    else:
        for line in _describe_restore(done, dry_run=dry_run):
            click.echo(line)
    for fault in done.faults:
        click.echo(f"could not be erased again: {fault}", err=True)
    if open_still:
        sys.exit(1)


def _describe_restore(result: RestoreReport, *, dry_run: bool) -> list[str]:
    seen = f"the ledger saw fact {result.seen.seq}" if result.seen else "the ledger has seen nothing yet"
    lines = [f"The database is at fact {result.seq}; {seen}: {result.why or 'it is the same database'}."]
    lines.append(f"Came back: {result.tombstones} keys of the erased, {result.destroyed} destroyed records.")
    if dry_run:
        return lines
    lines += [f"  {table}: {count}" for table, count in result.removed.items()]
    lines += [
        f"Request {one} is not in this database: its processors may not have been told."
        for one in result.lost
    ]
    if result.left or result.faults:
        return [*lines, f"{result.left} keys and records are still open; the gate stays closed."]
    return [
        *lines,
        "All of it is erased again. Work goes on." if result.why else "Nothing else is to be done.",
    ]
