"""Whether a database is an older one than the ledger saw. Reads nothing: both ends of the chain are given."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bridge.model import Destroyed, Head, Tombstone

OLDER, DIFFERS = "database_older", "chain_differs"


def verdict(seen: Head | None, seq: int, hash_there: str) -> str:
    """Why the database is not the one that the ledger saw last; '' where it is.

    `seq` is the database's last fact, `hash_there` the hash of its fact number `seen.seq` ('' where it has none).
    After a recorded restore the ledger's last head is the new branch's, so that the branch is accepted.
    """
    if seen is None or hash_there == seen.hash:
        return ""
    return OLDER if seq < seen.seq else DIFFERS


def living(tombstones: Iterable[Tombstone], destroyed: Iterable[Destroyed]) -> Sequence[Tombstone]:
    """Without those of shops that were erased whole since: there is nothing left that they could keep out."""
    ended = {one.shop: one.at for one in destroyed if one.kind == "shop"}
    return [one for one in tombstones if one.shop not in ended or one.erased_at > ended[one.shop]]
