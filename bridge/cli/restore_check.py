"""`restore-check`: erase again what a restored backup brought back."""

from __future__ import annotations

import sys
from contextlib import closing
from dataclasses import asdict

import click

from bridge.cli.command import json_command
from bridge.cli.context import open_command_context
from bridge.cli.printing import show, warn
from bridge.cli.shared.progress import show_progress
from bridge.steps.recovery.reapply_erasures import RestoreReport, repair_restored_database


@json_command(
    "restore-check",
    example="restore-check --dry-run\nrestore-check --yes",
    irreversible="What the restored backup brought back is erased again, for good.",
)
@click.option("--dry-run", is_flag=True, help="Only report what came back; exit 1 if anything did.")
def restore_check(dry_run: bool) -> None:
    """Compare the database with the ledger, erase again what a restored backup brought back, and resume work.

    You may repeat it. Exit 1 if something could not be erased again.
    """
    with open_command_context() as context:
        services = context.services
        with closing(services.ledger), show_progress("Comparing with the ledger"):
            result = repair_restored_database(actor=context.operator, services=services, dry_run=dry_run)
    incomplete = bool(result.faults or result.left or (dry_run and result.why))
    lines = _describe_restore(result, dry_run=dry_run)
    show({"ok": not incomplete, "dry_run": dry_run, **asdict(result)}, "\n".join(lines))
    for fault in result.faults:
        warn(f"could not be erased again: {fault}")
    if incomplete:
        sys.exit(1)


def _describe_restore(result: RestoreReport, *, dry_run: bool) -> list[str]:
    seen = f"the ledger saw fact {result.seen.seq}" if result.seen else "the ledger has seen nothing yet"
    lines = [f"The database is at fact {result.seq}; {seen}: {result.why or 'it is the same database'}."]
    lines.append(f"Came back: {result.tombstones} keys of erased data subjects, {result.destroyed} destroyed records.")
    if dry_run:
        return lines
    lines += [f"  {table}: {count}" for table, count in result.removed.items()]
    if result.kept_orders:
        lines.append(f"{result.kept_orders} orders stay, because holds keep them: they go by themselves on their day.")
    unnotified = "is not in this database: its processors may not have received a notice."
    lines += [f"Request {request_id} {unnotified}" for request_id in result.lost]
    if result.left or result.faults:
        return [*lines, f"{result.left} keys and records are not erased yet; work stays stopped."]
    return [*lines, "All of it is erased again. Work resumes." if result.why else "There is nothing to do."]
