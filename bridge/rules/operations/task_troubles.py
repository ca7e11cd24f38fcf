"""Decide which tasks need a person, and which leave an answer incomplete. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bridge.model import Outcome, RequestState, TaskState, WaitReason
from bridge.rules.operations.guides import WAIT_GUIDES

LACKING = "lacking"  # done, and something was not given


@dataclass(frozen=True, kw_only=True, slots=True)
class TroubledTask:
    """A task that failed, lacks something or does not go on, and where its request stands."""

    request_id: str
    system: str
    action: str
    state: str
    outcome: str | None
    received_at: datetime
    closed_at: datetime | None
    request_state: str
    wait_reason: WaitReason | None


def needs_person(state: str, wait_reason: WaitReason | None, *, is_request_done: bool) -> bool:
    """Return whether a task goes on only when somebody acts. A request that ended waits for nobody."""
    if wait_reason is None or not WAIT_GUIDES[wait_reason].needs_person:
        return False
    return state == TaskState.FAILED or not is_request_done


def find_waiting_for(task: TroubledTask) -> WaitReason | None:
    """Return the reason for which a person must act on this task, None where nobody must."""
    is_done = task.request_state == RequestState.DONE
    return task.wait_reason if needs_person(task.state, task.wait_reason, is_request_done=is_done) else None


def find_shortfall(task: TroubledTask) -> str | None:
    """Return the outcome that makes the answer of a closed request incomplete and stays; None where it is complete or may become so."""
    if task.closed_at is None or task.state not in (TaskState.FAILED, TaskState.DONE):
        return None
    known = {Outcome.UNREACHED, Outcome.DENIED, Outcome.INCOMPLETE, Outcome.RETAINED, Outcome.UNCONFIRMED}
    return task.outcome if task.outcome in known else LACKING
