"""The HTTP server of every stand-in: keep-alive, one write per answer, faults and call counts on demand.

A stand-in is a name and a function from `Request` to `Response`. It listens on loopback by default and writes no
log, because paths and bodies may hold personal data of invented people.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from bridge.sandbox.endless import iterate_endless_answer
from bridge.sandbox.faults import TRANSPORT_FAULTS, CallLog, CallRecord, FaultInjector, InjectedFault
from bridge.sandbox.http_messages import Request, Response

CONTROL_PATH = "/_sandbox/"
HANG_S = 600.0
RETRY_AFTER_S = 1.0
MAX_REQUEST_BYTES = 16_000_000
ERROR_PAGE = b"<html><head><title>502</title></head><body>The service is being repaired.</body></html>"


Handler = Callable[[Request], Response]
ControlAction = Callable[[Mapping[str, Any]], Any]


def describe_by_path(request: Request) -> CallRecord:
    """Return the call named by method and path; its query only as a digest, since it may hold waybills or phones."""
    arguments = json.dumps([sorted(request.query.items()), request.body.decode("latin-1")])
    return CallRecord(
        name=f"{request.method} {request.path}", digest=hashlib.sha256(arguments.encode()).hexdigest()[:16]
    )


class StandIn:
    """One stand-in server. Use it as a context manager, or `start` and `stop` it."""

    def __init__(
        self,
        name: str,
        handler: Handler,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        describe: Callable[[Request], CallRecord] = describe_by_path,
        controls: Mapping[str, ControlAction] | None = None,
    ) -> None:
        """Bind the port. `controls` are further `POST /_sandbox/<word>`; one called `reset` runs on reset."""
        self.name = name
        self.faults = FaultInjector()
        self.calls = CallLog()
        self.latency_s = 0.0
        self.stopping = threading.Event()
        self._handler = handler
        self._describe = describe
        self._controls = dict(controls or {})
        self._server = _Server((host, port), self)
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """Return the port on which it listens."""
        return int(self._server.server_address[1])

    @property
    def base_url(self) -> str:
        """Return its URL without a slash at the end."""
        return f"http://{self._server.server_address[0]!s}:{self.port}"

    def start(self) -> Self:
        """Serve in a thread of this process."""
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def run(self) -> None:
        """Serve in this thread until `stop` or an interrupt."""
        with contextlib.suppress(KeyboardInterrupt):
            self._server.serve_forever(0.2)
        self.stopping.set()
        self._server.close_connections()
        self._server.server_close()

    def stop(self) -> None:
        """Stop serving and close every connection."""
        self.stopping.set()
        if self._thread:
            self._server.shutdown()
            self._thread.join()
            self._thread = None
        self._server.close_connections()
        self._server.server_close()

    def __enter__(self) -> Self:
        """Start serving."""
        return self.start()

    def __exit__(self, *_: object) -> None:
        """Stop serving."""
        self.stop()

    def reset(self) -> None:
        """Remove faults, calls and latency, and reset the state of the stand-in itself."""
        self.faults.clear()
        self.calls.clear()
        self.latency_s = 0.0
        if "reset" in self._controls:
            self._controls["reset"]({})

    def dispatch_request(self, request: Request) -> tuple[Response | None, InjectedFault | None]:
        """Return the answer (None if the connection must be cut) and the fault that was due."""
        if request.path.startswith(CONTROL_PATH):
            return self._run_control(request), None
        call = self._describe(request)
        fault = self.faults.consume(TRANSPORT_FAULTS, request.path, call.name)
        self.stopping.wait(self.latency_s + (fault.seconds if fault and fault.kind == "slow" else 0.0))
        response: Response | None = _make_fault_response(fault)
        if fault and fault.kind in {"reset", "hang"}:
            if fault.kind == "hang":
                self.stopping.wait(fault.seconds or HANG_S)
            response = None
        elif response is None:
            response = self._handler(request)
        self.calls.record_call(call, response.status if response else 0)
        return response, fault

    def _run_control(self, request: Request) -> Response:
        word = request.path.removeprefix(CONTROL_PATH)
        options = request.json if isinstance(request.json, dict) else {}
        match request.method, word:
            case "POST", "faults":
                try:
                    self.faults.add(**options)
                except (TypeError, ValueError):
                    return Response.from_value({"error": "unknown kind of fault"}, 400)
            case "DELETE", "faults":
                self.faults.clear()
            case "GET", "faults":
                return Response.from_value(
                    {"waiting": self.faults.list_waiting(), "seen": dict(self.faults.fired_counts)}
                )
            case "GET", "calls":
                return Response.from_value(self.calls.summarize_calls())
            case "POST", "latency":
                self.latency_s = float(options.get("ms", 0)) / 1000
            case "POST", "reset":
                self.reset()
            case "POST", other if other in self._controls:
                return Response.from_value(self._controls[other](options) or {"ok": True})
            case _:
                return Response.from_value({"error": "no such control"}, 404)
        return Response.from_value({"ok": True})


def _make_fault_response(fault: InjectedFault | None) -> Response | None:
    """Return the answer that a fault prescribes; None if the stand-in itself must answer."""
    match fault.kind if fault else "":
        case "http_502":
            return Response(status=502, body=ERROR_PAGE, content_type="text/html")
        case "http_429":
            wait_s = (fault.seconds if fault else 0.0) or RETRY_AFTER_S
            return Response.from_value({"errors": "Too Many Requests"}, 429, Retry_After=f"{wait_s:g}")
        case word if word.startswith("http_"):
            status = int(word[5:])
            return Response.from_value({"errors": HTTPStatus(status).phrase}, status)
        case "html":
            return Response(body=ERROR_PAGE, content_type="text/html; charset=utf-8")
        case "empty":
            return Response()
    return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], stand_in: StandIn) -> None:
        self.stand_in = stand_in
        self._open_sockets: set[socket.socket] = set()
        super().__init__(address, _Connection)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open_sockets.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open_sockets.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing: a client that disconnected is no error, and a traceback could hold a body."""

    def close_connections(self) -> None:
        """Cut the connections that clients keep alive."""
        for connection in list(self._open_sockets):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def _serve_request(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAX_REQUEST_BYTES or "chunked" in (self.headers.get("Transfer-Encoding") or ""):
            self.close_connection = True
            self._write_response(Response(status=413))
            return
        parts = urlsplit(self.path)
        request = Request(
            method=self.command,
            path=parts.path,
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(length),
            faults=self.server.stand_in.faults,
        )
        response, fault = self.server.stand_in.dispatch_request(request)
        if response is None:
            self.close_connection = True
            if fault and fault.kind == "reset":  # RST instead of FIN
                linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self.connection.close()
            return
        if fault and fault.kind in {"drip", "huge"}:
            self._write_endless_response(response, fault.kind)
            return
        self._write_response(response, truncated=bool(fault and fault.kind == "truncated"))

    do_GET = do_POST = do_PUT = do_DELETE = _serve_request  # noqa: N815 - the base class looks for these names

    def _write_response(self, response: Response, *, truncated: bool = False) -> None:
        reason = HTTPStatus(response.status).phrase
        lines = [f"HTTP/1.1 {response.status} {reason}", f"Content-Type: {response.content_type}"]
        lines += [f"{name}: {value}" for name, value in response.headers.items()]
        lines += [f"Content-Length: {len(response.body)}", "", ""]
        body = response.body
        if truncated:
            self.close_connection = True
            body = body[: len(body) // 2]
        self.wfile.write("\r\n".join(lines).encode("latin-1") + body)

    def _write_endless_response(self, response: Response, kind: str) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):  # the client hung up
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
            for piece, pause_s in iterate_endless_answer(kind, response.body):
                self.wfile.write(piece)
                if self.server.stand_in.stopping.wait(pause_s):
                    return

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class named it
        """Print nothing."""
