"""The database when it is held against the ledger: what waits to be carried, what it has forgotten, what it bars.

A row `restored` in `locks` bars all work; it is there as long as the database is older than the ledger.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, func, or_, select, update

from bridge.model import Destruction, Fact, LedgerHead, Tombstone
from bridge.store.evidence.chain import EvidenceRows
from bridge.store.retention.deletions import (
    DELETION_KIND_DOCUMENT,
    DELETION_KIND_REFUND_ACCOUNT,
    record_deletions,
)
from bridge.store.retention.documents import DocumentRows
from bridge.store.schema.tables import destructions, evidence, locks, refund_accounts, suppressions
from bridge.store.upsert import upsert

if TYPE_CHECKING:
    from datetime import datetime

    from bridge.store.session import Session

GATE_LOCK = "restored"
DESTROY_BATCH_ROWS = 500
TOMBSTONE_KEY = ("shop", "field", "key")
ERASED_ACCOUNT = {"wrapped": None, "doc": None, "state": "erased"}  # the reference of the payment stays


class LedgerStateRows:
    """`ports.Restoring` in one transaction."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def list_unsynced(self, limit: int) -> tuple[Sequence[Tombstone], Sequence[Destruction]]:
        """See ports.Restoring."""
        columns = [suppressions.c[name] for name in Tombstone.__slots__]
        keys = select(*columns).where(suppressions.c.ledger_at.is_(None)).order_by(suppressions.c.erased_at)
        rows = select(*(destructions.c[name] for name in Destruction.__slots__))
        gone = rows.where(destructions.c.ledger_at.is_(None)).order_by(destructions.c.at)
        accounts = select(refund_accounts.c.id, refund_accounts.c.shop, refund_accounts.c.erased_at).where(
            refund_accounts.c.erased_at.is_not(None), refund_accounts.c.ledger_at.is_(None)
        )
        run = self._connection.execute
        return (
            [Tombstone(**row) for row in run(keys.limit(limit)).mappings()],
            [Destruction(**row) for row in run(gone.limit(limit)).mappings()]
            + [
                Destruction(kind=DELETION_KIND_REFUND_ACCOUNT, ref=row.id, shop=row.shop, at=row.erased_at)
                for row in run(accounts.limit(limit))
            ],
        )

    def find_oldest_unsynced(self) -> datetime | None:
        """When the first of what waits for the ledger was erased; None where nothing waits."""
        first = [
            self._connection.scalar(select(func.min(moment)).where(moment.is_not(None), carried.is_(None)))
            for moment, carried in (
                (suppressions.c.erased_at, suppressions.c.ledger_at),
                (destructions.c.at, destructions.c.ledger_at),
                (refund_accounts.c.erased_at, refund_accounts.c.ledger_at),
            )
        ]
        return min((moment for moment in first if moment), default=None)

    def mark_synced(self, tombstones: Sequence[Tombstone], destroyed_records: Sequence[Destruction]) -> None:
        """See ports.Restoring."""
        now = self._session.now()
        same = [suppressions.c[name] == bindparam(f"of_{name}") for name in (*TOMBSTONE_KEY, "erased_at")]
        self._execute_many(
            update(suppressions).where(*same).values(ledger_at=now),
            [
                {f"of_{name}": getattr(one, name) for name in (*TOMBSTONE_KEY, "erased_at")}
                for one in tombstones
            ],
        )
        mine = (destructions.c.kind == bindparam("of_kind"), destructions.c.ref == bindparam("of_ref"))
        self._execute_many(
            update(destructions).where(*mine).values(ledger_at=now),
            [
                {"of_kind": one.kind, "of_ref": one.ref}
                for one in destroyed_records
                if one.kind != DELETION_KIND_REFUND_ACCOUNT
            ],
        )
        self._execute_many(
            update(refund_accounts).where(refund_accounts.c.id == bindparam("of_id")).values(ledger_at=now),
            [{"of_id": one.ref} for one in destroyed_records if one.kind == DELETION_KIND_REFUND_ACCOUNT],
        )

    def _execute_many(self, statement: Any, rows: Sequence[dict[str, Any]]) -> None:
        if rows:
            self._connection.execute(statement, rows)

    def read_head(self) -> tuple[int, str]:
        """See ports.Restoring."""
        return EvidenceRows(self._session).read_head()

    def read_fact_hash(self, seq: int) -> str:
        """See ports.Restoring."""
        return self._connection.scalar(select(evidence.c.hash).where(evidence.c.seq == seq)) or ""

    def filter_unknown_tombstones(self, tombstones: Sequence[Tombstone]) -> Sequence[Tombstone]:
        """See ports.Restoring."""
        columns = [suppressions.c[name] for name in (*TOMBSTONE_KEY, "erased_at")]
        known = {tuple(row[:3]): row.erased_at for row in self._connection.execute(select(*columns))}
        known_at = [known.get((one.shop, one.field, one.key)) for one in tombstones]
        return [
            one for one, day in zip(tombstones, known_at, strict=True) if day is None or day < one.erased_at
        ]

    def filter_unknown_destructions(self, destroyed_records: Sequence[Destruction]) -> Sequence[Destruction]:
        """See ports.Restoring."""
        noted = select(destructions.c.kind, destructions.c.ref)
        known = {tuple(row) for row in self._connection.execute(noted)}
        back = or_(
            refund_accounts.c.erased_at.is_(None),
            refund_accounts.c.wrapped.is_not(None),
            refund_accounts.c.doc.is_not(None),
        )
        accounts = set(self._connection.scalars(select(refund_accounts.c.id).where(back)))
        return [
            one
            for one in destroyed_records
            if (
                one.ref in accounts
                if one.kind == DELETION_KIND_REFUND_ACCOUNT
                else (one.kind, one.ref) not in known
            )
        ]

    def repeat_destructions(self, destroyed_records: Sequence[Destruction]) -> int:
        """See ports.Restoring."""
        removed, now = 0, self._session.now()
        papers = [one.ref for one in destroyed_records if one.kind == DELETION_KIND_DOCUMENT]
        for first in range(0, len(papers), DESTROY_BATCH_ROWS):
            removed += DocumentRows(self._session).delete_documents(
                papers[first : first + DESTROY_BATCH_ROWS]
            )
        for one in destroyed_records:
            if one.kind == DELETION_KIND_REFUND_ACCOUNT:
                mine = update(refund_accounts).where(refund_accounts.c.id == one.ref)
                gone = mine.values(**ERASED_ACCOUNT, erased_at=one.at, ledger_at=now)
                removed += self._connection.execute(gone).rowcount
        noted = [one for one in destroyed_records if one.kind != DELETION_KIND_REFUND_ACCOUNT]
        record_deletions(self._connection, noted, ledger_at=now)
        self.mark_synced((), noted)  # those that were there were noted a moment ago as waiting
        return removed

    def is_restore_recorded(self, head: LedgerHead) -> bool:
        """See ports.Restoring."""
        details = select(evidence.c.detail).where(evidence.c.fact == Fact.BACKUP_RESTORED)
        told = (json.loads(detail) for detail in self._connection.scalars(details))
        return any((one["ledger_seq"], one["ledger_hash"]) == (head.seq, head.hash) for one in told)

    def read_gate_reason(self) -> str:
        """See ports.Restoring."""
        return self._connection.scalar(select(locks.c.holder).where(locks.c.name == GATE_LOCK)) or ""

    def set_gate_reason(self, reason: str) -> None:
        """See ports.Restoring."""
        if not reason:
            self._connection.execute(delete(locks).where(locks.c.name == GATE_LOCK))
            return
        row = {"name": GATE_LOCK, "holder": reason, "held_until": self._session.now()}
        self._connection.execute(upsert(self._connection, locks, ["name"], ["holder"]), row)
