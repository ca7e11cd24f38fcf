"""Sweep: ring for every row that is due and that nobody came for. The database is the memory.

Keeps the queue short on purpose: what waits longer is in the database, and is rung for when there is room, so
a wiped Redis is refilled within a turn and a slow worker is not buried under bells.
"""

from __future__ import annotations

from bridge.ports import Services

ROOM = 200


def sweep(*, services: Services) -> int:
    """Ring. Returns how many bells were heard; nothing is lost when none was."""
    waiting = services.queue.depth()
    if waiting is None or waiting >= ROOM:
        return 0
    return services.store.ring_due(
        lambda job, row_id, first: services.queue.nudge(job, row_id, first=first), room=ROOM - waiting
    )
