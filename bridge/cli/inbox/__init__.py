"""`inbox …`: the deliveries that Shopify posted. One command per file."""

import click

from bridge.cli.command import find_commands


@click.group(commands=find_commands(__name__, __path__))
def inbox() -> None:
    """Deliveries: the webhooks that Shopify posted, and what became of them."""
