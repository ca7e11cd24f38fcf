"""`inbox …`: the deliveries that Shopify posted. One command per file."""

import click

from bridge.cli.inbox.list import list_deliveries_command
from bridge.cli.inbox.replay import replay
from bridge.cli.inbox.show import show_delivery_command


@click.group()
def inbox() -> None:
    """Deliveries: the webhooks that Shopify posted, and what became of them."""


for command in (list_deliveries_command, show_delivery_command, replay):
    inbox.add_command(command)
