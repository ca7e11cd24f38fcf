"""What was destroyed, by id, until and after the ledger outside the backup knows it. Ids and days only."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from bridge.model import Destruction
from bridge.store.schema.retention_tables import destructions
from bridge.store.upsert import upsert

DELETION_KIND_DOCUMENT, DELETION_KIND_REFUND_ACCOUNT, DELETION_KIND_SHOP = (
    "document",
    "refund_account",
    "shop",
)


def record_deletions(
    connection: Connection, deletions: Iterable[Destruction], *, ledger_at: datetime | None = None
) -> None:
    """Note them in the transaction that destroys them; what is noted already stays as it is."""
    rows = [
        {"kind": one.kind, "ref": one.ref, "shop": one.shop, "at": one.at, "ledger_at": ledger_at}
        for one in deletions
    ]
    if rows:
        connection.execute(upsert(connection, destructions), rows)
