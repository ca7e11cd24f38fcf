"""Returns the body of a request that the web server has received whole, or raises why it has not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.errors import BodyTooLarge, LengthRequired
from bridge.web.server.environ import FAULT_KEY


def read_body(environ: Mapping[str, Any], *, limit: int, needs_length: bool = False) -> bytes:
    """Return the complete body of at most `limit` bytes.

    With `needs_length` a chunked body is refused: the web server cannot tell one that was cut from one that ended
    (a webhook can: its signature would be wrong).
    Raises BodyTooLarge (413), BodyIncomplete (400), BodyTooSlow (408), LengthRequired (411).
    """
    if needs_length and "HTTP_TRANSFER_ENCODING" in environ:
        raise LengthRequired
    if (fault := environ.get(FAULT_KEY)) is not None:
        raise fault
    body: bytes = environ["wsgi.input"].read(limit + 1)
    if len(body) > limit:
        raise BodyTooLarge
    return body
