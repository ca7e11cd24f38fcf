"""Process: work on whatever of a request is due, in order, then conclude.

Owns the request by a lease that it renews and a fence that every write shows. A failure of the machine ends in
a later attempt, after the last attempt in `failed`, which ops see and replay; nothing is forgotten in between.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from bridge.errors import ClaimLost, KeyMissing, SealBroken, StoreUnavailable
from bridge.logs import place
from bridge.model import Action, Fact, Kind, PrivacyRequest, Task, TaskState
from bridge.ports import Claim, Services, Tx
from bridge.rules.requests.lifecycle import VAULT, in_turn, pause_s, ready
from bridge.steps.access.gather import gather
from bridge.steps.erasure.erase_person import erase
from bridge.steps.erasure.find_platform_parcels import locate
from bridge.steps.erasure.poll_platform_erasure import follow
from bridge.steps.erasure.remove_platform_residue import redact
from bridge.steps.erasure.request_platform_erasure import ask
from bridge.steps.index.index_orders import index
from bridge.steps.notices.sync_notice_task import instruct
from bridge.steps.requests.conclude import conclude
from bridge.steps.retention.seal_invoices import seal

MOST_ATTEMPTS = 8  # claims of a request that did not end in a release: then a person looks

VERBS: dict[Action, Callable[..., Task]] = {
    Action.LOCATE: locate,
    Action.SEAL: seal,
    Action.ASK: ask,
    Action.REDACT: redact,
    Action.GATHER: gather,
    Action.ERASE: erase,
    Action.FOLLOW: follow,
    Action.INSTRUCT: instruct,
}


def process(request_id: str, *, services: Services) -> bool:
    """Work on one request. False where it is owned, not due or done. Raises StoreUnavailable."""
    with services.store.transaction() as tx:
        claim = tx.requests.claim(request_id)
        request = _readable(claim, tx) if claim else None
    if claim is None or request is None:
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


def _readable(claim: Claim, tx: Tx) -> PrivacyRequest | None:
    """The claimed request; None where a person must look first: its key is gone, or it was tried too often."""
    try:
        request = tx.requests.get(claim.row_id)
        if request is None or request.attempts <= MOST_ATTEMPTS:
            return request
        error, shop = request.last_error or "gave_up", request.shop
    except (KeyMissing, SealBroken) as fault:
        error, shop = type(fault).__name__, ""
    tx.requests.fail(claim, error)
    tx.evidence.append(Fact.REQUEST_FAILED, shop=shop, request_id=claim.row_id, error=error)
    return None


def _work(request: PrivacyRequest, claim: Claim, services: Services) -> None:
    if request.kind is not Kind.ACCESS or not request.closed_at:
        # what came before this request must be known to it
        index(request.shop, services=services, to_the_end=True)
    with services.store.transaction() as tx:
        tasks = {task.id: task for task in _tasks(request, claim, tx, services)}
    changed = False
    done: set[str] = set()
    while task := _next(list(tasks.values()), done, services):
        done.add(task.id)
        after = tasks[task.id] = VERBS[task.action](request, task, claim, services=services)
        changed |= _told(after) != _told(task)
        if task.action in (Action.ASK, Action.REDACT):  # it may have learned the platform's id of the person
            with services.store.transaction() as tx:
                request = _readable(claim, tx) or request
    conclude(request.id, claim, changed=changed, services=services)


def _tasks(request: PrivacyRequest, claim: Claim, tx: Tx, services: Services) -> list[Task]:
    """Its tasks; an erasure that was opened before copies were sealed must look for them all the same."""
    tasks = tx.requests.tasks(request.id)
    open_ = any(task.action is Action.ERASE and task.state is not TaskState.DONE for task in tasks)
    if request.kind is Kind.ERASURE and open_ and not any(task.action is Action.SEAL for task in tasks):
        tx.requests.hold(claim)
        look = Task(
            id=services.store.new_id("tsk"),
            request_id=request.id,
            system=VAULT,
            action=Action.SEAL,
            state=TaskState.PENDING,
        )
        tx.requests.save_task(look, position=0)
        tasks = [look, *tasks]
    return tasks


def _told(task: Task) -> tuple[object, ...]:
    """What a package or a certificate says of a task: asking again in vain changes neither."""
    return task.state, task.outcome, task.records, task.gaps, task.last_error, task.expected_by, task.detail


def _next(tasks: Sequence[Task], done: set[str], services: Services) -> Task | None:
    """The next task that is due; each at most once a run."""
    now = services.clock.now()
    due = (task for task in tasks if task.id not in done and ready(task, now))
    return next((task for task in due if in_turn(task, tasks)), None)
