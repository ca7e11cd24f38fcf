"""Sweep: ring for every row that is due and that nobody came for. The database is the memory.

Keeps the queue short on purpose: what waits longer is in the database, and is rung for when there is room, so
a wiped Redis is refilled within a turn and a slow worker is not buried under bells.
"""

from __future__ import annotations

from bridge.ports import Services

MAX_WAITING_JOBS = 200


def enqueue_due(*, services: Services) -> int:
    """Ring. Returns how many bells were heard; nothing is lost when none was."""
    waiting_jobs = services.queue.depth()
    if waiting_jobs is None or waiting_jobs >= MAX_WAITING_JOBS:
        return 0
    return services.store.enqueue_due(
        lambda job, row_id, at_front: services.queue.enqueue(job, row_id, at_front=at_front),
        max_jobs=MAX_WAITING_JOBS - waiting_jobs,
    )
