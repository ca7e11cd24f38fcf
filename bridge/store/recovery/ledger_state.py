"""The database's side of the ledger: records that wait to be written to it, and what a restored backup lost.

A row `restored` in `locks` stops all work as long as the database is older than the ledger.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, or_, select, update

from bridge.model import Destruction, Fact, LedgerHead, Tombstone
from bridge.store.evidence.chain import EvidenceRows
from bridge.store.letters.details import RequestDetailRows
from bridge.store.retention.deletions import (
    DELETION_KIND_DETAILS,
    DELETION_KIND_DOCUMENT,
    DELETION_KIND_REFUND_ACCOUNT,
    DELETION_KIND_SUPPRESSION,
    record_deletions,
)
from bridge.store.retention.documents import DocumentRows
from bridge.store.schema.index_tables import suppressions
from bridge.store.schema.retention_tables import destructions, refund_accounts
from bridge.store.schema.tables import evidence, locks
from bridge.store.session import Session
from bridge.store.upsert import upsert

GATE_LOCK = "restored"
DESTROY_BATCH_ROWS = 500
TOMBSTONE_KEY = ("shop", "field", "key")
ERASED_ACCOUNT = {"wrapped": None, "doc": None, "state": "erased"}  # the payment reference stays


class LedgerStateRows:
    """What waits for the ledger, what a restored backup does not know, and whether work is stopped."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def list_unsynced(self, limit: int) -> tuple[Sequence[Tombstone], Sequence[Destruction]]:
        """Return what the ledger does not have yet, oldest first."""
        columns = [suppressions.c[name] for name in Tombstone.__slots__]
        unsynced_keys = select(*columns).where(suppressions.c.ledger_at.is_(None)).order_by(suppressions.c.erased_at)
        rows = select(*(destructions.c[name] for name in Destruction.__slots__))
        deletions = rows.where(destructions.c.ledger_at.is_(None)).order_by(destructions.c.at)
        accounts = select(refund_accounts.c.id, refund_accounts.c.shop, refund_accounts.c.erased_at).where(
            refund_accounts.c.erased_at.is_not(None), refund_accounts.c.ledger_at.is_(None)
        )
        execute = self._connection.execute
        return (
            [Tombstone(**row) for row in execute(unsynced_keys.limit(limit)).mappings()],
            [Destruction(**row) for row in execute(deletions.limit(limit)).mappings()]
            + [
                Destruction(kind=DELETION_KIND_REFUND_ACCOUNT, ref=row.id, shop=row.shop, at=row.erased_at)
                for row in execute(accounts.limit(limit))
            ],
        )

    def find_oldest_unsynced(self) -> datetime | None:
        """Return when the oldest record that waits for the ledger was erased; None where none waits."""
        oldest = [
            self._connection.scalar(select(func.min(erased_at)).where(erased_at.is_not(None), synced_at.is_(None)))
            for erased_at, synced_at in (
                (suppressions.c.erased_at, suppressions.c.ledger_at),
                (destructions.c.at, destructions.c.ledger_at),
                (refund_accounts.c.erased_at, refund_accounts.c.ledger_at),
            )
        ]
        return min((erased_at for erased_at in oldest if erased_at), default=None)

    def mark_synced(self, tombstones: Sequence[Tombstone], destroyed_records: Sequence[Destruction]) -> None:
        """Record that the ledger has these; what was erased again meanwhile still waits."""
        now = self._session.now()
        same_tombstone = [suppressions.c[name] == bindparam(f"of_{name}") for name in (*TOMBSTONE_KEY, "erased_at")]
        self._execute_many(
            update(suppressions).where(*same_tombstone).values(ledger_at=now),
            [{f"of_{name}": getattr(one, name) for name in (*TOMBSTONE_KEY, "erased_at")} for one in tombstones],
        )
        others = [one for one in destroyed_records if one.kind != DELETION_KIND_REFUND_ACCOUNT]
        same_destruction = (destructions.c.kind == bindparam("of_kind"), destructions.c.ref == bindparam("of_ref"))
        self._execute_many(
            update(destructions).where(*same_destruction).values(ledger_at=now),
            [{"of_kind": one.kind, "of_ref": one.ref} for one in others],
        )
        self._execute_many(
            update(refund_accounts).where(refund_accounts.c.id == bindparam("of_id")).values(ledger_at=now),
            [{"of_id": one.ref} for one in destroyed_records if one.kind == DELETION_KIND_REFUND_ACCOUNT],
        )

    def _execute_many(self, statement: Any, rows: Sequence[dict[str, Any]]) -> None:
        if rows:
            self._connection.execute(statement, rows)

    def read_head(self) -> tuple[int, str]:
        """Return sequence number and hash of the last fact."""
        return EvidenceRows(self._session).read_head()

    def read_fact_hash(self, seq: int) -> str:
        """Return the hash of one fact; '' where there is none."""
        return self._connection.scalar(select(evidence.c.hash).where(evidence.c.seq == seq)) or ""

    def filter_unknown_tombstones(self, tombstones: Sequence[Tombstone]) -> Sequence[Tombstone]:
        """Return those that the database does not have, or has with an earlier time."""
        columns = [suppressions.c[name] for name in (*TOMBSTONE_KEY, "erased_at")]
        known = {tuple(row[:3]): row.erased_at for row in self._connection.execute(select(*columns))}
        known_at = [known.get((tombstone.shop, tombstone.field, tombstone.key)) for tombstone in tombstones]
        pairs = zip(tombstones, known_at, strict=True)
        return [tombstone for tombstone, day in pairs if day is None or day < tombstone.erased_at]

    def filter_unknown_destructions(self, destroyed_records: Sequence[Destruction]) -> Sequence[Destruction]:
        """Return those that the database does not have as destroyed."""
        recorded = select(destructions.c.kind, destructions.c.ref)
        known = {tuple(row) for row in self._connection.execute(recorded)}
        has_content = (refund_accounts.c.wrapped.is_not(None), refund_accounts.c.doc.is_not(None))
        is_restored = or_(refund_accounts.c.erased_at.is_(None), *has_content)
        accounts = set(self._connection.scalars(select(refund_accounts.c.id).where(is_restored)))
        return [
            destruction
            for destruction in destroyed_records
            if (
                destruction.ref in accounts
                if destruction.kind == DELETION_KIND_REFUND_ACCOUNT
                else (destruction.kind, destruction.ref) not in known
            )
        ]

    def repeat_destructions(self, destroyed_records: Sequence[Destruction]) -> int:
        """Destroy documents, refund accounts and details of requests again and record all of these as destroyed. Return how many rows."""
        removed, now = 0, self._session.now()
        document_ids = [one.ref for one in destroyed_records if one.kind == DELETION_KIND_DOCUMENT]
        for first in range(0, len(document_ids), DESTROY_BATCH_ROWS):
            removed += DocumentRows(self._session).delete_documents(document_ids[first : first + DESTROY_BATCH_ROWS])
        for one in destroyed_records:
            if one.kind == DELETION_KIND_REFUND_ACCOUNT:
                same_account = update(refund_accounts).where(refund_accounts.c.id == one.ref)
                erased = same_account.values(**ERASED_ACCOUNT, erased_at=one.at, ledger_at=now)
                removed += self._connection.execute(erased).rowcount
            elif one.kind == DELETION_KIND_SUPPRESSION:
                same_key = (suppressions.c.shop == one.shop, suppressions.c.key == one.ref)
                taken_back = delete(suppressions).where(*same_key, suppressions.c.erased_at <= one.at)
                removed += self._connection.execute(taken_back).rowcount
            elif one.kind == DELETION_KIND_DETAILS:
                removed += RequestDetailRows(self._session).destroy_details(one.ref, one.at)
        others = [one for one in destroyed_records if one.kind != DELETION_KIND_REFUND_ACCOUNT]
        record_deletions(self._connection, others, ledger_at=now)
        self.mark_synced((), others)  # `delete_documents` recorded those that existed as unsynced
        return removed

    def is_restore_recorded(self, head: LedgerHead) -> bool:
        """Return whether a fact says that a backup was restored behind this head."""
        details = select(evidence.c.detail).where(evidence.c.fact == Fact.BACKUP_RESTORED)
        recorded = (json.loads(text) for text in self._connection.scalars(details))
        return any((detail["ledger_seq"], detail["ledger_hash"]) == (head.seq, head.hash) for detail in recorded)

    def read_gate_reason(self) -> str:
        """Return why work is stopped; '' where it is not."""
        return self._connection.scalar(select(locks.c.holder).where(locks.c.name == GATE_LOCK)) or ""

    def set_gate_reason(self, reason: str) -> None:
        """Stop all work for this reason; '' lets it continue."""
        if not reason:
            self._connection.execute(delete(locks).where(locks.c.name == GATE_LOCK))
            return
        row = {"name": GATE_LOCK, "holder": reason, "held_until": self._session.now()}
        self._connection.execute(upsert(self._connection, locks, ["name"], ["holder"]), row)
