"""`inbox …`: what Shopify posted, one verb a file."""

import click

from bridge.cli.inbox.list import list_deliveries_command
from bridge.cli.inbox.replay import replay
from bridge.cli.inbox.show import show


@click.group()
def inbox() -> None:
    """Deliveries: what Shopify posted and what became of it."""


for command in (list_deliveries_command, show, replay):
    inbox.add_command(command)
