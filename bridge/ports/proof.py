"""What the steps need to prove what was done: evidence, packages, certificates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import IO, Any, Protocol

from bridge.model import (
    Event,
    Fact,
    SignedHead,
)


class Evidence(Protocol):
    """The append-only chain of facts."""

    def append(
        self,
        fact: Fact,
        *,
        shop: str,
        actor: str = "bridge",
        request_id: str = "",
        subject: str = "",
        **detail: Any,
    ) -> Event:
        """Chain one fact in this transaction. Detail is JSON-ready and holds nothing personal."""
        ...

    def of(self, request_id: str) -> list[Event]:
        """The facts of one request, oldest first."""
        ...

    def between(self, first: int, last: int) -> list[Event]:
        """The facts with these sequence numbers, both included."""
        ...

    def head(self) -> tuple[int, str]:
        """Sequence number and hash of the last row."""
        ...

    def verify(self, marks: Iterable[tuple[int, str]] = ()) -> int:
        """Check the whole chain against its signed heads, and against `marks`: (sequence number, hash).

        Returns its length; raises EvidenceBroken.
        """
        ...


class Heads(Protocol):
    """The end of the chain, signed once a day."""

    def sign(self, day: date, at: datetime) -> SignedHead | None:
        """Sign the chain's end for that day. None where that day has one, or nothing was ever recorded."""
        ...

    def all(self) -> list[SignedHead]:
        """All of them, oldest first."""
        ...

    def anchored(self, day: date, token: str, at: datetime) -> bool:
        """Keep a day's timestamp (base64). False where it has one."""
        ...

    def refused(self, day: date, error: str) -> None:
        """Note that no timestamp came, and why; no text of a stranger."""
        ...


class Packages(Protocol):
    """Access packages and certificates."""

    def write(self, request_id: str) -> AbstractContextManager[IO[bytes]]:
        """A write-only stream that seals as it goes; replaces the request's package when it closes."""
        ...

    def read(self, request_id: str) -> Iterator[bytes]:
        """The opened package in pieces; nothing where there is none."""
        ...

    def destroy(self, request_id: str) -> None:
        """Destroy the request's package."""
        ...

    def certify(self, request_id: str, certificate: Mapping[str, Any]) -> None:
        """Keep the newest certificate."""
        ...

    def certificate(self, request_id: str) -> Mapping[str, Any] | None:
        """The newest certificate."""
        ...
