"""`user …`: who works with the bridge. From the first user on, commands ask who runs them."""

from bridge.cli.command import find_commands
from bridge.cli.shared.command_group import command_group


@command_group(find_commands(__name__, __path__))
def user() -> None:
    """Who works with the bridge: their roles, secrets and API tokens."""
