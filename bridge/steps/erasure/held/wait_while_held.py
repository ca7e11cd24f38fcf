"""Puts a task off while the retention file keeps what it would destroy. Saves nothing, calls no system."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from bridge.model import Task, WaitReason
from bridge.rules.retention.category_retention import CategoryRetention
from bridge.rules.retention.statutory_last_days import compute_day_start
from bridge.services import Services
from bridge.steps.task_results import wait_task

OPEN_ENDED_RECHECK = timedelta(days=1)


def wait_while_held(task: Task, kept: Iterable[CategoryRetention], services: Services) -> Task:
    """Return the task as waiting for the first of these days, and expected by the last.

    Where nobody can say a day yet, it is asked again each day.
    """
    retention, now = services.retention, services.clock.now()
    days = [None if each.release_needs else each.erasable_from for each in kept]
    starts = [compute_day_start(day, retention) for day in days if day]
    open_ended = [now + OPEN_ENDED_RECHECK] if len(starts) < len(days) else []
    expected_by = None if open_ended else max(starts)
    reason = WaitReason.HELD_BY_LAW
    return replace(wait_task(task, reason, min([*starts, *open_ended]), wait_reason=reason), expected_by=expected_by)
