"""What the steps need to prove what was done: evidence, packages, certificates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import IO, Any, Protocol

from bridge.model import (
    Event,
    Fact,
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

    def verify(self) -> int:
        """Check the whole chain. Returns its length; raises EvidenceBroken."""
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
