"""Put due rows on the queue again. The database is the memory; Redis only wakes workers.

Keeps the queue short on purpose: further rows wait in the database until there is room. So a wiped Redis is refilled
by the next run, and a slow worker does not get more jobs than it can do.
"""

from __future__ import annotations

from bridge.services import Services

MAX_WAITING_JOBS = 200


def enqueue_due(*, services: Services) -> int:
    """Enqueue due rows and return how many were enqueued; 0 if the queue is full or does not answer.

    Raises StoreUnavailable.
    """
    waiting_jobs = services.queue.depth()
    if waiting_jobs is None or waiting_jobs >= MAX_WAITING_JOBS:
        return 0
    return services.store.enqueue_due(
        lambda job, row_id, at_front: services.queue.enqueue(job, row_id, at_front=at_front),
        max_jobs=MAX_WAITING_JOBS - waiting_jobs,
    )
