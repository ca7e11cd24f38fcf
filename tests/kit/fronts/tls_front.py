"""A TLS server in front of a socket: what it decrypts goes to a real server that speaks no TLS itself."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from contextlib import suppress

SSL_REQUEST = struct.pack("!II", 8, 80877103)  # of Postgres' protocol


class TlsFront:
    """Listens on 127.0.0.1. With `is_postgres` TLS begins when the client asks for it, else with the first byte."""

    def __init__(self, context: ssl.SSLContext, path: str, *, is_postgres: bool) -> None:
        self._context, self._path, self._is_postgres = context, path, is_postgres
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._streams, self.encrypted = [], 0
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        for stream in [self._listener, *self._streams]:
            with suppress(OSError):
                stream.shutdown(socket.SHUT_RDWR)
            stream.close()
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._streams.append(client)
                self._threads.append(threading.Thread(target=self._serve, args=(client,), daemon=True))
                self._threads[-1].start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError), socket.socket(socket.AF_UNIX) as server:
            self._streams.append(server)
            if self._is_postgres:
                assert client.recv(8) == SSL_REQUEST
                client.sendall(b"S")
            with self._context.wrap_socket(client, server_side=True) as secure:
                self._streams.append(secure)
                self.encrypted += 1
                server.connect(self._path)
                back = threading.Thread(target=_pass_on, args=(server, secure), daemon=True)
                back.start()
                _pass_on(secure, server)
                back.join(10)


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while content := source.recv(65536):
            target.sendall(content)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)
