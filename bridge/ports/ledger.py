"""What the steps need of the ledger outside the backup, and of the database when it is held against it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bridge.model import Destroyed, Head, Tombstone


class Ledger(Protocol):
    """A small append-only memory that no backup of the database holds. Keys, ids and hashes only.

    Every call but `close` raises LedgerUnavailable where it does not answer, StoreFault where it refuses.
    """

    configured: bool  # False: there is none, and every call does nothing

    def put_head(self, head: Head) -> None:
        """Keep the chain's head. Twice is once.

        Raises BackupRestored where it does not go on from the last one and names none that it was restored from.
        """
        ...

    def carry(self, tombstones: Sequence[Tombstone], destroyed: Sequence[Destroyed], head: Head) -> None:
        """Keep these and the head that proves them, all or nothing. Twice is once. Raises as `put_head`."""
        ...

    def last_head(self) -> Head | None:
        """The head that was put last; None where none was."""
        ...

    def tombstones(self) -> Sequence[Tombstone]:
        """Every key with its newest erasure, ordered by shop and request."""
        ...

    def destroyed(self) -> Sequence[Destroyed]:
        """Everything that was destroyed, ordered by shop."""
        ...

    def close(self) -> None:
        """Give connections back."""
        ...


class Restoring(Protocol):
    """The database's side: what waits for the ledger, and what a restored backup has forgotten."""

    def waiting(self, limit: int) -> tuple[Sequence[Tombstone], Sequence[Destroyed]]:
        """What the ledger does not hold yet, oldest first."""
        ...

    def carried(self, tombstones: Sequence[Tombstone], destroyed: Sequence[Destroyed]) -> None:
        """The ledger holds these; what was erased again meanwhile still waits."""
        ...

    def head(self) -> tuple[int, str]:
        """Sequence number and hash of the last fact."""
        ...

    def hash_of(self, seq: int) -> str:
        """Hash of one fact; '' where there is none."""
        ...

    def lacking(self, tombstones: Sequence[Tombstone]) -> Sequence[Tombstone]:
        """Those that the database does not know, or knows of an earlier day."""
        ...

    def undestroyed(self, destroyed: Sequence[Destroyed]) -> Sequence[Destroyed]:
        """Those that the database does not know as destroyed."""
        ...

    def destroy(self, destroyed: Sequence[Destroyed]) -> int:
        """Destroy documents and refund accounts again, and know all of these as destroyed. Returns how many rows."""
        ...

    def recorded(self, head: Head) -> bool:
        """True where it is a fact already that a backup was restored behind this head."""
        ...

    def barred(self) -> str:
        """Why nothing may be worked on; '' where all may."""
        ...

    def bar(self, why: str) -> None:
        """Let nothing be worked on, or with '' everything again."""
        ...
