"""What is done to the installation, one at a time: signals, lost servers, faults of others, a full disk, a clock that jumps."""

from __future__ import annotations

import os
import random
import resource
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

import redis

from bridge.sandbox.processes.kill_on_exit import signal_session
from tests.torture.installation import Installation

DAY_S = 86_400.0
FAULT_KINDS = ("http_503", "http_500", "http_429", "reset", "html", "empty", "truncated", "slow")
SHOPIFY_FAULT_KINDS = (*FAULT_KINDS, "throttle", "null_node", "repeat_cursor")
PAUSE_S = (0.05, 0.9)
DISK_FULL_S = 0.8
DISK_ROOM_BYTES = 4096


class Disturber:
    """Chooses and carries out disturbances. `counts` says how often each happened; the same seed makes the same choice."""

    def __init__(self, installation: Installation, *, seed: int) -> None:
        self._at, self._random = installation, random.Random(seed)  # noqa: S311 - what is wanted is that it can be repeated
        self.counts: Counter[str] = Counter()
        self._signalled = 0
        signals: dict[Callable[[], None], int] = {
            self.kill_web: 2, self.end_web: 2, self.kill_worker: 4, self.end_worker: 3, self.kill_work_horse: 6,
            self.kill_clock: 2, self.end_clock: 2, self.kill_redis: 2, self.overlap_generations: 1,
        }  # fmt: skip
        if installation.postgres is not None:
            signals[self.kill_postgres] = 2
        self._signals = signals
        self._others: dict[Callable[[], None], int] = {
            self.empty_redis: 3, self.break_shopify: 4, self.break_carrier: 4, self.stop_mail: 2, self.fill_disk: 2,
            self.jump_clock: 2,
        }  # fmt: skip

    @property
    def kills(self) -> int:
        """Return how many processes were sent SIGKILL or SIGTERM on purpose."""
        return self._signalled

    @property
    def number(self) -> int:
        """Return how many disturbances there were."""
        return self.counts.total()

    def disturb(self) -> str:
        """Do one thing, start again what is missing, and return its name."""
        table = self._signals if self._random.random() < 0.75 else self._others
        (deed,) = self._random.choices(list(table), list(table.values()))
        deed()
        name = deed.__name__
        self.counts[name] += 1
        time.sleep(self._random.uniform(*PAUSE_S))
        self._at.keep_running()
        return name

    def calm_down(self) -> None:
        """Take every fault back."""
        for server in self._at.town.stand_ins.servers:
            server.faults.clear()
        self._limit_file_size(resource.RLIM_INFINITY)

    def kill_web(self) -> None:
        self._kill("web")

    def kill_worker(self) -> None:
        self._kill("worker")

    def kill_clock(self) -> None:
        self._kill("clock")

    def end_web(self) -> None:
        self._end("web")

    def end_worker(self) -> None:
        self._end("worker")

    def end_clock(self) -> None:
        self._end("clock")

    def kill_work_horse(self) -> None:
        """Kill the process that runs a job, not the worker that started it."""
        bridge = self._at.town.bridge
        for name in self._list_names("worker"):
            for horse in sorted(bridge.pids(name))[1:]:
                try:
                    os.kill(horse, signal.SIGKILL)
                except ProcessLookupError:
                    continue
                self._signalled += 1

    def overlap_generations(self) -> None:
        """Start a worker and a clock beside the running ones, then end the older ones, as a deploy does."""
        bridge = self._at.town.bridge
        older = [name for kind in ("worker", "clock") for name in self._list_names(kind)]
        for name in older:
            bridge.start_process(name.partition(".")[0])
        time.sleep(1.0)
        for name in older:
            self._end(name)

    def kill_redis(self) -> None:
        """Kill Redis: what was written since its last second is lost."""
        self._at.town.valkey.kill()
        time.sleep(self._random.uniform(0, 0.5))
        self._at.town.valkey.start()
        self._signalled += 1

    def empty_redis(self) -> None:
        with redis.Redis.from_url(self._at.town.valkey.url) as client:
            client.flushall()

    def kill_postgres(self) -> None:
        assert self._at.postgres is not None
        self._at.postgres.kill()
        time.sleep(self._random.uniform(0, 0.5))
        self._at.postgres.start()
        self._signalled += 1

    def break_shopify(self) -> None:
        kind = self._random.choice(SHOPIFY_FAULT_KINDS)
        self._at.town.stand_ins.shopify.faults.add(kind, times=self._random.randint(1, 4), seconds=0.5)

    def break_carrier(self) -> None:
        carrier = self._random.choice(self._at.town.stand_ins.servers[1:])
        carrier.faults.add(self._random.choice(FAULT_KINDS), times=self._random.randint(1, 4), seconds=0.5)

    def stop_mail(self) -> None:
        self._at.mailbox.stop()
        time.sleep(self._random.uniform(0.2, 1.0))
        self._at.mailbox.start()

    def fill_disk(self) -> None:
        """Let no file of the database grow for a moment."""
        folder = self._at.postgres.data_folder if self._at.postgres else self._at.town.folder
        pattern = "pg_wal/0*" if self._at.postgres else "bridge.db*"
        largest = max((path.stat().st_size for path in folder.glob(pattern)), default=0)
        self._limit_file_size(DISK_ROOM_BYTES if self._at.postgres is None else max(largest // 2, DISK_ROOM_BYTES))
        time.sleep(DISK_FULL_S)
        self._limit_file_size(resource.RLIM_INFINITY)
        if self._at.postgres is not None and not self._at.postgres.is_running:
            self._at.postgres.restart()

    def jump_clock(self) -> None:
        """Move all clocks by a day in one direction for a moment."""
        usual = self._at.clock_offset_s
        self._at.move_clock(usual + self._random.choice((-DAY_S, DAY_S)))
        time.sleep(self._random.uniform(0.3, 1.0))
        self._at.move_clock(usual)

    def _list_names(self, kind: str) -> list[str]:
        return [name for name in self._at.town.bridge.list_running() if name.partition(".")[0] == kind]

    def _choose(self, kind: str) -> str:
        return self._random.choice(self._list_names(kind) or [""])

    def _kill(self, kind: str) -> None:
        if name := self._choose(kind):
            self._signalled += self._at.town.bridge.kill(name)

    def _end(self, kind_or_name: str) -> None:
        bridge = self._at.town.bridge
        name = kind_or_name if "." in kind_or_name else self._choose(kind_or_name)
        if pids := bridge.pids(name) if name else []:
            with suppress(ProcessLookupError):
                signal_session(os.getsid(pids[0]), signal.SIGTERM)
            self._signalled += 1

    def _limit_file_size(self, size: int) -> None:
        bridge, pids = self._at.town.bridge, []
        for kind in ("web", "worker", "clock"):
            pids += bridge.pids(kind)
        if self._at.postgres is not None:
            pids += self._at.postgres.list_pids()
        for pid in pids:
            try:
                _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))
            except (ProcessLookupError, PermissionError):
                continue
