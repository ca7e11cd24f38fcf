"""`hold …`: what a law or a legal hold keeps, why and until when. One command per file."""

from bridge.cli.command import find_commands
from bridge.cli.shared.command_group import command_group


@command_group(find_commands(__name__, __path__))
def hold() -> None:
    """What a law or a dispute keeps: sealed documents, legal holds, the retention file in force."""
