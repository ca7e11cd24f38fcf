"""The null form of `ports.Queue`, for callers that change rows and leave enqueueing to `enqueue_due`."""

from __future__ import annotations

from collections.abc import Sequence


class NullQueue:
    """A queue that accepts no job. `enqueue_due` enqueues the changed rows within seconds."""

    def enqueue(self, job: str, row_id: str, *, at_front: bool = False) -> bool:  # noqa: ARG002 - the port's signature
        """Enqueue nothing and return False."""
        return False

    def enqueue_all(self, jobs: Sequence[tuple[str, str, bool]]) -> bool:  # noqa: ARG002 - the port's signature
        """Enqueue nothing and return False."""
        return False

    def depth(self) -> int | None:
        """Return None: there is no queue to count."""
        return None
