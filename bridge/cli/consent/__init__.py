"""`consent …`: consents to marketing that were taken back. One command per file."""

from bridge.cli.command import find_commands
from bridge.cli.shared.command_group import command_group


@command_group(find_commands(__name__, __path__))
def consent() -> None:
    """Consents to marketing: which persons get no offers any more."""
