"""`token forget`: destroy the tokens of a shop."""

from __future__ import annotations

import click

from bridge.cli.context import open_command_context
from bridge.cli.options import JSON_OPTION
from bridge.cli.printing import show


@click.command()
@click.argument("shop")
@JSON_OPTION
def forget(shop: str, as_json: bool) -> None:
    """Destroy the tokens of SHOP."""
    with open_command_context() as context, context.store.transaction() as tx:
        deleted = tx.tokens.delete_tokens(shop)
    show(
        {"shop": shop, "forgotten": deleted},
        as_json,
        f"The tokens of {shop} are destroyed." if deleted else f"No token of {shop} is stored.",
    )
