"""`token list`: list the shops whose tokens are stored."""

from __future__ import annotations

from bridge.cli.command import json_command
from bridge.cli.context import open_command_context
from bridge.cli.printing import show_table

TOKEN_COLUMNS = ("shop", "expires_at", "refreshable")


@json_command("list", example="token list")
def list_tokens_command() -> None:
    """List the shops whose tokens are stored, and when each token expires."""
    with open_command_context() as context, context.store.transaction() as tx:
        rows = [dict(zip(TOKEN_COLUMNS, row, strict=True)) for row in tx.tokens.list_tokens()]
    show_table(rows, TOKEN_COLUMNS, empty="No tokens are stored.")
