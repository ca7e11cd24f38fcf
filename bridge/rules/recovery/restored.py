"""Decide whether a database is older than what the ledger saw. Reads nothing: both ends of the chain are given."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from bridge.model import Destruction, LedgerHead, Tombstone

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
DATABASE_OLDER, CHAIN_DIFFERS = "database_older", "chain_differs"


def compare_with_ledger_head(ledger_head: LedgerHead | None, database_seq: int, hash_at_ledger_seq: str) -> str:
    """Return why the database is not the one that the ledger saw last; '' where it is.

    `database_seq` is the database's last fact, `hash_at_ledger_seq` the hash of its fact number `ledger_head.seq`
    ('' where it has none). After a recorded restore the ledger's last head is the new branch's, so that the branch is
    accepted.
    """
    if ledger_head is None or hash_at_ledger_seq == ledger_head.hash:
        return ""
    return DATABASE_OLDER if database_seq < ledger_head.seq else CHAIN_DIFFERS


def filter_live_tombstones(tombstones: Iterable[Tombstone], destructions: Iterable[Destruction]) -> Sequence[Tombstone]:
    """Return the tombstones without those that were taken back, and those of shops that were erased since.

    Nothing of such a shop can come back.
    """
    ended_at = {
        (record.kind, record.shop if record.kind == "shop" else record.ref): record.at
        for record in destructions
        if record.kind in ("shop", "suppression")
    }
    return [
        record
        for record in tombstones
        if all(
            record.erased_at > ended_at.get(end, _LONG_AGO)
            for end in (("shop", record.shop), ("suppression", record.key))
        )
    ]
