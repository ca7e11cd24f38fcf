"""What waits while the season goes on, and what the processes hold in memory: looked at twice a second."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import psycopg

from tests.bench.memory import pss_mb

if TYPE_CHECKING:
    from tests.bench.bench_env import Scene

EVERY_S = 0.5
STEADY_S = 2.0  # so long it must be calm
MEMORY_EVERY = 4  # looks
WEBHOOKS = "SELECT count(*) FROM deliveries WHERE state = 'received'"
REQUESTS = "SELECT count(*) FROM requests WHERE state = 'in_progress' AND (wake_at <= now() OR lease_until > now())"
LOOK = f"SELECT ({WEBHOOKS}), ({REQUESTS})"
PROCESSES = ("web", "worker", "clock")


@dataclass(frozen=True)
class Look:
    """Webhooks that are stored and not yet worked on, requests that are due, at a moment of the monotonic clock."""

    at: float
    webhooks: int
    requests: int


class BacklogWatch:
    """Looks from a thread while the block runs. `peaks_mb` is the most (PSS) of each kind of process together."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.looks: list[Look] = []
        self.peaks_mb = dict.fromkeys(PROCESSES, 0.0)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._is_over.set()
        self._thread.join(30)

    def _run(self) -> None:
        plain = self._scene.database.replace("postgresql+psycopg://", "postgresql://", 1)
        with psycopg.connect(plain, autocommit=True) as connection:
            while not self._is_over.wait(EVERY_S):
                self.looks.append(Look(time.monotonic(), *connection.execute(LOOK).fetchone()))
                if len(self.looks) % MEMORY_EVERY == 0:
                    self._look_at_memory()

    def _look_at_memory(self) -> None:
        for kind in PROCESSES:
            with suppress(OSError, StopIteration):  # one of them ended meanwhile
                total = sum(pss_mb(pid) for pid in self._scene.bridge.pids(kind))
                self.peaks_mb[kind] = max(self.peaks_mb[kind], total)


def find_drained_s(looks: list[Look], *, burst_ended: float, calm: float) -> float | None:
    """Seconds from the end of the burst until for two seconds no more than `calm` waits; None where more stays.

    `burst_ended` is a moment of the looks' clock.
    """
    after = [look for look in looks if look.at >= burst_ended]
    steady = round(STEADY_S / EVERY_S)
    for place in range(len(after) - steady + 1):
        if all(look.webhooks + look.requests <= calm for look in after[place : place + steady]):
            return after[place].at - burst_ended
    return None
