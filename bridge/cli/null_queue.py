"""A bell that is not rung: commands change rows, and sweep rings for them within seconds."""

from __future__ import annotations

from collections.abc import Sequence


class NullQueue:
    """`ports.Queue` without a queue."""

    def enqueue(self, job: str, row_id: str, *, at_front: bool = False) -> bool:  # noqa: ARG002 - the port's signature
        """See ports.Queue: nobody hears it."""
        return False

    def enqueue_all(self, jobs: Sequence[tuple[str, str, bool]]) -> bool:  # noqa: ARG002 - the port's signature
        """See ports.Queue: nobody hears it."""
        return False

    def depth(self) -> int | None:
        """See ports.Queue: nobody knows."""
        return None
