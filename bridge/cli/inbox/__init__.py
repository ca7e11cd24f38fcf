"""`inbox …`: what Shopify posted, one verb a file."""

import click

from bridge.cli.inbox import listing, replay, show


@click.group()
def inbox() -> None:
    """Deliveries: what Shopify posted and what became of it."""


for command in (listing.list_, show.show, replay.replay):
    inbox.add_command(command)
