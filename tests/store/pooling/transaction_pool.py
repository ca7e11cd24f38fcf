"""A pool in front of Postgres that gives each transaction another connection, as pgbouncer does in transaction mode.

It speaks just enough of the protocol (https://www.postgresql.org/docs/current/protocol.html) to see where a transaction ends,
hands its connections out in turn, and resets none, so that what one transaction leaves is found by the next. What such a
pool cannot carry is refused or noted in `violations`: parameters of the session at the start, named prepared statements,
SET without LOCAL, LISTEN, advisory locks of a session.
"""

from __future__ import annotations

import queue
import re
import socket
import struct
import threading
from contextlib import suppress

PROTOCOL_3, SSL_REQUEST, GSS_REQUEST, CANCEL_REQUEST = 196608, 80877103, 80877104, 80877102
ALLOWED_PARAMETERS = {
    "user",
    "database",
    "client_encoding",
    "application_name",
}  # pgbouncer's, without ignore_startup_parameters
SESSION_STATE = re.compile(
    r"^\s*(SET\s+(?!LOCAL|TRANSACTION)|LISTEN|UNLISTEN|PREPARE|LOAD|DISCARD|DECLARE\b.*\bWITH\s+HOLD|CREATE\s+TEMP)"
    r"|pg_(try_)?advisory_lock|set_config\([^)]*false\s*\)",
    re.IGNORECASE | re.DOTALL,
)


def read_exactly(stream, size):
    content = b""
    while len(content) < size:
        part = stream.recv(size - len(content))
        if not part:
            raise ConnectionError
        content += part
    return content


def read_message(stream):
    """Return (type, all bytes) of one message."""
    head = read_exactly(stream, 5)
    return head[:1], head + read_exactly(stream, struct.unpack("!I", head[1:])[0] - 4)


def build_message(kind, body):
    return kind + struct.pack("!I", len(body) + 4) + body


class Server:
    """One connection of the pool to Postgres."""

    def __init__(self, path, database):
        self.stream = socket.socket(socket.AF_UNIX)
        self.stream.settimeout(20)
        self.stream.connect(path)
        body = f"user\0postgres\0database\0{database}\0client_encoding\0UTF8\0\0".encode()
        self.stream.sendall(struct.pack("!II", len(body) + 8, PROTOCOL_3) + body)
        self.greeting = b""
        while True:
            kind, whole = read_message(self.stream)
            assert kind != b"E", whole
            self.greeting += whole
            if kind == b"Z":
                return


class TransactionPool:
    """The pool. `used` counts transactions by connection."""

    def __init__(self, folder, database, size=3):
        self._servers: queue.Queue[Server] = queue.Queue()
        self._path, self._database = f"{folder}/.s.PGSQL.5432", database
        self._all = [Server(self._path, database) for _ in range(size)]
        for server in self._all:
            self._servers.put(server)
        self.violations, self.used, self.refused = [], dict.fromkeys(range(size), 0), []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads, self._clients = [], []
        self._start(self._accept)

    @property
    def url(self):
        port = self._listener.getsockname()[1]
        return f"postgresql+psycopg://postgres@127.0.0.1:{port}/{self._database}?pooling=transaction"

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for stream in [*self._clients, *(server.stream for server in self._all)]:
            with suppress(OSError):
                stream.shutdown(socket.SHUT_RDWR)
            stream.close()
        for thread in self._threads:
            thread.join(10)

    def _start(self, work, *arguments):
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self):
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else each answer waits 40 ms
                self._clients.append(client)
                self._start(self._serve, client)

    def _serve(self, client):
        with suppress(OSError):
            if not self._greet(client):
                return
            while True:
                kind, whole = read_message(client)
                if kind == b"X":
                    return
                server = self._servers.get(timeout=20)
                try:
                    self._run_transaction(client, server, kind, whole)
                finally:
                    self._servers.put(server)

    def _greet(self, client):
        while True:
            (size,) = struct.unpack("!I", read_exactly(client, 4))
            body = read_exactly(client, size - 4)
            (code,) = struct.unpack("!I", body[:4])
            if code in (SSL_REQUEST, GSS_REQUEST):
                client.sendall(b"N")
                continue
            if code == CANCEL_REQUEST:
                return False
            words = body[4:].split(b"\0")
            given = dict(zip(words[::2], words[1::2], strict=False))
            if foreign := {name.decode() for name in given if name} - ALLOWED_PARAMETERS:
                self.refused.append(foreign)
                text = f"SFATAL\0C08P01\0Munsupported startup parameter: {', '.join(foreign)}\0\0"
                client.sendall(build_message(b"E", text.encode()))
                return False
            client.sendall(self._all[0].greeting)
            return True

    def _run_transaction(self, client, server, kind, whole):
        """Pass messages on until the server says that it is in no transaction."""
        self.used[self._all.index(server)] += 1
        while True:
            self._note_violations(kind, whole)
            server.stream.sendall(whole)
            if kind in (b"Q", b"S"):
                status = self._pass_answers(server, client)
                if status == b"I":
                    return
            try:
                kind, whole = read_message(client)
                assert kind != b"X"
            except (OSError, AssertionError):  # the client is gone in its transaction
                server.stream.sendall(build_message(b"Q", b"ROLLBACK\0"))
                while read_message(server.stream)[0] != b"Z":
                    pass
                raise ConnectionError from None

    def _pass_answers(self, server, client):
        while True:
            kind, whole = read_message(server.stream)
            client.sendall(whole)
            if kind == b"Z":
                return whole[5:6]

    def _note_violations(self, kind, whole):
        if kind == b"P":
            name, _, rest = whole[5:].partition(b"\0")
            if name:
                self.violations.append(f"prepared statement {name.decode()}")
            text = rest.partition(b"\0")[0].decode()
        else:
            text = whole[5:-1].decode() if kind == b"Q" else ""
        if SESSION_STATE.search(text):
            self.violations.append(text)
