"""`notice …`: notices that tell processors to erase, and what the processors answered. One command per file."""

from bridge.cli.command import find_commands
from bridge.cli.shared.command_group import command_group


@command_group(find_commands(__name__, __path__))
def notice() -> None:
    """Notices to processors: what was sent, what waits and why, what was answered."""
