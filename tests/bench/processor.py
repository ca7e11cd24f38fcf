"""Processor time of processes by kind of thread, as Linux tells it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

EVENT_LOOP, OTHERS = "event loop", "other threads"


def read_processor_s(pids: Iterable[int]) -> dict[str, float]:
    """Seconds that processes have used so far, in the first thread of each and in all others.

    The first thread runs the event loop; the server's own threads and that of the commits have no names of their own.
    """
    used = {EVENT_LOOP: 0.0, OTHERS: 0.0}
    for pid in pids:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):  # it ended meanwhile
                ticks = sum(map(int, (thread / "stat").read_text().rpartition(") ")[2].split()[11:13]))
                used[EVENT_LOOP if thread.name == str(pid) else OTHERS] += ticks / os.sysconf("SC_CLK_TCK")
    return used
