"""`letter …`: letters to the persons of requests. One command per file."""

from bridge.cli.command import find_commands
from bridge.cli.shared.command_group import command_group


@command_group(find_commands(__name__, __path__))
def letter() -> None:
    """Letters to persons: what was sent, what waits and why, how a letter reads."""
