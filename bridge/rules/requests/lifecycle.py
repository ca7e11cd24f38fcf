"""Decides which tasks a request has, in which order they run, and where the request stands by them. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bridge.model import RequestKind, RequestSource, RequestState, Residue, Task, TaskAction, TaskState, WaitReason
from bridge.rules.erasure.field_categories import find_field_category
from config.retention_file.retention_model import Retention

PLATFORM = "shopify"
BRIDGE = "bridge"
VAULT = "vault"
OWN_SYSTEMS = (BRIDGE, VAULT)
RESIDUE_FIELDS = {  # what other apps write at a platform, by the name under which a category covers it
    "customer_metafields": "customer.metafields",
    "order_metafields": "order.metafields",
    "order_notes": "order.note",
    "order_attributes": "order.note_attributes",
}

# A system that is down is asked again after these pauses, 2 h 36 min 10 s in all; then its gap stays.
TASK_RETRY_PAUSES_S = (10, 60, 300, 1_800, 7_200)
# How often a platform is asked whether its own erasure is done: an hour, then each day.
POLL_PAUSES_S = (3_600, 86_400)
POLL_MAX_DAYS = 180
# Which actions a task runs after. Carriers are gathered once the platform's orders have named the parcels. What other
# apps wrote is removed once the platform was asked to erase, which finds out the customer's id. The platform is polled
# last: its answer removes the data subject from the request. Nothing else waits for the platform: an erasure needs no
# token.
RUNS_AFTER: Mapping[TaskAction, tuple[TaskAction, ...]] = {
    TaskAction.GATHER: (TaskAction.GATHER,),
    TaskAction.LOCATE_PARCELS: (TaskAction.FIND_CUSTOMERS,),
    TaskAction.SEAL_INVOICES: (TaskAction.FIND_CUSTOMERS,),
    TaskAction.REQUEST_PLATFORM_ERASURE: (
        TaskAction.FIND_CUSTOMERS,
        TaskAction.SEAL_INVOICES,
        TaskAction.KEEP_CONSENTS,
    ),
    TaskAction.KEEP_CONSENTS: (TaskAction.FIND_CUSTOMERS,),
    TaskAction.REMOVE_PLATFORM_RESIDUE: (TaskAction.REQUEST_PLATFORM_ERASURE,),
    TaskAction.ERASE_CONSENT_DATA: (TaskAction.STOP_MARKETING,),
    TaskAction.ERASE: (TaskAction.FIND_CUSTOMERS, TaskAction.SEAL_INVOICES),
    TaskAction.POLL_PLATFORM_ERASURE: (
        TaskAction.FIND_CUSTOMERS,
        TaskAction.LOCATE_PARCELS,
        TaskAction.SEAL_INVOICES,
        TaskAction.KEEP_CONSENTS,
        TaskAction.REQUEST_PLATFORM_ERASURE,
        TaskAction.REMOVE_PLATFORM_RESIDUE,
        TaskAction.ERASE,
    ),
}
# Of these the carriers' tasks run after the platform's, which waits for none.
CARRIERS_AFTER_PLATFORM = frozenset({TaskAction.GATHER})
# These need the task before them to have been tried once; every other action needs it done or failed. Which customers the
# data subject is must be known before anything is destroyed.
RUNS_AFTER_FIRST_TRY = frozenset({TaskAction.ERASE})
# What the platform must have done before the data subject can be answered; its own erasure follows by itself.
NEEDED_OF_PLATFORM = (TaskAction.GATHER, TaskAction.CORRECT, TaskAction.STOP_MARKETING, TaskAction.ERASE_CONSENT_DATA)
FINISHED_STATES = (TaskState.DONE, TaskState.FAILED)
# nothing of such a request is answered, whatever its system is
IDENTITY_WAITS = (WaitReason.IDENTITY_PENDING, WaitReason.IDENTITY_NOT_PROVEN)
# The tasks of a kind whose systems do not depend on who is asked.
INITIAL_TASKS: Mapping[RequestKind, tuple[tuple[str, TaskAction], ...]] = {
    RequestKind.SHOP_ERASURE: ((BRIDGE, TaskAction.ERASE),),
    RequestKind.CONSENT_WITHDRAWAL: ((PLATFORM, TaskAction.STOP_MARKETING), (PLATFORM, TaskAction.ERASE_CONSENT_DATA)),
    RequestKind.GRIEVANCE: ((BRIDGE, TaskAction.ANSWER_GRIEVANCE),),
    RequestKind.PROCESSOR_LIST: ((BRIDGE, TaskAction.LIST_PROCESSORS),),
    RequestKind.CORRECTION: ((PLATFORM, TaskAction.CORRECT),),
    RequestKind.RESTRICTION: ((PLATFORM, TaskAction.STOP_MARKETING), (BRIDGE, TaskAction.RESTRICT)),
    RequestKind.OBJECTION: ((PLATFORM, TaskAction.STOP_MARKETING), (BRIDGE, TaskAction.WEIGH_OBJECTION)),
    RequestKind.NOMINATION: ((BRIDGE, TaskAction.RECORD_NOMINATION),),
    RequestKind.NOMINEE_EXERCISE: ((BRIDGE, TaskAction.ADMIT_NOMINEE),),
    RequestKind.INCIDENT: ((BRIDGE, TaskAction.REPORT_INCIDENT),),
}
# Others end with their facts: a certificate, or a record of what a right changed, says what was done.
CERTIFIED_KINDS = frozenset(
    {
        RequestKind.ERASURE,
        RequestKind.SHOP_ERASURE,
        RequestKind.CORRECTION,
        RequestKind.RESTRICTION,
        RequestKind.OBJECTION,
        RequestKind.CONSENT_WITHDRAWAL,
    }
)


def list_initial_tasks(
    kind: RequestKind, source: RequestSource, carriers: Collection[str]
) -> list[tuple[str, TaskAction]]:
    """Return the (system, action) pairs of a new request. Notices to carriers follow when their parcels are known.

    The platform erases by itself what it sent by webhook, and must be asked for what was opened by hand. A kind
    that cannot be opened has none.
    """
    if kind is RequestKind.ACCESS:
        return [(system, TaskAction.GATHER) for system in (PLATFORM, *sorted(carriers))]
    if kind is RequestKind.ERASURE:
        requested = (
            [(PLATFORM, TaskAction.REQUEST_PLATFORM_ERASURE), (PLATFORM, TaskAction.REMOVE_PLATFORM_RESIDUE)]
            if source.is_merchants
            else []
        )
        return [
            (PLATFORM, TaskAction.LOCATE_PARCELS),
            (VAULT, TaskAction.SEAL_INVOICES),
            *requested,
            (BRIDGE, TaskAction.ERASE),
            (PLATFORM, TaskAction.POLL_PLATFORM_ERASURE),
        ]
    if (
        source is RequestSource.LAW
    ):  # marketing to a child stops: the birth date stays, by which the child is known as one
        return [(PLATFORM, TaskAction.STOP_MARKETING)]
    return list(INITIAL_TASKS.get(kind, ()))


def decide_residue_action(residue: Residue, retention: Retention) -> tuple[str, str]:
    """Return what is done with something other apps wrote at the platform, and why, as codes.

    The first is `erase`, `keep`, `left` (it would go, and something holds it back) or `quarantine`: no category of
    the retention file covers it, and an operator decides.
    """
    if retention.residue.removes_kind(residue.kind):
        return ("left", residue.hold_reason) if residue.hold_reason else ("erase", "retention_file_erases")
    if residue.kind in RESIDUE_FIELDS and find_field_category(RESIDUE_FIELDS[residue.kind], retention) is None:
        return "quarantine", "no_category_claims_it"
    return "keep", "retention_file_keeps"


def compute_retry_pause_s(attempts: int, retry_after_s: float | None) -> float:
    """Return the seconds until a system is asked again after so many attempts; its own wish counts if it is longer."""
    pause = TASK_RETRY_PAUSES_S[min(attempts, len(TASK_RETRY_PAUSES_S)) - 1]
    return max(float(pause), retry_after_s or 0.0)


def is_task_ready(task: Task, now: datetime) -> bool:
    """Return whether the task can be worked on now."""
    if task.state is TaskState.PENDING:
        return True
    return task.state in (TaskState.RETRY, TaskState.WAITING) and task.wake_at is not None and task.wake_at <= now


def list_ready_tasks(tasks: Collection[Task], now: datetime) -> Iterator[Task]:
    """Yield the tasks of a request that are due and need not wait for another."""
    return (task for task in tasks if is_task_ready(task, now) and has_finished_prerequisites(task, tasks))


def has_finished_prerequisites(task: Task, tasks: Iterable[Task]) -> bool:
    """Return whether every task that it runs after is far enough. `tasks` are all of the request."""
    earlier = [other for other in tasks if _runs_after(task, other)]
    tried = [
        other
        for other in earlier
        if task.action in RUNS_AFTER_FIRST_TRY and other.action is not TaskAction.FIND_CUSTOMERS
    ]
    return all(
        other.state is not TaskState.PENDING if other in tried else other.state in FINISHED_STATES for other in earlier
    )


def _runs_after(task: Task, other: Task) -> bool:
    if task.customer and other.customer and task.customer != other.customer:
        return False  # of several customers at the platform each goes its own way
    if task.action in CARRIERS_AFTER_PLATFORM and (task.system == PLATFORM or other.system != PLATFORM):
        return False
    return other.action in RUNS_AFTER.get(task.action, ())


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestStatus:
    """Where a request stands: its state, whether everything was given, whether it can be answered, when to look again."""

    state: RequestState
    complete: bool
    answerable: bool
    wake_at: datetime | None


def assess_request_status(tasks: Sequence[Task]) -> RequestStatus:
    """Return where a request stands by its tasks.

    It can be answered when the bridge's and the platform's own tasks are done and every other system was asked at
    least once; a carrier that is down delays no answer, its part follows. While it is not proven who asks, nothing is
    answered. A task of the bridge that waits for an
    operator is open too: such a request waits, and cannot be answered. What a law keeps delays no answer, nor what comes
    after it: it follows by itself. It is complete when every system answered; a processor that was only asked did not. A
    restriction that is in force is what was asked for: its end is still to come.
    """
    held = [task for task in tasks if task.wait_reason in (WaitReason.HELD_BY_LAW, WaitReason.RESTRICTION_IN_FORCE)]
    pending = [
        task
        for task in tasks
        if task.state is TaskState.PENDING and not any(_runs_after(task, other) for other in held)
    ]
    retried = [task for task in tasks if task.state is TaskState.RETRY]
    waiting = [task for task in tasks if task.state is TaskState.WAITING]
    # a waiting task of the bridge waits for an operator, a processor's for others: only the first delays the answer
    is_unidentified = any(task.wait_reason in IDENTITY_WAITS for task in waiting)
    is_answer_blocked = any(map(_is_needed_for_answer, (*pending, *retried))) or any(
        task.system in OWN_SYSTEMS for task in waiting if task not in held
    )
    if is_unidentified:
        state = RequestState.WAITING
    elif pending or any(map(_is_needed_for_answer, retried)):
        state = RequestState.IN_PROGRESS
    else:
        state = RequestState.WAITING if retried or waiting else RequestState.DONE
    return RequestStatus(
        state=state,
        complete=all(_is_done(task) and not task.gaps for task in tasks),
        answerable=not pending and not is_answer_blocked and not is_unidentified,
        wake_at=_find_earliest_datetime(task.wake_at for task in (*retried, *waiting)),
    )


def _is_done(task: Task) -> bool:
    return task.state is TaskState.DONE or task.wait_reason is WaitReason.RESTRICTION_IN_FORCE


def _is_needed_for_answer(task: Task) -> bool:
    if task.wait_reason is WaitReason.GAVE_WAY:
        return True  # in the middle of its pages
    return task.system in OWN_SYSTEMS or (task.system == PLATFORM and task.action in NEEDED_OF_PLATFORM)


def _find_earliest_datetime(times: Iterable[datetime | None]) -> datetime | None:
    return min((time for time in times if time is not None), default=None)
