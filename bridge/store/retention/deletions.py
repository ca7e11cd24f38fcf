"""What was destroyed, by id, until and after the ledger outside the backup knows it. Ids and days only."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from bridge.model import Destroyed
from bridge.store.schema.retention_tables import destructions

DOCUMENT, REFUND_ACCOUNT, SHOP = "document", "refund_account", "shop"


def note(
    connection: Connection, destroyed: Iterable[Destroyed], *, ledger_at: datetime | None = None
) -> None:
    """Note them in the transaction that destroys them; what is noted already stays as it is."""
    rows = [
        {"kind": one.kind, "ref": one.ref, "shop": one.shop, "at": one.at, "ledger_at": ledger_at}
        for one in destroyed
    ]
    if rows:
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        connection.execute(dialect.insert(destructions).on_conflict_do_nothing(), rows)
