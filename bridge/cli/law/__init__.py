"""`law …`: work out days from the merchant's files. Needs no database, no network and no key."""

from bridge.cli.command import find_commands
from bridge.cli.shared.command_group import command_group


@command_group(find_commands(__name__, __path__))
def law() -> None:
    """Work out days: until when data is kept, when a request is due, which laws are in force."""
