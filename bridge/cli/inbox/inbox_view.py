"""How one delivery is found: by its id, or by the webhook id under which Shopify, and `send`, name it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.cli.shared.ids import exit_with_unknown_id
from bridge.store import Tx


def find_delivery_or_exit(tx: Tx, given: str) -> Mapping[str, Any]:
    """Return the row of the delivery, without its body; exit with 1 if there is none."""
    rows = tx.operator_queries.list_deliveries(ids=[given], limit=1)
    rows = rows or tx.operator_queries.list_deliveries(webhook_id=given, limit=1)
    return rows[0] if rows else exit_with_unknown_id("dlv", given)
