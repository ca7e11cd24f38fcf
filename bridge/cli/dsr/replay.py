"""`dsr replay`: run again what failed, is incomplete, or waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from bridge.cli.command import json_command
from bridge.cli.context import CommandContext, exit_with_error, open_command_context
from bridge.cli.dsr.dsr_view import REQUEST_KINDS
from bridge.cli.options import WHY_OPTION
from bridge.cli.printing import format_cell, show
from bridge.cli.selection.bulk import DRY_RUN_OPTION, FORCE_REPLAY_OPTION, describe_cut, require_ids_or_filters
from bridge.cli.selection.filter_options import filter_options
from bridge.cli.selection.waiting import Standing, wait_options, wait_until_ended
from bridge.cli.shared.ids import REQUEST_ID, exit_with_unknown_id
from bridge.errors import KeyMissing, SealBroken
from bridge.model import Outcome, PrivacyRequest, RequestState, Task, TaskState
from bridge.rules.requests.failure_classes import classify_request_error, classify_task
from bridge.steps.requests.replay import AccessLook, ReplayPlan, execute_replay, is_still_failing, plan_replay
from bridge.store.selection.row_filter import RowFilter

FILTERS = ("incomplete", "failed", "system", "outcome", "reason_class", "kind", "shop", "since")
ALL_DONE = "everything is done; nothing was changed"


@json_command(
    example="dsr replay req_01M84N6EY20CZ9W2PB73FKRKAY\ndsr replay --incomplete --since 3d --reason 'Shopify is back' --wait"
)
@click.argument("ids", type=REQUEST_ID, nargs=-1, metavar="[ID]...")
@filter_options(*FILTERS, choices={"outcome": tuple(Outcome), "kind": REQUEST_KINDS}, limit=1000)
@WHY_OPTION
@FORCE_REPLAY_OPTION
@DRY_RUN_OPTION
@wait_options
def replay(
    ids: tuple[str, ...], wanted: RowFilter, reason: str, force: bool, dry_run: bool, wait: bool, timeout_s: float
) -> None:
    """Run again what failed, is incomplete, or waits. It resumes at the last page; clocks do not restart.

    Give ids, or filters for all requests of which something failed or is incomplete. What a replay cannot help is refused
    in words: a key that is still missing, a system that still refuses, what a person must decide first.
    """
    require_ids_or_filters(ids, wanted)
    with open_command_context() as context:
        selected, cut = list(dict.fromkeys(ids)), ""
        if not ids:
            with context.store.read() as tx:
                page = tx.selection.select_requests(wanted, is_unfinished=True)
            selected, cut = [request.id for request in page.rows], describe_cut(page, "requests")
        look = AccessLook(context.services)
        plans = []
        for request_id in selected:
            plans.append(plan_replay(request_id, look, force=force, services=context.services))
            if not dry_run:
                execute_replay(plans[-1], actor=context.operator, reason=reason, services=context.services)
        restarted = [plan for plan in plans if plan.restarts]
        if len(ids) == 1:
            _show_replay(plans[0], dry_run=dry_run)
        else:
            _show_replays(plans, cut, dry_run=dry_run)
        if wait and restarted and not dry_run:
            names = [plan.request_id for plan in restarted]
            wait_until_ended(lambda: _read_request_standing(names, context), timeout_s=timeout_s, noun="requests")
    if any(plan.refusal for plan in plans):
        raise SystemExit(1)


def _show_replay(plan: ReplayPlan, *, dry_run: bool) -> None:
    if plan.request is None:
        exit_with_unknown_id("req", plan.request_id)
    if plan.refusal:
        exit_with_error(f"{plan.request_id}: {plan.refusal}.")
    again = f"{'would run' if dry_run else 'runs'} again: {', '.join(plan.systems)}".removesuffix(": ")
    message = f"{plan.request_id} {again}. It is still due {format_cell(plan.due_at)}." if plan.restarts else ""
    lines = [message or f"{plan.request_id}: {ALL_DONE}."]
    lines += [f"  not {system}: {why}" for system, why in plan.blocked.items()]
    result = {"id": plan.request_id, "replayed": plan.systems, "due_at": plan.due_at}
    show({**result, "not_replayed": plan.blocked, "dry_run": dry_run}, "\n".join(lines))


def _show_replays(plans: Sequence[ReplayPlan], cut: str, *, dry_run: bool) -> None:
    restarted = [plan for plan in plans if plan.restarts]
    refused: Mapping[str, str] = {plan.request_id: plan.refusal for plan in plans if plan.refusal}
    lines = [f"{'Would run' if dry_run else 'Runs'} again: {len(restarted)} of {len(plans)}{cut}."]
    for plan in restarted:
        lines.append(f"  {plan.request_id}  {', '.join(plan.systems)}; still due {format_cell(plan.due_at)}")
        lines += [f"    not {system}: {why}" for system, why in plan.blocked.items()]
    lines += [f"  {plan.request_id}  {ALL_DONE}" for plan in plans if not plan.restarts and not plan.refusal]
    lines += [f"  {request_id}  not run: {why}" for request_id, why in refused.items()]
    result: dict[str, Any] = {
        "dry_run": dry_run,
        "replayed": [plan.request_id for plan in restarted],
        "not_replayed": refused,
        "systems": {plan.request_id: plan.systems for plan in restarted},
    }
    show(result, "\n".join(lines))


def _read_request_standing(request_ids: Sequence[str], context: CommandContext) -> Standing:
    """Return where the requests stand: one has ended its run when none of its tasks is due or retried."""
    running, failing = {}, {}
    with context.store.read() as tx:
        for request_id in request_ids:
            request = tx.requests.get_sealed_request(request_id)
            if request is None:
                continue
            try:
                tasks = tx.tasks.list_tasks(request_id) if request.state is not RequestState.FAILED else []
            except (KeyMissing, SealBroken) as fault:
                failing[request_id] = type(fault).__name__
                continue
            if going := _describe_running(request, tasks):
                running[request_id] = going
            elif is_still_failing(request, tasks):
                classes = [f"{task.system} {classify_task(task)}" for task in tasks if classify_task(task)]
                failing[request_id] = ", ".join(classes) or classify_request_error(request.state, request.last_error)
    return Standing(ended=len(request_ids) - len(running), running=running, failing=failing)


def _describe_running(request: PrivacyRequest, tasks: Sequence[Task]) -> str:
    if request.state in (RequestState.FAILED, RequestState.DONE):
        return ""
    due = [f"{task.system} is due" for task in tasks if task.state is TaskState.PENDING]
    retried = [
        f"{task.system} is asked again at {format_cell(task.wake_at)}"
        for task in tasks
        if task.state is TaskState.RETRY
    ]
    is_working = request.state is RequestState.IN_PROGRESS
    return ", ".join(due + retried) or ("it is concluded" if is_working else "")
