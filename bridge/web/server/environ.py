"""Builds the WSGI environ (PEP 3333) of a request that was received whole."""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from bridge.errors import BodyIncomplete, BridgeError

FAULT_KEY = "bridge.fault"  # why the body could not be read: the application answers it
_COMMON = {
    "SCRIPT_NAME": "",
    "wsgi.version": (1, 0),
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
    "wsgi.input_terminated": True,
}


def build_environ(scope: Any) -> dict[str, Any]:
    """Return the environ without the body. A header with an underscore in its name is left out: it could pass for another."""
    host, _, port = scope.server.rpartition(":")
    environ = _COMMON | {
        "REQUEST_METHOD": scope.method,
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0],
        "wsgi.url_scheme": scope.scheme,
    }
    for name, value in scope.headers.items():
        key = _name_header(name)
        if key:
            environ[key] = f"{environ[key]},{value}" if key in environ else value
    return environ


def add_body(environ: dict[str, Any], body: bytes, fault: BridgeError | None) -> None:
    """Add the body, or why there is none."""
    environ["CONTENT_LENGTH"] = str(len(body))
    environ["wsgi.input"] = io.BytesIO(body)
    environ[FAULT_KEY] = fault


@lru_cache(maxsize=256)
def _name_header(name: str) -> str:
    """Return the key of a header, '' for one that is left out."""
    if "_" in name:
        return ""
    key = name.upper().replace("-", "_")
    return key if key in ("CONTENT_LENGTH", "CONTENT_TYPE") else f"HTTP_{key}"


def parse_content_length(environ: Mapping[str, Any]) -> int | None:
    """Return the length that the client announced, None for a chunked body. Raises BodyIncomplete."""
    given, is_chunked = environ.get("CONTENT_LENGTH"), "HTTP_TRANSFER_ENCODING" in environ
    if given is None:
        return None if is_chunked else 0
    if is_chunked or not (given.isascii() and given.isdigit()):
        raise BodyIncomplete
    return int(given)
