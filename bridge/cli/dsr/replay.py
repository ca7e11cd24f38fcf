"""`dsr replay`: run again what failed or waits for a retry."""

from __future__ import annotations

from typing import Any

import click

from bridge.cli.desk import AS_JSON, desk, emit, operator
from bridge.cli.dsr.sheet import find
from bridge.model import Fact, RequestState


@click.command()
@click.argument("request_id", metavar="ID")
@AS_JSON
def replay(request_id: str, as_json: bool) -> None:
    """Run what failed or waits for a retry again, from its last page. Clocks stay as they are."""
    with desk() as at, at.store.transaction() as tx:
        request = find(tx, request_id)
        before = tx.requests.tasks(request_id)
        open_tasks = [task for task in before if task.state in ("failed", "retry", "pending")]
        told: dict[str, Any]
        if request.state is RequestState.DONE and not open_tasks:
            told = {"id": request_id, "replayed": [], "note": "everything is done; nothing was changed"}
        else:
            tx.requests.restart(request_id)
            told = {
                "id": request_id,
                "replayed": [task.system for task in open_tasks],
                "due_at": request.due_at,
            }
        tx.evidence.append(
            Fact.REQUEST_REPLAYED,
            shop=request.shop,
            actor=operator(),
            request_id=request_id,
            subject=request.subject,
            tasks=len(open_tasks),
        )
    if as_json:
        emit(told)
    elif told["replayed"]:
        click.echo(
            f"{request_id} runs again: {', '.join(told['replayed'])}. It is still due {told['due_at']}."
        )
    else:
        click.echo(f"{request_id}: everything is done; nothing was changed.")
