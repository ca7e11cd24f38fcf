"""`shop …`: the shops by their number at Shopify, with the domains that each has or had."""

import click

from bridge.cli.command import find_commands


@click.group(commands=find_commands(__name__, __path__))
def shop() -> None:
    """Shops by their number at Shopify, and their domains."""
