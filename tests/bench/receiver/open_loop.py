"""An open loop: every request is sent at its planned moment, whether the earlier ones are answered or not.

A request's time counts from the planned moment: a receiver that stands still for a second makes a second's requests
slow, not one. `python -m tests.bench.receiver.open_loop PORT SCHEDULE PATIENCE_S`; a schedule is a file of lines "seconds length", each
followed by a request. Prints one JSON line. `late_p99_ms` is this client's own delay: what it cannot carry shows there.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bridge.sandbox.processes import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_CONNECTIONS = 512
WARM_CONNECTIONS = 32
PATIENCE_S = 15.0  # after the last planned moment


@dataclass(slots=True)
class TimedRequest:
    """One request. `status` stays 0 where no answer came."""

    at: float
    request: bytes
    sent: float = 0.0
    answered: float = 0.0
    status: int = 0


class Connection(asyncio.Protocol):
    """One keep-alive connection with at most one request under way."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._received = b""
        self._current: TimedRequest | None = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def send(self, timed: TimedRequest) -> None:
        self._current = timed
        self._transport.write(timed.request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, is_whole, _ = self._received.partition(b"\r\n\r\n")
        if is_whole and self._current:  # answers to webhooks are empty
            self._current.status, self._current.answered = int(head[9:12]), time.monotonic()
            self._current, self._received = None, b""
            if b"connection: close" in head.lower():
                self._transport.close()
                self._client.count_end()
            else:
                self._client.take_back(self)

    def connection_lost(self, _: Exception | None) -> None:
        self._client.drop(self, self._current)


class Client:
    """Sends what is timed over as many connections as it takes."""

    def __init__(self, port: int, schedule: list[TimedRequest], patience_s: float) -> None:
        self._port, self._schedule, self._patience_s = port, schedule, patience_s
        self._idle: list[Connection] = []
        self._waiting: deque[TimedRequest] = deque()
        self._open = self._ended = 0
        self._is_over = asyncio.Event()
        self.reconnects = self.refused = 0

    async def run(self) -> float:
        """Send everything. Returns the moment to which the schedule's seconds are added."""
        for _ in range(WARM_CONNECTIONS):
            await self._connect()
        began = time.monotonic() + 0.1
        for timed in self._schedule:
            timed.at += began
            if (pause := timed.at - time.monotonic()) > 0:
                await asyncio.sleep(pause)
            timed.sent = time.monotonic()
            self._waiting.append(timed)
            self._send_waiting()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._is_over.wait(), self._patience_s)
        return began

    def take_back(self, connection: Connection) -> None:
        self.count_end()
        self._idle.append(connection)
        self._send_waiting()

    def drop(self, connection: Connection, lost: TimedRequest | None) -> None:
        """Forget a closed connection. A request that it had is lost: it is not sent again."""
        self._open -= 1
        if lost is not None:
            self.count_end()
        if connection in self._idle:
            self._idle.remove(connection)
        self._send_waiting()

    def count_end(self) -> None:
        self._ended += 1
        if self._ended == len(self._schedule):
            self._is_over.set()

    def _send_waiting(self) -> None:
        while self._waiting and self._idle:
            self._idle.pop().send(self._waiting.popleft())
        for _ in range(min(len(self._waiting), MAX_CONNECTIONS - self._open)):
            self._open += 1
            self._task = asyncio.ensure_future(self._connect(is_counted=True))

    async def _connect(self, *, is_counted: bool = False) -> None:
        self._open += not is_counted
        loop = asyncio.get_running_loop()
        try:
            _, connection = await loop.create_connection(lambda: Connection(self), "127.0.0.1", self._port)
        except OSError:
            self._open -= 1
            self.refused += 1
            await asyncio.sleep(0.01)
            self._send_waiting()
            return
        self.reconnects += is_counted
        self._idle.append(connection)
        self._send_waiting()


def write_schedule(path: Path, timed: Iterable[tuple[float, bytes]]) -> None:
    """Write (seconds from the beginning, request), in their order."""
    with path.open("wb") as out:
        for at, request in timed:
            out.write(b"%.6f %d\n" % (at, len(request)) + request)


def run_schedule(
    port: int, timed: Iterable[tuple[float, bytes]], *, limit_s: float, patience_s: float = PATIENCE_S
) -> dict[str, Any]:
    """Send a schedule from a process of its own, and wait `patience_s` for the last answers. Returns what `summarize` says."""
    with tempfile.TemporaryDirectory(prefix="bridge-schedule-") as folder:
        path = Path(folder) / "schedule"
        write_schedule(path, timed)
        words = [sys.executable, "-m", "tests.bench.receiver.open_loop", str(port), str(path), str(patience_s)]
        done = subprocess.run(words, cwd=ROOT, capture_output=True, check=False, timeout=limit_s)
    assert done.returncode == 0, done.stderr.decode()[-500:]
    return json.loads(done.stdout)


def _read_schedule(path: Path) -> Iterator[TimedRequest]:
    with path.open("rb") as source:
        while line := source.readline():
            at, length = line.split()
            yield TimedRequest(float(at), source.read(int(length)))


def summarize(schedule: list[TimedRequest], began: float) -> dict[str, Any]:
    """Times in ms; the slowest of each second of the schedule; `other` counts whatever was not answered 200."""
    answered = [each for each in schedule if each.status]
    took = sorted(each.answered - each.at for each in answered)
    late = sorted(each.sent - each.at for each in schedule)
    seconds: dict[int, list[float]] = {}
    for each in answered:
        seconds.setdefault(int(each.at - began), []).append(each.answered - each.at)
    statuses = Counter(each.status for each in schedule)
    return {
        "began": began,
        "accepted": statuses[200],
        "other": len(schedule) - statuses[200],
        "statuses": {str(status): count for status, count in sorted(statuses.items())},
        "per_s": len(schedule) / max(schedule[-1].at - began, 0.001),
        "p50_ms": 1000 * took[len(took) // 2] if took else None,
        "p99_ms": 1000 * took[int(len(took) * 0.99)] if took else None,
        "max_ms": 1000 * took[-1] if took else None,
        "late_p99_ms": 1000 * late[int(len(late) * 0.99)],
        "late_max_ms": 1000 * late[-1],
        "each_second": [[second, len(times), 1000 * max(times)] for second, times in sorted(seconds.items())],
    }


async def _send(port: int, schedule: list[TimedRequest], patience_s: float) -> dict[str, Any]:
    client = Client(port, schedule, patience_s)
    began = await client.run()
    return summarize(schedule, began) | {"reconnects": client.reconnects, "refused": client.refused}


def main() -> None:
    schedule = list(_read_schedule(Path(sys.argv[2])))
    gc.freeze()
    gc.disable()  # a pause of this client would count as the receiver's
    sys.stdout.write(json.dumps(asyncio.run(_send(int(sys.argv[1]), schedule, float(sys.argv[3])))) + "\n")
    sys.stdout.flush()
    os._exit(0)  # open connections need no good-bye


if __name__ == "__main__":
    main()
