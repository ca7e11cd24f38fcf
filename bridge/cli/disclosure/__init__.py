"""`disclosure …`: personal data that was given to public authorities. One command per file."""

from bridge.cli.command import find_commands
from bridge.cli.shared.command_group import command_group


@command_group(find_commands(__name__, __path__))
def disclosure() -> None:
    """What was given to public authorities about persons, and what a law keeps secret of it."""
