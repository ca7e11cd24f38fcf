"""`evidence …`: the chain of facts of all requests. One command per file."""

from bridge.cli.command import find_commands
from bridge.cli.shared.command_group import command_group


@command_group(find_commands(__name__, __path__))
def evidence() -> None:
    """The append-only, hash-chained record of what the bridge and its operators did."""
