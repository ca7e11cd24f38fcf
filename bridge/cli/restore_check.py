"""`restore-check`: after a backup was restored, those who were erased since are erased again."""

from __future__ import annotations

import sys
from contextlib import closing
from dataclasses import asdict

import click

from bridge.bootstrap import make_services
from bridge.cli.context import AS_JSON, desk, operator
from bridge.cli.null_queue import NoBell
from bridge.cli.printing import emit
from bridge.steps.recovery.reapply_erasures import Restored, restore


@click.command("restore-check")
@click.option("--dry-run", is_flag=True, help="Only say what came back; exit 1 where something did.")
@AS_JSON
def restore_check(dry_run: bool, as_json: bool) -> None:
    """Hold the database against the ledger, erase again what a restored backup brought back, and let work go on.

    Safe to repeat. Exit 1 where something could not be erased again.
    """
    with desk() as at:
        services = make_services(at.start, NoBell(), at.store)
        with closing(services.ledger):
            done = restore(actor=operator(), services=services, dry_run=dry_run)
    open_still = bool(done.faults or done.left or (dry_run and done.why))
    if as_json:
        emit({"ok": not open_still, "dry_run": dry_run, **asdict(done)})
    else:
        for line in _lines(done, dry_run=dry_run):
            click.echo(line)
    for fault in done.faults:
        click.echo(f"could not be erased again: {fault}", err=True)
    if open_still:
        sys.exit(1)


def _lines(done: Restored, *, dry_run: bool) -> list[str]:
    seen = f"the ledger saw fact {done.seen.seq}" if done.seen else "the ledger has seen nothing yet"
    lines = [f"The database is at fact {done.seq}; {seen}: {done.why or 'it is the same database'}."]
    lines.append(f"Came back: {done.tombstones} keys of the erased, {done.destroyed} destroyed records.")
    if dry_run:
        return lines
    lines += [f"  {table}: {count}" for table, count in done.removed.items()]
    lines += [
        f"Request {one} is not in this database: its processors may not have been told." for one in done.lost
    ]
    if done.left or done.faults:
        return [*lines, f"{done.left} keys and records are still open; the gate stays closed."]
    return [*lines, "All of it is erased again. Work goes on." if done.why else "Nothing else is to be done."]
