"""Hundreds of slow connections of each kind, and another client beside them: what it notices."""

from __future__ import annotations

import selectors
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from bridge.sandbox.processes import ROOT
from tests.bench.bench_env import postgres
from tests.bench.figures import Figure
from tests.bench.receiver.stage import on_cores, open_receivers
from tests.bench.receiver.steady import send_steadily

if TYPE_CHECKING:
    from collections.abc import Iterator

CONNECTIONS = 300
PER_S = 200
DRIP_INTERVAL_S = 0.1
HALF_HEADER = b"POST /webhooks/orders/create HTTP/1.1\r\nHost: x\r\nX-Half: "
WHOLE_HEADER = b"POST /webhooks/orders/create HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"
# what each connection sends at first, and then again and again
KINDS = {
    "silent": (b"", b""),
    "half a header": (HALF_HEADER, b""),
    "a header that drips": (HALF_HEADER, b"x"),
    "half a body": (WHOLE_HEADER + b"x" * 500, b""),
    "a body that drips": (WHOLE_HEADER, b"x"),
}


def measure(*, quick: bool) -> Iterator[Figure]:
    """The p99 of a client at a constant rate beside slow connections, as a ratio to the run before without them."""
    runs, seconds = (1, 1.5) if quick else (3, 4)
    with on_cores(load=True), postgres() as server, open_receivers(server, others=False) as (_, receivers):
        port = receivers["ours"].port
        send_steadily(port, first=0, per_s=PER_S, seconds=1)
        first = 0
        for kind in KINDS:
            ratios, others, times = [], 0, []
            for _ in range(runs):
                first += 1_000_000
                without = send_steadily(port, first=first, per_s=PER_S, seconds=seconds)
                with open_slowly(port, kind):
                    beside = send_steadily(port, first=first + 500_000, per_s=PER_S, seconds=seconds)
                ratios.append(beside["p99_ms"] / without["p99_ms"])
                times.append(beside["p99_ms"])
                others += beside["other"] + beside["refused"]
            title = f"beside {CONNECTIONS} connections, {kind}"
            yield Figure(measure=f"{title}: p99", unit="ms", runs=times)
            yield Figure(measure=f"{title}: p99 of that without", unit="", runs=ratios)
            yield Figure(measure=f"{title}: refused or lost", unit="", runs=[others])


@contextmanager
def open_slowly(port: int, kind: str) -> Iterator[None]:
    """Hold slow connections from a process of its own while the block runs."""
    with on_cores(load=True):
        words = [sys.executable, "-m", "tests.bench.receiver.slow_crowd", str(port), kind]
        process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == b"open\n"
        yield
    finally:
        process.kill()
        process.wait(10)
        process.stdout.close()


def main() -> None:
    """Open the connections, say so, and drip until killed. A connection that the receiver ended is opened anew."""
    port, (first, drop) = int(sys.argv[1]), KINDS[sys.argv[2]]
    crowd = [_connect(port, first) for _ in range(CONNECTIONS)]
    sys.stdout.write("open\n")
    sys.stdout.flush()
    while True:
        began = time.monotonic()
        with ExitStack() as parts:
            watch = parts.enter_context(selectors.DefaultSelector())
            for place, each in enumerate(crowd):
                watch.register(each, selectors.EVENT_READ, place)
            ended = [key.data for key, _ in watch.select(0)]
        for place in ended:
            crowd[place].close()
            crowd[place] = _connect(port, first)
        for place, each in enumerate(crowd):
            try:
                each.sendall(drop)
            except OSError:
                crowd[place].close()
                crowd[place] = _connect(port, first)
        time.sleep(max(0.0, DRIP_INTERVAL_S - (time.monotonic() - began)))


def _connect(port: int, first: bytes) -> socket.socket:
    each = socket.create_connection(("127.0.0.1", port), 5)
    each.sendall(first)
    return each


if __name__ == "__main__":
    main()
