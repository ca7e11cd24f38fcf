"""Decides how much the next of a series of transactions changes, by how long the last one held SQLite's only writer.

Every webhook waits meanwhile. A slow or busy machine gets smaller batches, a fast one larger ones.
"""

from __future__ import annotations

LONG_HOLD_S = 0.08  # half of what is allowed at most, since the next batch may take longer than the last
SHORT_HOLD_S = LONG_HOLD_S / 2  # a batch of twice the size stays below it
SMALLEST_PART = 16  # of the most, where nothing else is said


class BatchPace:
    """How many rows the next transaction of a series may change: `size`, at most `most` and at least `least`.

    The first is the least, since nobody knows yet how fast the machine is. Where a transaction costs much by itself, however
    little it changes, a smaller one would take nearly as long.
    """

    def __init__(self, most: int, least: int = 0) -> None:
        self._most, self._least = most, min(most, least or max(1, most // SMALLEST_PART))
        self.size = self._least

    def record_hold(self, held_s: float) -> None:
        """Take into account how many seconds the last batch held the writer."""
        if held_s > LONG_HOLD_S:
            self.size = max(self._least, self.size // 2)
        elif held_s < SHORT_HOLD_S:
            self.size = min(self._most, self.size * 2)
