"""`inbox …`: what Shopify posted, one verb a file."""

import click

from bridge.cli.inbox.list import list_
from bridge.cli.inbox.replay import replay
from bridge.cli.inbox.show import show


@click.group()
def inbox() -> None:
    """Deliveries: what Shopify posted and what became of it."""


for command in (list_, show, replay):
    inbox.add_command(command)
