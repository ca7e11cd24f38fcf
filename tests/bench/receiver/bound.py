"""The bound: the least that a receiver must do whose answer means that the webhook is durable.

On the web server of the bridge: verify the signature, commit the body together with those that wait at the same time,
answer. No Flask, no sealing, no deduplication by content, no metrics. `python -m tests.bench.receiver.bound PORT DATABASE`.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import os
import sqlite3
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
from granian import Granian
from granian.constants import HTTPModes, Interfaces

from bridge.sandbox.shopify.server import CLIENT_SECRET

Row = tuple[str, str, str, bytes]
SECRET = CLIENT_SECRET.encode()
TABLE = "CREATE TABLE IF NOT EXISTS inbox (id text PRIMARY KEY, topic text, shop text, body {} NOT NULL)"
MAX_ROWS = 256


def connect(database: str) -> Callable[[Sequence[Row]], None]:
    """A function that commits rows."""
    if database.startswith("sqlite:///"):
        return _connect_sqlite(database.removeprefix("sqlite:///"))
    plain = database.replace("postgresql+psycopg://", "postgresql://", 1)
    connection = psycopg.connect(plain, autocommit=True)
    connection.execute(TABLE.format("bytea"))
    connection.execute("ALTER TABLE inbox ALTER body SET STORAGE EXTERNAL")
    arrays = (
        "INSERT INTO inbox SELECT * FROM unnest(%b::text[], %b::text[], %b::text[], %b::bytea[]) ON CONFLICT DO NOTHING"
    )

    def commit(rows: Sequence[Row]) -> None:
        connection.execute(arrays, [list(column) for column in zip(*rows, strict=True)], prepare=True)

    return commit


def _connect_sqlite(path: str) -> Callable[[Sequence[Row]], None]:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=MAX_ROWS)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(TABLE.format("blob"))

    def commit(rows: Sequence[Row]) -> None:
        lines = ",".join(["(?,?,?,?)"] * len(rows))
        values = [value for row in rows for value in row]
        connection.execute(f"INSERT INTO inbox VALUES {lines} ON CONFLICT DO NOTHING", values)  # noqa: S608

    return commit


class Receiver:
    """The RSGI application."""

    def __init__(self, database: str) -> None:
        self._database = database
        self._waiting: list[tuple[Row, asyncio.Future[None]]] = []
        self._thread = ThreadPoolExecutor(1)
        self._is_busy = False

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._commit = self._thread.submit(connect, self._database).result()

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        body = await protocol()
        given = scope.headers
        if "x-shopify-hmac-sha256" not in given:  # the question whether it is ready
            protocol.response_empty(200, [])
            return
        signature = base64.b64decode(given.get("x-shopify-hmac-sha256"))
        if not hmac.compare_digest(hmac.digest(SECRET, body, "sha256"), signature):
            protocol.response_empty(401, [])
            return
        committed = self._loop.create_future()
        names = ("x-shopify-webhook-id", "x-shopify-topic", "x-shopify-shop-domain")
        self._waiting.append(((*map(given.get, names), body), committed))
        if not self._is_busy:
            self._is_busy = True
            self._loop.call_soon(self._begin)
        await committed
        protocol.response_empty(200, [])

    def _begin(self) -> None:
        batch, self._waiting = self._waiting[:MAX_ROWS], self._waiting[MAX_ROWS:]
        self._thread.submit(self._write, batch)

    def _write(self, batch: list[tuple[Row, asyncio.Future[None]]]) -> None:
        self._commit([row for row, _ in batch])
        self._loop.call_soon_threadsafe(self._resolve, batch)

    def _resolve(self, batch: list[tuple[Row, asyncio.Future[None]]]) -> None:
        for _, committed in batch:
            if not committed.done():
                committed.set_result(None)
        if self._waiting:
            self._begin()
        else:
            self._is_busy = False


def main() -> None:
    port, os.environ["BOUND_DATABASE"] = int(sys.argv[1]), sys.argv[2]
    Granian(
        "tests.bench.receiver.bound:make_receiver",
        factory=True,
        port=port,
        interface=Interfaces.RSGI,
        workers=1,
        http=HTTPModes.http1,
        websockets=False,
        backpressure=8192,
        log_level="warning",
    ).serve()


def make_receiver() -> Receiver:
    return Receiver(os.environ["BOUND_DATABASE"])


if __name__ == "__main__":
    main()
