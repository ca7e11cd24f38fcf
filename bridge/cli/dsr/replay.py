"""`dsr replay`: run again what failed, came in part, or waits."""

from __future__ import annotations

import click

from bridge.cli.context import AS_JSON, desk, operator, refuse
from bridge.cli.dsr.request_view import find
from bridge.cli.printing import emit
from bridge.model import Fact, Kind, Outcome, Principal, PrivacyRequest, RequestState, Task, TaskState
from bridge.store.sql import SqlTx


@click.command()
@click.argument("request_id", metavar="ID")
@AS_JSON
def replay(request_id: str, as_json: bool) -> None:
    """Run what failed, came in part or waits again, from its last page. Clocks stay as they are."""
    with desk() as at, at.store.transaction() as tx:
        request = find(tx, request_id)
        _refuse_what_cannot_run(request, tx)
        again = [task for task in tx.requests.tasks(request_id) if _runs_again(task)]
        if again or request.state is RequestState.FAILED:
            tx.requests.restart(request_id)
            tx.evidence.append(
                Fact.REQUEST_REPLAYED,
                shop=request.shop,
                actor=operator(),
                request_id=request_id,
                subject=request.subject,
                tasks=len(again),
            )
    systems = [task.system for task in again]
    if as_json:
        emit({"id": request_id, "replayed": systems, "due_at": request.due_at})
    elif systems:
        click.echo(f"{request_id} runs again: {', '.join(systems)}. It is still due {request.due_at}.")
    elif request.state is RequestState.FAILED:
        click.echo(f"{request_id} runs again. It is still due {request.due_at}.")
    else:
        click.echo(f"{request_id}: everything is done; nothing was changed.")


def _runs_again(task: Task) -> bool:
    partly = task.outcome is Outcome.INCOMPLETE
    return task.state is not TaskState.DONE or partly


def _refuse_what_cannot_run(request: PrivacyRequest, tx: SqlTx) -> None:
    if request.kind is Kind.ACCESS and request.principal == Principal():
        refuse(
            f"{request.id}: what was gathered was destroyed on its day, and whom it was about is forgotten."
        )
    newer = tx.requests.in_flight(request.shop, request.kind, request.subject)
    if newer is not None and newer.id != request.id:
        refuse(f"{request.id}: a newer request of the same person is open; replay {newer.id} instead.")
