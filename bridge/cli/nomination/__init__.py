"""`nomination …`: nominees of persons, and nominees who act for a person. One command per file."""

from bridge.cli.command import find_commands
from bridge.cli.shared.command_group import command_group


@command_group(find_commands(__name__, __path__))
def nomination() -> None:
    """Nominees of persons for death or incapacity, and nominees who act."""
