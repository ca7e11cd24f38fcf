"""`keys …`: the key ring BRIDGE_KEYS. No command ever prints a key."""

from bridge.cli.command import find_commands
from bridge.cli.shared.command_group import command_group


@command_group(find_commands(__name__, __path__))
def keys() -> None:
    """The key ring BRIDGE_KEYS: which key sealed what, and sealing everything under the first key."""
