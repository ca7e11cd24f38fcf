"""`inbox …`: the deliveries that Shopify posted. One command per file."""

from bridge.cli.command import find_commands
from bridge.cli.shared.command_group import command_group


@command_group(find_commands(__name__, __path__))
def inbox() -> None:
    """Deliveries: the webhooks that Shopify posted, and what became of them."""
