"""`shop …`: the shops by their number at Shopify, with the domains that each has or had."""

from bridge.cli.command import find_commands
from bridge.cli.shared.command_group import command_group


@command_group(find_commands(__name__, __path__))
def shop() -> None:
    """Shops by their number at Shopify, and their domains."""
