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

    def append_fact(
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

    def list_facts_of_request(self, request_id: str) -> list[Event]:
        """The facts of one request, oldest first."""
        ...

    def list_facts_between(self, first_seq: int, last_seq: int) -> list[Event]:
        """The facts with these sequence numbers, both included."""
        ...

    def read_head(self) -> tuple[int, str]:
        """Sequence number and hash of the last row."""
        ...

    def verify_chain(self, checkpoints: Iterable[tuple[int, str]] = ()) -> int:
        """Check the whole chain against its signed heads, and against `marks`: (sequence number, hash).

        Returns its length; raises EvidenceBroken.
        """
        ...


class SignedHeads(Protocol):
    """The end of the chain, signed once a day."""

    def sign_chain_end(self, day: date, signed_at: datetime) -> SignedHead | None:
        """Sign the chain's end for that day. None where that day has one, or nothing was ever recorded."""
        ...

    def list_signed_heads(self) -> list[SignedHead]:
        """All of them, oldest first."""
        ...

    def record_timestamp(self, day: date, token: str, anchored_at: datetime) -> bool:
        """Keep a day's timestamp (base64). False where it has one."""
        ...

    def record_timestamp_failure(self, day: date, error: str) -> None:
        """Note that no timestamp came, and why; no text of a stranger."""
        ...


class Packages(Protocol):
    """Access packages and certificates."""

    def write_package(self, request_id: str) -> AbstractContextManager[IO[bytes]]:
        """A write-only stream that seals as it goes; replaces the request's package when it closes."""
        ...

    def read_package(self, request_id: str) -> Iterator[bytes]:
        """The opened package in pieces; nothing where there is none."""
        ...

    def delete_package(self, request_id: str) -> None:
        """Destroy the request's package."""
        ...

    def save_certificate(self, request_id: str, certificate: Mapping[str, Any]) -> None:
        """Keep the newest certificate."""
        ...

    def find_certificate(self, request_id: str) -> Mapping[str, Any] | None:
        """The newest certificate."""
        ...
