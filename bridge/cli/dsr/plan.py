"""`dsr plan`: what each task does and why, what she would lose, and what of others' writing would go. Changes nothing."""

from __future__ import annotations

from typing import Any

import click

from bridge.bootstrap import make_services
from bridge.cli.context import JSON_OPTION, exit_with_error, open_command_context
from bridge.cli.dsr.precheck_lines import list_precheck_findings
from bridge.cli.dsr.request_view import find_request_or_exit
from bridge.cli.null_queue import NullQueue
from bridge.cli.printing import print_json, print_table
from bridge.errors import BridgeError
from bridge.model import Principal, PrivacyRequest, RequestKind, Residue, Task, TaskAction
from bridge.ports import Platform, Services, Tx
from bridge.rules.erasure.plan import compare_plans, serialise_plan
from bridge.rules.requests.lifecycle import PLATFORM, decide_residue_action
from bridge.steps.erasure.plan import plan_erasure as make

TASK_EXPLANATIONS = {
    TaskAction.GATHER: ("what it holds of the person is read", "she asked to see it"),
    TaskAction.SEAL_INVOICES: (
        "each invoiced order has its statutory copy, read back",
        "seal before you destroy",
    ),
    TaskAction.LOCATE_PARCELS: (
        "it is asked which parcels her orders went with",
        "webhooks may not have told of all",
    ),
    TaskAction.REQUEST_PLATFORM_ERASURE: (
        "it is asked to erase its own copy",
        "the request was opened by hand",
    ),
    TaskAction.REMOVE_PLATFORM_RESIDUE: ("what others wrote there is removed", ""),
    TaskAction.ERASE: ("the bridge's own rows are removed", "erasure was asked for"),
    TaskAction.POLL_PLATFORM_ERASURE: ("it is asked how far its own erasure is", "asked is not erased"),
    TaskAction.NOTIFY_PROCESSOR: ("it must be told", "it carried her parcels"),
}
PLAN_COLUMNS = ("system", "category", "what", "action", "count", "reason", "until", "law")
RESIDUE_REASONS = {True: "retention_file_applies", False: "retention_file_keeps"}


@click.command()
@click.argument("request_id", metavar="ID")
@JSON_OPTION
def plan(request_id: str, as_json: bool) -> None:
    """Show what each task does, and for each field of each system what becomes of it: action, reason, law, day.

    Where we must ask Shopify to erase her, reads there what she would lose and what others wrote; changes nothing. Of an erasure that ran it shows what was planned,
    and what was different when it was carried out.
    """
    with open_command_context() as at:
        services = make_services(at.configuration, NullQueue(), at.store)
        with at.store.transaction() as tx:
            request = find_request_or_exit(tx, request_id)
            tasks = tx.requests.list_tasks(request_id)
            plan_ = _build_plan_view(request, tasks, tx, services)
        told: dict[str, Any] = {
            "id": request_id,
            "kind": request.kind,
            "apply": services.retention.residue.apply,
            "tasks": [_explain_task(task, services) for task in tasks],
            "plan": plan_,
        }
        told["guards"], told["guards_unread"] = list_precheck_findings(request, tasks, services)
        redacts = any(task.action is TaskAction.REMOVE_PLATFORM_RESIDUE for task in tasks)
        try:
            told["residue"], told["residue_unread"] = (
                _list_residue(request, services) if redacts else ([], "")
            )
        except BridgeError as fault:
            told["residue"], told["residue_unread"] = [], str(fault)
    if as_json:
        print_json(told)
    else:
        print_table(told["tasks"], ("system", "action", "state", "what", "reason"), empty="No tasks.")
        if plan_:
            click.echo(f"\nField by field ({plan_['state']})")
            print_table(plan_["lines"], PLAN_COLUMNS, empty="nothing is held of her")
            for change in plan_["changed"]:
                was, becomes = (_format_plan_line(change[name]) for name in ("before", "now"))
                click.echo(f"  changed: {change['system']}, {change['what']}: {was}, then {becomes}")
        if told["guards"]:
            click.echo("\nBefore Shopify is asked to erase her")
            print_table(told["guards"], ("code", "count", "stops", "reason"), empty="none")
        if redacts:
            click.echo("\nWritten by others")
            print_table(
                told["residue"], ("system", "action", "kind", "ref", "what", "reason"), empty="none seen"
            )
    if told["guards_unread"]:
        exit_with_error(
            f"What she would lose with Shopify's erasure could not be read: {told['guards_unread']}."
        )
    if told["residue_unread"]:
        exit_with_error(f"What others wrote at Shopify could not be read: {told['residue_unread']}.")


def _build_plan_view(
    request: PrivacyRequest, tasks: list[Task], tx: Tx, services: Services
) -> dict[str, Any] | None:
    """The plan as it stands now; once the deed is done, the one it was done by."""
    if request.kind is not RequestKind.ERASURE:
        return None
    kept = tx.plans.find_plan(request.id)
    if kept and any(task.action is TaskAction.ERASE and task.detail for task in tasks):
        return {"state": "carried out", "changed": [], "later": [], **kept}
    lines = serialise_plan(make(request, tasks, tx=tx, services=services))
    changed = compare_plans(kept["lines"], lines) if kept else []
    return {
        "state": "planned",
        "made_at": None,
        "lines": lines,
        "changed": changed,
        "later": [],
    }


def _format_plan_line(line: dict[str, Any] | None) -> str:
    return f"{line['action']} {line['count'] or ''}".strip() if line else "not there"


def _explain_task(task: Task, services: Services) -> dict[str, Any]:
    what, reason = TASK_EXPLANATIONS[task.action]
    reason = reason or RESIDUE_REASONS[services.retention.residue.apply]
    return {
        "system": task.system,
        "action": task.action,
        "state": task.state,
        "what": what,
        "reason": reason,
    }


def _list_residue(request: PrivacyRequest, services: Services) -> tuple[list[dict[str, Any]], str]:
    """What is there now, each with what becomes of it; or why nobody can look."""
    platform = services.connectors.get(PLATFORM)
    if not isinstance(platform, Platform):
        return [], "no platform is configured"
    if request.principal == Principal():
        return [], "the request has forgotten whom it is about"
    items = platform.list_platform_residue(request.principal, shop=request.shop)
    return [_residue_row(item, services) for item in items], ""


def _residue_row(item: Residue, services: Services) -> dict[str, Any]:
    action, reason = decide_residue_action(item, services.retention)
    return {
        "system": item.system,
        "action": action,
        "kind": item.kind,
        "ref": item.ref,
        "what": item.what,
        "reason": reason,
    }
