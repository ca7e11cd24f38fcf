"""What a request must do at which systems, and where it stands given how its tasks stand. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bridge.model import RequestKind, RequestSource, RequestState, Residue, Task, TaskAction, TaskState
from bridge.rules.erasure.field_categories import find_field_category
from config.retention_file.retention_model import Retention

PLATFORM = "shopify"
BRIDGE = "bridge"
VAULT = "vault"
OWN_SYSTEMS = (BRIDGE, VAULT)
RESIDUE_FIELDS = {  # what others write at a platform, by the name that a category claims it under
    "customer_metafields": "customer.metafields",
    "order_metafields": "order.metafields",
    "order_notes": "order.note",
    "order_attributes": "order.note_attributes",
}

# A system that is down is asked again after these pauses; 2 h 36 min 10 s in all, then its gap stays.
TASK_RETRY_PAUSES_S = (10, 60, 300, 1_800, 7_200)
# How often a platform is asked whether its own erasure is done: an hour, then each day.
POLL_PAUSES_S = (3_600, 86_400)
POLL_MAX_DAYS = 180
ACTIONS_BEFORE_POLL = (
    TaskAction.LOCATE_PARCELS,
    TaskAction.SEAL_INVOICES,
    TaskAction.REQUEST_PLATFORM_ERASURE,
    TaskAction.REMOVE_PLATFORM_RESIDUE,
    TaskAction.ERASE,
)


def list_initial_tasks(
    kind: RequestKind, source: RequestSource, carriers: Collection[str]
) -> list[tuple[str, TaskAction]]:
    """(system, action) of a new request. Carriers' instructions are added when their parcels are known.

    What comes by webhook the platform erases by itself; what was opened by hand it must be asked for.
    """
    if kind is RequestKind.ACCESS:
        return [(system, TaskAction.GATHER) for system in (PLATFORM, *sorted(carriers))]
    if kind is RequestKind.ERASURE:
        by_hand = source is RequestSource.OPERATOR
        asked = (
            [(PLATFORM, TaskAction.REQUEST_PLATFORM_ERASURE), (PLATFORM, TaskAction.REMOVE_PLATFORM_RESIDUE)]
            if by_hand
            else []
        )
        return [
            (PLATFORM, TaskAction.LOCATE_PARCELS),
            (VAULT, TaskAction.SEAL_INVOICES),
            *asked,
            (BRIDGE, TaskAction.ERASE),
            (PLATFORM, TaskAction.POLL_PLATFORM_ERASURE),
        ]
    return [(BRIDGE, TaskAction.ERASE)]


def decide_residue_action(residue: Residue, retention: Retention) -> tuple[str, str]:
    """Say what is done with something others wrote at the platform: (erase, keep, left or quarantine, why as a code).

    What is not removed and what no category of the retention file claims is quarantined: a person decides.
    """
    if retention.residue.removes_kind(residue.kind):
        return ("left", residue.hold_reason) if residue.hold_reason else ("erase", "retention_file_erases")
    if (
        residue.kind in RESIDUE_FIELDS
        and find_field_category(RESIDUE_FIELDS[residue.kind], retention) is None
    ):
        return "quarantine", "no_category_claims_it"
    return "keep", "retention_file_keeps"


def compute_retry_pause_s(attempts: int, retry_after_s: float | None) -> float:
    """Seconds until a system is asked again after so many attempts; its own wish counts where it is longer."""
    pause = TASK_RETRY_PAUSES_S[min(attempts, len(TASK_RETRY_PAUSES_S)) - 1]
    return max(float(pause), retry_after_s or 0.0)


def is_task_ready(task: Task, now: datetime) -> bool:
    """True where the task can be worked on now."""
    if task.state is TaskState.PENDING:
        return True
    return (
        task.state in (TaskState.RETRY, TaskState.WAITING)
        and task.wake_at is not None
        and task.wake_at <= now
    )


def has_finished_prerequisites(task: Task, tasks: Iterable[Task]) -> bool:
    """True where nothing must come before the task.

    Nothing waits for a platform that cannot say which parcels there are: an erasure needs no token.
    Carriers are asked when the platform's orders have named the parcels. What others wrote there is looked at
    when the platform was asked, which learns her id. It is followed when all that is done and ours is erased:
    its answer makes the request forget the person. Nothing is erased before somebody looked whether its
    statutory copy exists; `ask` itself asks for nothing while one is missing.
    """
    if task.action is TaskAction.ERASE:
        return all(
            other.state is not TaskState.PENDING
            for other in tasks
            if other.action is TaskAction.SEAL_INVOICES
        )
    if task.action is TaskAction.REQUEST_PLATFORM_ERASURE:
        before = [other for other in tasks if other.action is TaskAction.SEAL_INVOICES]
    elif task.action is TaskAction.POLL_PLATFORM_ERASURE:
        before = [other for other in tasks if other.action in ACTIONS_BEFORE_POLL]
    elif task.action is TaskAction.REMOVE_PLATFORM_RESIDUE:
        before = [other for other in tasks if other.action is TaskAction.REQUEST_PLATFORM_ERASURE]
    elif task.action is TaskAction.GATHER and task.system != PLATFORM:
        before = [other for other in tasks if (other.system, other.action) == (PLATFORM, TaskAction.GATHER)]
    else:
        return True
    return all(other.state in (TaskState.DONE, TaskState.FAILED) for other in before)


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestProgress:
    """Where a request stands: its state, whether everything asked for was given, when to look again."""

    state: RequestState
    complete: bool
    answerable: bool
    wake_at: datetime | None


def assess_request_progress(tasks: Sequence[Task]) -> RequestProgress:
    """The standing of a request given its tasks.

    Answerable: what is ours and the platform's is done and every other system was asked at least once, so
    the person can be told; a carrier that is down delays nobody, its supplement follows. What is ours and waits
    for a person of ours is open too: such a request is waiting, and cannot be answered.
    Complete: every system gave its answer; a processor that was only asked did not.
    """
    pending = [task for task in tasks if task.state is TaskState.PENDING]
    retried = [task for task in tasks if task.state is TaskState.RETRY]
    waiting = [task for task in tasks if task.state is TaskState.WAITING]
    # ours waits on a person here, a processor's on somebody else: only the first keeps her from being answered
    ours_open = any(map(_is_needed_for_answer, (*pending, *retried))) or any(
        task.system in OWN_SYSTEMS for task in waiting
    )
    if pending or any(map(_is_needed_for_answer, retried)):
        state = RequestState.IN_PROGRESS
    else:
        state = RequestState.WAITING if retried or waiting else RequestState.DONE
    return RequestProgress(
        state=state,
        complete=all(task.state is TaskState.DONE and not task.gaps for task in tasks),
        answerable=not pending and not ours_open,
        wake_at=_find_earliest_datetime(task.wake_at for task in (*retried, *waiting)),
    )


def _is_needed_for_answer(task: Task) -> bool:
    return task.system in OWN_SYSTEMS or (task.system == PLATFORM and task.action is TaskAction.GATHER)


def _find_earliest_datetime(moments: Iterable[datetime | None]) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)
