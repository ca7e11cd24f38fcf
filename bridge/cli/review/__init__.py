"""`review …`: findings that a person must look at. A review names a place and a kind, never a data subject."""

from bridge.cli.command import find_commands
from bridge.cli.shared.command_group import command_group


@command_group(find_commands(__name__, __path__))
def review() -> None:
    """Findings that a person must look at: what was found, where, and when."""
