"""Access packages, sealed piece by piece as they are written, and certificates of erasure."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any, cast

from sqlalchemy import delete, insert, select

from bridge.store.schema.tables import certificates, packages, requests
from bridge.store.session import Session

PIECE_BYTES = 1 << 18
PACKAGE_AAD = "packages|{request_id}|{seq}|body"


class _SealedPieceWriter(io.RawIOBase):
    """A write-only stream that stores sealed pieces; at most one piece is in memory in the clear."""

    def __init__(self, session: Session, request_id: str, key_id: str) -> None:
        self._session, self._request_id, self._key_id = session, request_id, key_id
        self._key = session.find_data_key(key_id) or b""
        self._buffer, self._seq = bytearray(), 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._buffer += data
        while len(self._buffer) >= PIECE_BYTES:
            self._write_piece(PIECE_BYTES)
        return len(data)

    def finish(self) -> None:
        if self._buffer:
            self._write_piece(len(self._buffer))

    def _write_piece(self, size: int) -> None:
        aad = PACKAGE_AAD.format(request_id=self._request_id, seq=self._seq)
        piece, self._buffer = bytes(self._buffer[:size]), self._buffer[size:]
        body = self._session.keyring.seal(piece, aad, key_id=self._key_id, key=self._key)
        row = {"request_id": self._request_id, "seq": self._seq, "made_at": self._session.now(), "body": body}
        self._session.connection.execute(insert(packages).values(row))
        self._seq += 1


class PackageRows:
    """Access packages and certificates."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    @contextmanager
    def write_package(self, request_id: str) -> Iterator[IO[bytes]]:
        """Open a write-only stream that seals what is written; it replaces the request's package when it closes."""
        self.delete_package(request_id)
        key_id = self._connection.scalar(select(requests.c.data_key_id).where(requests.c.id == request_id))
        stream = _SealedPieceWriter(self._session, request_id, key_id or "")
        yield cast("IO[bytes]", stream)
        stream.finish()

    def read_package(self, request_id: str) -> Iterator[bytes]:
        """Yield the opened package in pieces; nothing where there is none."""
        of_request = packages.c.request_id == request_id
        for seq in self._connection.scalars(select(packages.c.seq).where(of_request).order_by(packages.c.seq)).all():
            sealed = self._connection.scalar(select(packages.c.body).where(of_request, packages.c.seq == seq))
            yield self._session.open(sealed or b"", PACKAGE_AAD.format(request_id=request_id, seq=seq))

    def delete_package(self, request_id: str) -> None:
        """Destroy the request's package."""
        self._connection.execute(delete(packages).where(packages.c.request_id == request_id))

    def save_certificate(self, request_id: str, certificate: Mapping[str, Any]) -> None:
        """Store a certificate in place of the request's former one."""
        self._connection.execute(delete(certificates).where(certificates.c.request_id == request_id))
        row = {"request_id": request_id, "issued_at": self._session.now(), "body": json.dumps(certificate)}
        self._connection.execute(insert(certificates).values(row))

    def find_certificate(self, request_id: str) -> Mapping[str, Any] | None:
        """Return the newest certificate of a request, if any."""
        body = self._connection.scalar(select(certificates.c.body).where(certificates.c.request_id == request_id))
        return None if body is None else cast("Mapping[str, Any]", json.loads(body))
