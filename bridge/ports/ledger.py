"""What the steps need of the ledger outside the backup, and of the database when it is held against it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bridge.model import Destruction, LedgerHead, Tombstone


class Ledger(Protocol):
    """A small append-only memory that no backup of the database holds. Keys, ids and hashes only.

    Every call but `close` raises LedgerUnavailable where it does not answer, StoreFault where it refuses.
    """

    configured: bool  # False: there is none, and every call does nothing

    def append_head(self, head: LedgerHead) -> None:
        """Keep the chain's head. Twice is once.

        Raises BackupRestored where it does not go on from the last one and names none that it was restored from.
        """
        ...

    def append_records(
        self, tombstones: Sequence[Tombstone], destroyed_records: Sequence[Destruction], head: LedgerHead
    ) -> None:
        """Keep these and the head that proves them, all or nothing. Twice is once. Raises as `put_head`."""
        ...

    def read_last_head(self) -> LedgerHead | None:
        """The head that was put last; None where none was."""
        ...

    def list_tombstones(self) -> Sequence[Tombstone]:
        """Every key with its newest erasure, ordered by shop and request."""
        ...

    def list_destructions(self) -> Sequence[Destruction]:
        """Everything that was destroyed, ordered by shop."""
        ...

    def close(self) -> None:
        """Give connections back."""
        ...


class LedgerState(Protocol):
    """The database's side: what waits for the ledger, and what a restored backup has forgotten."""

    def list_unsynced(self, limit: int) -> tuple[Sequence[Tombstone], Sequence[Destruction]]:
        """What the ledger does not hold yet, oldest first."""
        ...

    def mark_synced(self, tombstones: Sequence[Tombstone], destroyed_records: Sequence[Destruction]) -> None:
        """The ledger holds these; what was erased again meanwhile still waits."""
        ...

    def read_head(self) -> tuple[int, str]:
        """Sequence number and hash of the last fact."""
        ...

    def read_fact_hash(self, seq: int) -> str:
        """Hash of one fact; '' where there is none."""
        ...

    def filter_unknown_tombstones(self, tombstones: Sequence[Tombstone]) -> Sequence[Tombstone]:
        """Those that the database does not know, or knows of an earlier day."""
        ...

    def filter_unknown_destructions(self, destroyed_records: Sequence[Destruction]) -> Sequence[Destruction]:
        """Those that the database does not know as destroyed."""
        ...

    def repeat_destructions(self, destroyed_records: Sequence[Destruction]) -> int:
        """Destroy documents and refund accounts again, and know all of these as destroyed. Returns how many rows."""
        ...

    def is_restore_recorded(self, head: LedgerHead) -> bool:
        """True where it is a fact already that a backup was restored behind this head."""
        ...

    def read_gate_reason(self) -> str:
        """Why nothing may be worked on; '' where all may."""
        ...

    def set_gate_reason(self, reason: str) -> None:
        """Let nothing be worked on, or with '' everything again."""
        ...
