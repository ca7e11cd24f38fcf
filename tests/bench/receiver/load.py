"""The load: signed `orders/create` webhooks over keep-alive connections, from one process, as fast as answered.

Every request is built and signed before the clock starts; sending one is a system call. Prints one JSON line.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import json
import selectors
import socket
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from bridge.sandbox import webhooks
from bridge.sandbox.shopify.server import CLIENT_SECRET
from tests.bench.shops import invent_shop

BODY_BYTES = 10_000
MOST_PER_S = 6_000
HEAD = (
    "POST /webhooks/{topic} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    "Content-Length: {length}\r\nX-Shopify-Topic: {topic}\r\nX-Shopify-Hmac-Sha256: {signature}\r\n"
    "X-Shopify-Shop-Domain: {shop}\r\nX-Shopify-API-Version: 2026-10\r\nX-Shopify-Webhook-Id: {id}\r\n"
    "X-Shopify-Event-Id: {id}\r\nX-Shopify-Triggered-At: 2026-10-01T10:00:00.000000Z\r\n\r\n"
)


def requests(first: int) -> Iterator[bytes]:
    """Signed requests without end; no two have an id or a body in common."""
    shop = invent_shop(1, 1)
    order = json.loads(webhooks.build_body("orders/create", shop, person=shop.people[-1]))
    del order["id"]
    order["note"] = ""
    order["note"] = "x" * (BODY_BYTES - len(json.dumps(order)) - 24)
    common = json.dumps(order).encode()[:-1]
    signed = hmac.new(CLIENT_SECRET.encode(), common, hashlib.sha256)
    number = first
    while True:
        number += 1
        own = b',"id":%016d}' % (5_000_000_000_000_000 + number)
        mine = signed.copy()
        mine.update(own)
        yield build_request("orders/create", shop.shop, common + own, signature=mine.digest(), number=number)


def build_request(topic: str, shop: str, body: bytes, *, signature: bytes, number: int) -> bytes:
    """One request on the wire; `number` makes its ids."""
    encoded = base64.b64encode(signature).decode()
    ids = uuid.UUID(int=number)
    return HEAD.format(topic=topic, length=len(body), signature=encoded, shop=shop, id=ids).encode() + body


def write_requests(path: Path, *, first: int, count: int) -> None:
    """Write requests to a file for wrk: the length of each on a line of its own, then the request."""
    with path.open("wb") as out:
        for request in islice(requests(first), count):
            out.write(b"%d\n" % len(request) + request)


class Caller:
    """One keep-alive connection with at most one request under way."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.reconnects = -1
        self.connect()

    def connect(self) -> None:
        self.socket = socket.create_connection(("127.0.0.1", self._port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reconnects += 1
        self.received = b""

    def send(self, request: bytes) -> None:
        self.began = time.perf_counter()
        self.request = request
        self.socket.sendall(request)

    def hear(self) -> tuple[int, bool]:
        """Status of a whole answer (0 while there is none), and whether the server will close."""
        got = self.socket.recv(65_536)
        self.received += got
        head, found, _ = self.received.partition(b"\r\n\r\n")
        if found:  # answers to webhooks are empty
            self.received = b""
            return int(head[9:12]), b"connection: close" in head.lower()
        return 0, not got


def run(port: int, seconds: float, connections: int, first: int) -> dict[str, object]:
    """Keep every connection busy for so long."""
    supply = requests(first)
    ready = [next(supply) for _ in range(int(seconds * min(MOST_PER_S, 2_000 * connections)))]
    waiting = iter(ready)
    statuses: Counter[int] = Counter()
    took: list[float] = []
    callers = [Caller(port) for _ in range(connections)]
    with selectors.DefaultSelector() as watch:
        for caller in callers:
            watch.register(caller.socket, selectors.EVENT_READ, caller)
            caller.send(next(waiting))
        began = time.perf_counter()
        end, busy = began + seconds, connections
        while busy:
            for key, _ in watch.select(10) or sys.exit("no answer for 10 s"):
                caller = key.data
                status, closes = caller.hear()
                now = time.perf_counter()
                if not status and not closes:
                    continue
                if status:
                    statuses[status] += 1
                    took.append(now - caller.began)
                if closes:  # a process that served its share is replaced: the request is sent again
                    watch.unregister(caller.socket)
                    caller.socket.close()
                    caller.connect()
                    watch.register(caller.socket, selectors.EVENT_READ, caller)
                upcoming = next(waiting, None) if status else caller.request
                if now > end or upcoming is None:
                    busy -= 1
                    watch.unregister(caller.socket)
                else:
                    caller.send(upcoming)
        lasted = time.perf_counter() - began
    took.sort()
    return {
        "accepted": statuses[200],
        "other": sum(statuses.values()) - statuses[200],
        "per_s": statuses[200] / lasted,
        "p50_ms": 1000 * took[len(took) // 2],
        "p99_ms": 1000 * took[int(len(took) * 0.99)],
        "reconnects": sum(caller.reconnects for caller in callers),
        "exhausted": next(waiting, None) is None,
    }


def main() -> None:
    say = argparse.ArgumentParser(prog="python -m tests.bench.receiver.load", description=__doc__)
    say.add_argument("--port", type=int, required=True)
    say.add_argument("--seconds", type=float, default=5)
    say.add_argument("--connections", type=int, default=32)
    say.add_argument("--first", type=int, default=0, help="number of the first request: no two runs share one")
    given = say.parse_args()
    sys.stdout.write(json.dumps(run(given.port, given.seconds, given.connections, given.first)) + "\n")


if __name__ == "__main__":
    main()
