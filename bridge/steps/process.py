"""Process: work on whatever of a request is due, in order, then conclude.

Owns the request by a lease that it renews and a fence that every write shows. A failure of the machine ends in
a later attempt, after the last attempt in `failed`, which ops see and replay; nothing is forgotten in between.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from bridge.errors import ClaimLost, StoreUnavailable
from bridge.logs import place
from bridge.model import Action, Fact, Kind, PrivacyRequest, Task, TaskState
from bridge.ports import Claim, Services
from bridge.rules.lifecycle import pause_s, ready
from bridge.steps.conclude import conclude
from bridge.steps.erase import erase
from bridge.steps.follow import follow
from bridge.steps.gather import gather
from bridge.steps.index import index

MOST_ATTEMPTS = 8  # claims of a request that did not end in a release: then a person looks

VERBS: dict[Action, Callable[..., Task]] = {
    Action.GATHER: gather,
    Action.ERASE: erase,
    Action.FOLLOW: follow,
}


def process(request_id: str, *, services: Services) -> bool:
    """Work on one request. False where it is owned, not due or done. Raises StoreUnavailable."""
    with services.store.transaction() as tx:
        claim = tx.requests.claim(request_id)
        request = tx.requests.get(request_id) if claim else None
        if claim is None or request is None:
            return False
        if request.attempts > MOST_ATTEMPTS:
            tx.requests.fail(claim, request.last_error or "gave_up")
            tx.evidence.append(
                Fact.REQUEST_FAILED, shop=request.shop, request_id=request.id, attempts=request.attempts
            )
            return False
    try:
        with services.store.keeping(claim):
            _work(request, claim, services)
    except (ClaimLost, StoreUnavailable):
        raise
    except Exception as fault:
        with services.store.transaction() as tx:
            error = place(fault)
            tx.requests.postpone(
                claim, error, services.clock.now() + timedelta(seconds=pause_s(request.attempts, None))
            )
        raise
    return True


def _work(request: PrivacyRequest, claim: Claim, services: Services) -> None:
    if request.kind is not Kind.ACCESS or not request.closed_at:
        index(request.shop, services=services)  # what came before this request must be known to it
    worked: list[Task] = []
    done: set[str] = set()
    while task := _next(request.id, done, services):
        done.add(task.id)
        worked.append(VERBS[task.action](request, task, claim, services=services))
    conclude(request.id, claim, changed=bool(worked), services=services)


def _next(request_id: str, done: set[str], services: Services) -> Task | None:
    """The next task that is due; each at most once a run, and instructions are somebody else's to send."""
    now = services.clock.now()
    with services.store.transaction() as tx:
        tasks = tx.requests.tasks(request_id)
    # a platform that answers makes the request forget the person: what is ours must be erased before
    erased = all(task.state is TaskState.DONE for task in tasks if task.action is Action.ERASE)
    verbs = VERBS if erased else VERBS.keys() - {Action.FOLLOW}
    return next(
        (task for task in tasks if task.id not in done and task.action in verbs and ready(task, now)), None
    )
