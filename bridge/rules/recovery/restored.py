"""Decide whether a database is older than what the ledger saw. Reads nothing: both ends of the chain are given."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bridge.model import Destruction, LedgerHead, Tombstone

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
    """Return the tombstones without those of shops that were erased since: nothing of such a shop can come back."""
    erased_at_by_shop = {record.shop: record.at for record in destructions if record.kind == "shop"}
    return [
        record
        for record in tombstones
        if record.shop not in erased_at_by_shop or record.erased_at > erased_at_by_shop[record.shop]
    ]
