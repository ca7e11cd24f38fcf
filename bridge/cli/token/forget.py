"""`token forget`: destroy the tokens of a shop."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import open_command_context
from bridge.cli.printing import show


@json_command(
    example="token forget minimiss-demo.myshopify.com --yes",
    irreversible="The tokens are destroyed. The merchant must install the app again to give new ones.",
)
@click.argument("shop")
def forget(shop: str) -> None:
    """Destroy the tokens of SHOP."""
    with open_command_context() as context, context.store.transaction() as tx:
        deleted = tx.tokens.delete_tokens(shop)
    message = f"The tokens of {shop} are destroyed." if deleted else f"No token of {shop} is stored."
    show({"shop": shop, "forgotten": deleted}, message)
