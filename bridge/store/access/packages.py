"""Access packages, sealed piece by piece as they are written, and certificates of erasure."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import delete, func, insert, select

from bridge.store.crypto.keyring import Keyring
from bridge.store.schema.tables import certificates, packages, requests, superseded_certificates
from bridge.store.session import DataKey, Session

PIECE_BYTES = 1 << 18
PACKAGE_AAD = "packages|{request_id}|{seq}|body"


class SealedPieces(io.RawIOBase):
    """A write-only stream that seals what is written, piece by piece, into a temporary file.

    At most one piece is in memory in the clear; the file holds sealed pieces only and has no name.
    """

    def __init__(self, keyring: Keyring, request_id: str, data_key: DataKey) -> None:
        self._keyring, self._request_id, self._data_key = keyring, request_id, data_key
        self._buffer, self._sizes = bytearray(), list[int]()
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, data: Any) -> int:
        """Seal the bytes, or keep them until a piece is full. Return how many were taken."""
        self._buffer += data
        while len(self._buffer) >= PIECE_BYTES:
            self._seal_piece(PIECE_BYTES)
        return len(data)

    def _seal_piece(self, size: int) -> None:
        aad = PACKAGE_AAD.format(request_id=self._request_id, seq=len(self._sizes))
        piece, self._buffer = bytes(self._buffer[:size]), self._buffer[size:]
        sealed = self._keyring.seal(piece, aad, key_id=self._data_key.id, key=self._data_key.key)
        self._file.write(sealed)
        self._sizes.append(len(sealed))

    def iterate(self) -> Iterator[bytes]:
        """Yield the sealed pieces in their order, the last one included."""
        if self._buffer:
            self._seal_piece(len(self._buffer))
        self._file.seek(0)
        for size in self._sizes:
            yield self._file.read(size)

    def close(self) -> None:
        """Delete the temporary file."""
        self._file.close()
        super().close()


class PackageRows:
    """Access packages and certificates."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def open_pieces(self, request_id: str) -> SealedPieces:
        """Open a stream that seals under the request's data key and writes nothing to the database."""
        key_id = self._connection.scalar(select(requests.c.data_key_id).where(requests.c.id == request_id)) or ""
        data_key = DataKey(id=key_id, key=self._session.find_data_key(key_id) or b"")
        return SealedPieces(self._session.keyring, request_id, data_key)

    def save_package(self, request_id: str, pieces: SealedPieces) -> None:
        """Store a sealed package in place of the request's former one."""
        self.delete_package(request_id)
        made_at = self._session.now()
        for seq, body in enumerate(pieces.iterate()):
            row = {"request_id": request_id, "seq": seq, "made_at": made_at, "body": body}
            self._connection.execute(insert(packages).values(row))

    def read_package(self, request_id: str) -> Iterator[bytes]:
        """Yield the opened package in pieces; nothing where there is none."""
        of_request = packages.c.request_id == request_id
        for seq in self._connection.scalars(select(packages.c.seq).where(of_request).order_by(packages.c.seq)).all():
            yield self.read_piece(request_id, seq)

    def read_piece(self, request_id: str, seq: int) -> bytes:
        """Return one opened piece of a package, counted from 0; empty where it has no such piece."""
        is_piece = (packages.c.request_id == request_id, packages.c.seq == seq)
        sealed = self._connection.scalar(select(packages.c.body).where(*is_piece))
        return self._session.open(sealed, PACKAGE_AAD.format(request_id=request_id, seq=seq)) if sealed else b""

    def measure_package(self, request_id: str) -> int:
        """Return the bytes of the opened package: all pieces but the last have the same size."""
        last: int | None = self._connection.scalar(
            select(func.max(packages.c.seq)).where(packages.c.request_id == request_id)
        )
        return 0 if last is None else last * PIECE_BYTES + len(self.read_piece(request_id, last))

    def filter_kept_packages(self, request_ids: Sequence[str]) -> frozenset[str]:
        """Return those of the requests whose package is still stored."""
        stored = select(packages.c.request_id).where(packages.c.request_id.in_(list(request_ids))).distinct()
        return frozenset(self._connection.scalars(stored))

    def delete_package(self, request_id: str) -> None:
        """Destroy the request's package."""
        self._connection.execute(delete(packages).where(packages.c.request_id == request_id))

    def save_certificate(self, request_id: str, certificate: Mapping[str, Any]) -> None:
        """Store a certificate as the newest one of the request; the former one is kept as superseded."""
        of_request = certificates.c.request_id == request_id
        former = self._connection.execute(select(certificates).where(of_request)).one_or_none()
        if former is not None:
            number = len(self.list_superseded_certificates(request_id)) + 1
            kept = {"request_id": request_id, "number": number, "issued_at": former.issued_at, "body": former.body}
            self._connection.execute(insert(superseded_certificates).values(kept))
        self._connection.execute(delete(certificates).where(of_request))
        row = {"request_id": request_id, "issued_at": self._session.now(), "body": json.dumps(certificate)}
        self._connection.execute(insert(certificates).values(row))

    def list_superseded_certificates(self, request_id: str) -> list[Mapping[str, Any]]:
        """Return the former certificates of a request, oldest first."""
        rows = select(superseded_certificates.c.body).where(superseded_certificates.c.request_id == request_id)
        bodies = self._connection.scalars(rows.order_by(superseded_certificates.c.number))
        return [cast("Mapping[str, Any]", json.loads(body)) for body in bodies]

    def find_certificate(self, request_id: str) -> Mapping[str, Any] | None:
        """Return the newest certificate of a request, if any."""
        body = self._connection.scalar(select(certificates.c.body).where(certificates.c.request_id == request_id))
        return None if body is None else cast("Mapping[str, Any]", json.loads(body))
