"""`dsr replay`: run again what failed, came in part, or waits."""

from __future__ import annotations

import click

from bridge.cli.context import JSON_OPTION, exit_with_error, get_operator, open_command_context
from bridge.cli.dsr.request_view import find_request_or_exit
from bridge.cli.printing import print_json
from bridge.model import Fact, Outcome, Principal, PrivacyRequest, RequestKind, RequestState, Task, TaskState
from bridge.store.sql import SqlTx


@click.command()
@click.argument("request_id", metavar="ID")
@JSON_OPTION
def replay(request_id: str, as_json: bool) -> None:
    """Run what failed, came in part or waits again, from its last page. Clocks stay as they are."""
    with open_command_context() as at, at.store.transaction() as tx:
        request = find_request_or_exit(tx, request_id)
        _refuse_unreplayable_request(request, tx)
        again = [task for task in tx.requests.list_tasks(request_id) if _is_replayable(task)]
        if again or request.state is RequestState.FAILED:
            tx.requests.restart_request(request_id)
            tx.evidence.append_fact(
                Fact.REQUEST_REPLAYED,
                shop=request.shop,
                actor=get_operator(),
                request_id=request_id,
                subject=request.subject,
                tasks=len(again),
            )
    systems = [task.system for task in again]
    if as_json:
        print_json({"id": request_id, "replayed": systems, "due_at": request.due_at})
    elif systems:
        click.echo(f"{request_id} runs again: {', '.join(systems)}. It is still due {request.due_at}.")
    elif request.state is RequestState.FAILED:
        click.echo(f"{request_id} runs again. It is still due {request.due_at}.")
    else:
        click.echo(f"{request_id}: everything is done; nothing was changed.")


def _is_replayable(task: Task) -> bool:
    partly = task.outcome is Outcome.INCOMPLETE
    return task.state is not TaskState.DONE or partly


def _refuse_unreplayable_request(request: PrivacyRequest, tx: SqlTx) -> None:
    if request.kind is RequestKind.ACCESS and request.principal == Principal():
        exit_with_error(
            f"{request.id}: what was gathered was destroyed on its day, and whom it was about is forgotten."
        )
    newer = tx.requests.find_open_request(request.shop, request.kind, request.subject)
    if newer is not None and newer.id != request.id:
        exit_with_error(
            f"{request.id}: a newer request of the same person is open; replay {newer.id} instead."
        )
