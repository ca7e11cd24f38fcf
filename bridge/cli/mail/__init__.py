"""`mail …`: mail that reached the merchant. One command per file."""

from bridge.cli.command import find_commands
from bridge.cli.shared.command_group import command_group


@command_group(find_commands(__name__, __path__))
def mail() -> None:
    """Mail: what people and processors wrote, until an officer has read it."""
