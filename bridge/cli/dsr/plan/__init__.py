"""`dsr plan`: show what each task of a request does and why. Changes nothing.

For an erasure it also shows what the data subject would lose at Shopify and what other apps wrote there; for a withdrawal of
consent, what rests on that consent alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_with_error, open_command_context
from bridge.cli.dsr.approval.approval_view import describe_approval
from bridge.cli.dsr.dsr_view import find_request_or_exit
from bridge.cli.dsr.plan import plan_view as view
from bridge.cli.printing import print_fields, print_table, show
from bridge.cli.shared.dates import format_time
from bridge.cli.shared.ids import REQUEST_ID
from bridge.model import RequestKind, RequestState
from bridge.steps.erasure.customers.customer_tasks import select_customer
from bridge.steps.requests.approval.approve import show_plan
from bridge.steps.requests.approval.erasure_plan import list_precheck_findings, list_residue

TASK_COLUMNS = ("system", "action", "state", "what", "reason")
CUSTOMER_COLUMNS = ("customer", "held_by", "expected_by")
PLAN_COLUMNS = ("system", "category", "what", "action", "count", "reason", "until", "law")
LETTER_COLUMNS = ("processor", "channel", "records", "named_by")
RESIDUE_COLUMNS = ("system", "action", "kind", "ref", "what", "reason")


@json_command(example="dsr plan req_01M84N6EY20CZ9W2PB73FKRKAY")
@click.argument("request_id", type=REQUEST_ID, metavar="ID")
def plan(request_id: str) -> None:
    """Show what each task does, and what becomes of each field of each system: action, reason, law, day.

    Of a request that waits for an approval it shows every line, every letter that would go to a processor and what would
    be asked of Shopify, with the digest that `dsr approve` takes. If the bridge has to request the erasure from Shopify,
    it reads there what the data subject would lose and what other apps wrote. It changes nothing; which plan was shown
    last is remembered. For an erasure that ran, it shows what was planned and what differed when it was carried out; for a
    withdrawal of consent, what rests on that consent alone at Shopify, or what was erased and kept of it.
    """
    with open_command_context() as context:
        services = context.services
        with context.store.transaction() as tx:
            request = find_request_or_exit(tx, request_id)
            tasks = tx.tasks.list_tasks(request_id)
            customers = [(task, select_customer(request, task, tx)) for task in tasks]
            approval = describe_approval(tx, request, services)
            is_awaiting = bool(approval) and not approval["acts"] and request.state is not RequestState.DONE
            erasure_plan = None if is_awaiting else view.build_plan_view(request, tasks, tx, services)
        result: dict[str, Any] = {
            "id": request_id,
            "kind": request.kind,
            "apply": services.retention.residue.apply,
            "tasks": [view.explain_task(task, services) for task in tasks],
            "plan": erasure_plan,
            "plan_unread": "",
        }
        if is_awaiting:
            result |= view.build_awaited_plan(*show_plan(request_id, services=services), approval)
        else:
            result["guards"], result["guards_unread"] = list_precheck_findings(customers, services)
            result["residue"], result["residue_unread"] = list_residue(customers, services)
            if request.kind is RequestKind.CONSENT_WITHDRAWAL:
                result["plan"], result["plan_unread"] = view.build_withdrawal_plan(request, tasks, services)
    show(result, lambda shown: _print_plan(shown, with_residue=view.has_residue_task(tasks)))
    if result["plan_unread"]:
        exit_with_error(f"What rests on the consent alone could not be read at Shopify: {result['plan_unread']}.")
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
        is_withdrawal = result["kind"] == RequestKind.CONSENT_WITHDRAWAL
        empty = "nothing rests on this consent alone" if is_withdrawal else "nothing is held of the data subject"
        print_table(erasure_plan["lines"], PLAN_COLUMNS, empty=empty)
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
    if "digest" in result:
        _print_approval(result)


def _print_approval(result: Mapping[str, Any]) -> None:
    if result["stated"]:
        click.echo("\nStated")
        print_fields(result["stated"], width=18)
    click.echo("\nLetters and calls to processors")
    print_table(result["letters"], LETTER_COLUMNS, empty="none")
    if copies := result["copies"]:
        click.echo(f"\nInvoice copies: {copies['sealed_first']} are sealed first, {copies['missing']} are missing.")
    for part, fault in result["unread"].items():
        click.echo(f"Could not be read now: {part} ({fault}).")
    approval = result["approval"]
    by = f", given by {', '.join(approval['approved_by'])}" if approval["approved_by"] else ""
    click.echo(f"\nPlan {result['digest']}")
    click.echo(f"Approvals: {approval['missing']} of {approval['needed']} missing{by}.")
    if until := approval["can_be_taken_back_until"]:
        click.echo(f"The person can take the request back until {format_time(until)}; nothing is done before.")
    click.echo(f"-> bridge dsr approve {result['id']} --plan {result['digest']}")


def _format_plan_line(line: Mapping[str, Any] | None) -> str:
    return f"{line['action']} {line['count'] or ''}".strip() if line else "absent"
