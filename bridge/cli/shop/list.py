"""`shop list`: list the shops with the domains that each has or had."""

from __future__ import annotations

from dataclasses import asdict

from bridge.cli.command import json_command
from bridge.cli.context import open_command_context
from bridge.cli.printing import show_table

SHOP_TABLE_COLUMNS = ("number", "domain", "first_seen_at", "last_seen_at")


@json_command("list", example="shop list --json")
def list_shops_command() -> None:
    """List every domain with the number of its shop, oldest first. A number that is not known is shown as -."""
    with open_command_context() as context, context.store.transaction() as tx:
        rows = [asdict(name) | {"number": name.number or None} for name in tx.shop_names.directory.names]
    show_table(rows, SHOP_TABLE_COLUMNS, empty="No shop is known yet.")
