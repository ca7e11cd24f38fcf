"""`dsr plan`: what each task does and why, what she would lose, and what of others' writing would go. Changes nothing."""

from __future__ import annotations

from typing import Any

import click

from bridge.bootstrap import make_services
from bridge.cli.context import AS_JSON, desk, refuse
from bridge.cli.dsr.precheck_lines import guarded
from bridge.cli.dsr.request_view import find
from bridge.cli.null_queue import NoBell
from bridge.cli.printing import emit, table
from bridge.errors import BridgeError
from bridge.model import Action, Kind, Principal, PrivacyRequest, Residue, Task
from bridge.ports import Platform, Services, Tx
from bridge.rules.erasure.plan import differences, written
from bridge.rules.requests.lifecycle import PLATFORM, verdict
from bridge.steps.erasure.plan import plan as make

TASKS = {
    Action.GATHER: ("what it holds of the person is read", "she asked to see it"),
    Action.SEAL: ("each invoiced order has its statutory copy, read back", "seal before you destroy"),
    Action.LOCATE: ("it is asked which parcels her orders went with", "webhooks may not have told of all"),
    Action.ASK: ("it is asked to erase its own copy", "the request was opened by hand"),
    Action.REDACT: ("what others wrote there is removed", ""),
    Action.ERASE: ("the bridge's own rows are removed", "erasure was asked for"),
    Action.FOLLOW: ("it is asked how far its own erasure is", "asked is not erased"),
    Action.INSTRUCT: ("it must be told", "it carried her parcels"),
}
COLUMNS = ("system", "category", "what", "action", "count", "reason", "until", "law")
APPLIES = {True: "retention_file_applies", False: "retention_file_keeps"}


@click.command()
@click.argument("request_id", metavar="ID")
@AS_JSON
def plan(request_id: str, as_json: bool) -> None:
    """Show what each task does, and for each field of each system what becomes of it: action, reason, law, day.

    Where we must ask Shopify to erase her, reads there what she would lose and what others wrote; changes nothing. Of an erasure that ran it shows what was planned,
    and what was different when it was carried out.
    """
    with desk() as at:
        services = make_services(at.start, NoBell(), at.store)
        with at.store.transaction() as tx:
            request = find(tx, request_id)
            tasks = tx.requests.tasks(request_id)
            plan_ = _plan(request, tasks, tx, services)
        told: dict[str, Any] = {
            "id": request_id,
            "kind": request.kind,
            "apply": services.retention.residue.apply,
            "tasks": [_task(task, services) for task in tasks],
            "plan": plan_,
        }
        told["guards"], told["guards_unread"] = guarded(request, tasks, services)
        redacts = any(task.action is Action.REDACT for task in tasks)
        try:
            told["residue"], told["residue_unread"] = _residue(request, services) if redacts else ([], "")
        except BridgeError as fault:
            told["residue"], told["residue_unread"] = [], str(fault)
    if as_json:
        emit(told)
    else:
        table(told["tasks"], ("system", "action", "state", "what", "reason"), empty="No tasks.")
        if plan_:
            click.echo(f"\nField by field ({plan_['state']})")
            table(plan_["lines"], COLUMNS, empty="nothing is held of her")
            for change in plan_["changed"]:
                was, becomes = (_short(change[name]) for name in ("before", "now"))
                click.echo(f"  changed: {change['system']}, {change['what']}: {was}, then {becomes}")
        if told["guards"]:
            click.echo("\nBefore Shopify is asked to erase her")
            table(told["guards"], ("code", "count", "stops", "reason"), empty="none")
        if redacts:
            click.echo("\nWritten by others")
            table(told["residue"], ("system", "action", "kind", "ref", "what", "reason"), empty="none seen")
    if told["guards_unread"]:
        refuse(f"What she would lose with Shopify's erasure could not be read: {told['guards_unread']}.")
    if told["residue_unread"]:
        refuse(f"What others wrote at Shopify could not be read: {told['residue_unread']}.")


def _plan(request: PrivacyRequest, tasks: list[Task], tx: Tx, services: Services) -> dict[str, Any] | None:
    """The plan as it stands now; once the deed is done, the one it was done by."""
    if request.kind is not Kind.ERASURE:
        return None
    kept = tx.plans.of(request.id)
    if kept and any(task.action is Action.ERASE and task.detail for task in tasks):
        return {"state": "carried out", "changed": [], "later": [], **kept}
    lines = written(make(request, tasks, tx=tx, services=services))
    changed = differences(kept["lines"], lines) if kept else []
    return {
        "state": "planned",
        "made_at": None,
        "lines": lines,
        "changed": changed,
        "later": [],
    }


def _short(line: dict[str, Any] | None) -> str:
    return f"{line['action']} {line['count'] or ''}".strip() if line else "not there"


def _task(task: Task, services: Services) -> dict[str, Any]:
    what, reason = TASKS[task.action]
    reason = reason or APPLIES[services.retention.residue.apply]
    return {
        "system": task.system,
        "action": task.action,
        "state": task.state,
        "what": what,
        "reason": reason,
    }


def _residue(request: PrivacyRequest, services: Services) -> tuple[list[dict[str, Any]], str]:
    """What is there now, each with what becomes of it; or why nobody can look."""
    platform = services.connectors.get(PLATFORM)
    if not isinstance(platform, Platform):
        return [], "no platform is configured"
    if request.principal == Principal():
        return [], "the request has forgotten whom it is about"
    items = platform.residue(request.principal, shop=request.shop)
    return [_item(item, services) for item in items], ""


def _item(item: Residue, services: Services) -> dict[str, Any]:
    action, reason = verdict(item, services.retention)
    return {
        "system": item.system,
        "action": action,
        "kind": item.kind,
        "ref": item.ref,
        "what": item.what,
        "reason": reason,
    }
