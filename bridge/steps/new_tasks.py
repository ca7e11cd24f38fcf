"""How a task of a request begins, in one place. Saves nothing."""

from __future__ import annotations

from typing import Any

from bridge.model import Task, TaskAction, TaskState
from bridge.services import Services


def build_task(request_id: str, system: str, action: TaskAction, services: Services, **values: Any) -> Task:
    """Return a new task of the request at a system, due at once; `values` are further fields, or another state."""
    return Task(
        id=services.store.new_id("tsk"),
        request_id=request_id,
        system=system,
        action=action,
        **{"state": TaskState.PENDING, **values},
    )
