"""Reads why a task waits from the text that is shown for it: the release before stores nothing else. Pure."""

from __future__ import annotations

from bridge import model

# in which a task can have a wait reason
WAITING_STATES = (model.TaskState.RETRY, model.TaskState.WAITING, model.TaskState.FAILED)
PRECHECK_ERROR_PREFIX = "guard_"  # before each blocking code in the error of a task that prechecks blocked


def derive_wait_reason(state: model.TaskState, last_error: str) -> model.WaitReason | None:
    """Return why a task waits from the text that is shown for it; None where no step decides by that text.

    Needed until no process of the release before `tasks.wait_reason` runs any more: that release writes `last_error`
    and leaves `wait_reason` as it was, blank or out of date. From then on the column alone can be read.
    """
    if state not in WAITING_STATES:
        return None
    if last_error.startswith(PRECHECK_ERROR_PREFIX):
        return model.WaitReason.PRECHECK_BLOCKED
    return next((reason for reason in model.WaitReason if reason == last_error), None)
