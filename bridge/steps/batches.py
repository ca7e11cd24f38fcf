"""Cuts work into batches, each for a transaction of its own: a writer that takes long holds up every webhook."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from bridge.rules.operations.batch_pace import BatchPace

Item = TypeVar("Item")


def cut_batches(items: Sequence[Item], pace: BatchPace) -> Iterator[Sequence[Item]]:
    """Yield the items in their order, in batches of the size that `pace` has then; none for no item."""
    first = 0
    while first < len(items):
        batch = items[first : first + pace.size]
        first += len(batch)
        yield batch
