"""What a request must do at which systems, and where it stands given how its tasks stand. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bridge.model import Action, Kind, RequestState, Residue, Source, Task, TaskState
from bridge.rules.erasure.field_categories import claims
from config.retention_file.retention_model import Retention

PLATFORM = "shopify"
BRIDGE = "bridge"
VAULT = "vault"
OURS = (BRIDGE, VAULT)
FIELDS = {  # what others write at a platform, by the name that a category claims it under
    "customer_metafields": "customer.metafields",
    "order_metafields": "order.metafields",
    "order_notes": "order.note",
    "order_attributes": "order.note_attributes",
}

# A system that is down is asked again after these pauses; 2 h 36 min 10 s in all, then its gap stays.
RETRY_S = (10, 60, 300, 1_800, 7_200)
# How often a platform is asked whether its own erasure is done: an hour, then each day.
FOLLOW_S = (3_600, 86_400)
FOLLOW_DAYS = 180
BEFORE_FOLLOW = (Action.LOCATE, Action.SEAL, Action.ASK, Action.REDACT, Action.ERASE)


def planned(kind: Kind, source: Source, carriers: Collection[str]) -> list[tuple[str, Action]]:
    """(system, action) of a new request. Carriers' instructions are added when their parcels are known.

    What comes by webhook the platform erases by itself; what was opened by hand it must be asked for.
    """
    if kind is Kind.ACCESS:
        return [(system, Action.GATHER) for system in (PLATFORM, *sorted(carriers))]
    if kind is Kind.ERASURE:
        by_hand = source is Source.OPERATOR
        asked = [(PLATFORM, Action.ASK), (PLATFORM, Action.REDACT)] if by_hand else []
        return [
            (PLATFORM, Action.LOCATE),
            (VAULT, Action.SEAL),
            *asked,
            (BRIDGE, Action.ERASE),
            (PLATFORM, Action.FOLLOW),
        ]
    return [(BRIDGE, Action.ERASE)]


def verdict(item: Residue, retention: Retention) -> tuple[str, str]:
    """Say what is done with something others wrote at the platform: (erase, keep, left or quarantine, why as a code).

    What is not removed and what no category of the retention file claims is quarantined: a person decides.
    """
    if retention.residue.touches(item.kind):
        return ("left", item.held) if item.held else ("erase", "retention_file_erases")
    if item.kind in FIELDS and claims(FIELDS[item.kind], retention) is None:
        return "quarantine", "no_category_claims_it"
    return "keep", "retention_file_keeps"


def pause_s(attempts: int, retry_after_s: float | None) -> float:
    """Seconds until a system is asked again after so many attempts; its own wish counts where it is longer."""
    pause = RETRY_S[min(attempts, len(RETRY_S)) - 1]
    return max(float(pause), retry_after_s or 0.0)


def ready(task: Task, now: datetime) -> bool:
    """True where the task can be worked on now."""
    if task.state is TaskState.PENDING:
        return True
    return (
        task.state in (TaskState.RETRY, TaskState.WAITING)
        and task.wake_at is not None
        and task.wake_at <= now
    )


def in_turn(task: Task, tasks: Iterable[Task]) -> bool:
    """True where nothing must come before the task.

    Nothing waits for a platform that cannot say which parcels there are: an erasure needs no token.
    Carriers are asked when the platform's orders have named the parcels. What others wrote there is looked at
    when the platform was asked, which learns her id. It is followed when all that is done and ours is erased:
    its answer makes the request forget the person. Nothing is erased before somebody looked whether its
    statutory copy exists; `ask` itself asks for nothing while one is missing.
    """
    if task.action is Action.ERASE:
        return all(other.state is not TaskState.PENDING for other in tasks if other.action is Action.SEAL)
    if task.action is Action.ASK:
        before = [other for other in tasks if other.action is Action.SEAL]
    elif task.action is Action.FOLLOW:
        before = [other for other in tasks if other.action in BEFORE_FOLLOW]
    elif task.action is Action.REDACT:
        before = [other for other in tasks if other.action is Action.ASK]
    elif task.action is Action.GATHER and task.system != PLATFORM:
        before = [other for other in tasks if (other.system, other.action) == (PLATFORM, Action.GATHER)]
    else:
        return True
    return all(other.state in (TaskState.DONE, TaskState.FAILED) for other in before)


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """Where a request stands: its state, whether everything asked for was given, when to look again."""

    state: RequestState
    complete: bool
    answerable: bool
    wake_at: datetime | None


def standing(tasks: Sequence[Task]) -> Standing:
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
    ours_open = any(map(_ours, (*pending, *retried))) or any(task.system in OURS for task in waiting)
    if pending or any(map(_ours, retried)):
        state = RequestState.IN_PROGRESS
    else:
        state = RequestState.WAITING if retried or waiting else RequestState.DONE
    return Standing(
        state=state,
        complete=all(task.state is TaskState.DONE and not task.gaps for task in tasks),
        answerable=not pending and not ours_open,
        wake_at=_earliest(task.wake_at for task in (*retried, *waiting)),
    )


def _ours(task: Task) -> bool:
    return task.system in OURS or (task.system == PLATFORM and task.action is Action.GATHER)


def _earliest(moments: Iterable[datetime | None]) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)
