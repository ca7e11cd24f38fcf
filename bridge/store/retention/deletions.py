"""Ids and times of destroyed records, until and after the ledger outside the backup has them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from bridge.model import Destruction
from bridge.store.schema.retention_tables import destructions
from bridge.store.upsert import upsert_rows

DELETION_KIND_DOCUMENT, DELETION_KIND_REFUND_ACCOUNT, DELETION_KIND_SHOP = ("document", "refund_account", "shop")
DELETION_KIND_SUPPRESSION, DELETION_KIND_DETAILS = "suppression", "request_details"


def record_deletions(
    connection: Connection, deletions: Iterable[Destruction], *, ledger_at: datetime | None = None
) -> None:
    """Record destructions in the transaction that destroys; what is recorded already stays as it is."""
    rows = [
        {"kind": deletion.kind, "ref": deletion.ref, "shop": deletion.shop, "at": deletion.at, "ledger_at": ledger_at}
        for deletion in deletions
    ]
    upsert_rows(connection, destructions, rows)
