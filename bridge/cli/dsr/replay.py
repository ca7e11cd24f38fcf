"""`dsr replay`: run again what failed, is incomplete, or waits."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_with_error, open_command_context
from bridge.cli.dsr.dsr_view import find_request_or_exit
from bridge.cli.printing import show
from bridge.cli.shared.dates import format_time
from bridge.cli.shared.ids import REQUEST_ID
from bridge.model import Fact, Outcome, Principal, PrivacyRequest, RequestKind, RequestState, Task, TaskState
from bridge.store import Tx


@json_command(example="dsr replay req_01M84N6EY20CZ9W2PB73FKRKAY")
@click.argument("request_id", type=REQUEST_ID, metavar="ID")
def replay(request_id: str) -> None:
    """Run again what failed, is incomplete, or waits. It resumes at the last page; clocks do not restart."""
    with open_command_context() as context, context.store.transaction() as tx:
        request = find_request_or_exit(tx, request_id)
        _refuse_unreplayable_request(request, tx)
        systems = [task.system for task in tx.tasks.list_tasks(request_id) if _is_replayable(task)]
        restarts = bool(systems) or request.state is RequestState.FAILED
        if restarts:
            tx.request_changes.restart_request(request_id)
            about = {"shop": request.shop, "request_id": request_id, "subject": request.subject}
            tx.evidence.append_fact(Fact.REQUEST_REPLAYED, actor=context.operator, tasks=len(systems), **about)
    message = f"{request_id}: everything is done; nothing was changed."
    if restarts:
        again = f"runs again: {', '.join(systems)}" if systems else "runs again"
        message = f"{request_id} {again}. It is still due {format_time(request.due_at)}."
    show({"id": request_id, "replayed": systems, "due_at": request.due_at}, message)


def _is_replayable(task: Task) -> bool:
    return task.state is not TaskState.DONE or task.outcome is Outcome.INCOMPLETE


def _refuse_unreplayable_request(request: PrivacyRequest, tx: Tx) -> None:
    if request.kind is RequestKind.ACCESS and request.principal == Principal():
        reason = "the gathered data was destroyed on its day, and the request no longer knows its data subject"
        exit_with_error(f"{request.id}: {reason}.")
    newer = tx.requests.find_open_request(request.shop, request.kind, request.subject)
    if newer is not None and newer.id != request.id:
        exit_with_error(f"{request.id}: a newer request of the same data subject is open; replay {newer.id} instead.")
