"""What the bridge needs of the ledger, which is outside the database's backups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bridge.model import Destruction, LedgerHead, Tombstone


class Ledger(Protocol):
    """A small append-only store that no backup of the database contains. It holds keyed HMACs, ids and hashes only.

    Every call but `close` raises LedgerUnavailable where the ledger does not answer, StoreFault where it refuses.
    """

    configured: bool  # False: there is no ledger, and every call does nothing

    def append_head(self, head: LedgerHead) -> None:
        """Add the chain's head. Repeating is safe.

        Raises BackupRestored where the head does not continue the last one and names none that it was restored from.
        """
        ...

    def append_records(
        self, tombstones: Sequence[Tombstone], destroyed_records: Sequence[Destruction], head: LedgerHead
    ) -> None:
        """Add these and the head that proves them, all or nothing. Repeating is safe. Raises as `append_head`."""
        ...

    def read_last_head(self) -> LedgerHead | None:
        """Return the head that was added last, if any."""
        ...

    def list_tombstones(self) -> Sequence[Tombstone]:
        """Return every suppression key with its newest erasure, ordered by shop and request."""
        ...

    def list_destructions(self) -> Sequence[Destruction]:
        """Return everything that was destroyed, ordered by shop."""
        ...

    def close(self) -> None:
        """Close the connections."""
        ...
