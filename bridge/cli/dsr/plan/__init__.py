"""`dsr plan`: show what each task of a request does and why. Changes nothing.

For an erasure it also shows what the data subject would lose at Shopify and what other apps wrote there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_with_error, open_command_context
from bridge.cli.dsr.dsr_view import find_request_or_exit
from bridge.cli.dsr.plan import plan_view as view
from bridge.cli.printing import print_table, show
from bridge.cli.shared.ids import REQUEST_ID
from bridge.steps.erasure.customers.customer_tasks import select_customer

TASK_COLUMNS = ("system", "action", "state", "what", "reason")
CUSTOMER_COLUMNS = ("customer", "held_by", "expected_by")
PLAN_COLUMNS = ("system", "category", "what", "action", "count", "reason", "until", "law")
RESIDUE_COLUMNS = ("system", "action", "kind", "ref", "what", "reason")


@json_command(example="dsr plan req_01M84N6EY20CZ9W2PB73FKRKAY")
@click.argument("request_id", type=REQUEST_ID, metavar="ID")
def plan(request_id: str) -> None:
    """Show what each task does, and what becomes of each field of each system: action, reason, law, day.

    If the bridge has to request the erasure from Shopify, it reads there what the data subject would lose and what
    other apps wrote. It changes nothing. For an erasure that ran, it shows what was planned and what differed when
    it was carried out.
    """
    with open_command_context() as context:
        services = context.services
        with context.store.transaction() as tx:
            request = find_request_or_exit(tx, request_id)
            tasks = tx.tasks.list_tasks(request_id)
            customers = [(task, select_customer(request, task, tx)) for task in tasks]
            erasure_plan = view.build_plan_view(request, tasks, tx, services)
        result: dict[str, Any] = {
            "id": request_id,
            "kind": request.kind,
            "apply": services.retention.residue.apply,
            "tasks": [view.explain_task(task, services) for task in tasks],
            "plan": erasure_plan,
        }
        result["guards"], result["guards_unread"] = view.list_precheck_findings(customers, services)
        result["residue"], result["residue_unread"] = view.list_residue(customers, services)
    show(result, lambda shown: _print_plan(shown, with_residue=view.has_residue_task(tasks)))
    if result["guards_unread"]:
        fault = result["guards_unread"]
        exit_with_error(f"What the data subject would lose with Shopify's erasure could not be read: {fault}.")
    if result["residue_unread"]:
        exit_with_error(f"What other apps wrote at Shopify could not be read: {result['residue_unread']}.")


def _print_plan(result: Mapping[str, Any], *, with_residue: bool) -> None:
    several = [task for task in result["tasks"] if task.get("customer")]
    rows = [{"customer": "", "held_by": "", "expected_by": "", **task} for task in result["tasks"]]
    print_table(rows, (*TASK_COLUMNS, *CUSTOMER_COLUMNS) if several else TASK_COLUMNS, empty="No tasks.")
    if erasure_plan := result["plan"]:
        click.echo(f"\nField by field ({erasure_plan['state']})")
        print_table(erasure_plan["lines"], PLAN_COLUMNS, empty="nothing is held of the data subject")
        for change in erasure_plan["changed"]:
            before, now = (_format_plan_line(change[name]) for name in ("before", "now"))
            click.echo(f"  changed: {change['system']}, {change['what']}: {before}, then {now}")
    if result["guards"]:
        click.echo("\nBefore the erasure is requested from Shopify")
        customer = ("customer",) if several else ()
        print_table(result["guards"], (*customer, "code", "count", "stops", "reason"), empty="none")
    if with_residue:
        click.echo("\nWritten by other apps")
        print_table(result["residue"], RESIDUE_COLUMNS, empty="none found")


def _format_plan_line(line: Mapping[str, Any] | None) -> str:
    return f"{line['action']} {line['count'] or ''}".strip() if line else "absent"
