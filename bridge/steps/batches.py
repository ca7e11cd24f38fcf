"""Cuts work into batches, each for a transaction of its own: a writer that takes long holds up every webhook."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


def cut_batches(items: Sequence[Item], size: int) -> list[Sequence[Item]]:
    """Return the items in their order, in batches of at most `size`; none for no item."""
    return [items[first : first + size] for first in range(0, len(items), size)]
