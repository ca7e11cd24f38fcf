"""Memory of processes as Linux tells it. PSS shares a page's cost among all who use it; RSS does not."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

KB_PER_MB = 1024
LOOK_EVERY_S = 0.02


def pss_mb(pid: int) -> float:
    return _line(pid, "smaps_rollup", "Pss:") / KB_PER_MB


def rss_mb(pid: int) -> float:
    return _line(pid, "status", "VmRSS:") / KB_PER_MB


def _line(pid: int, file: str, name: str) -> int:
    lines = Path(f"/proc/{pid}/{file}").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))


class Watch:
    """The largest resident size of any of the processes while the block runs: the kernel keeps the high mark."""

    def __init__(self, pids: Callable[[], Iterable[int]]) -> None:
        self._pids = pids
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.peak_mb = 0.0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self._thread.join(30)

    def _run(self) -> None:
        while not self._stop.wait(LOOK_EVERY_S):
            for pid in self._pids():
                with suppress(OSError, StopIteration):  # it ended meanwhile
                    self.peak_mb = max(self.peak_mb, _line(pid, "status", "VmHWM:") / KB_PER_MB)
