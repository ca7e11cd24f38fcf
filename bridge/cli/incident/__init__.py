"""`incident …`: breaches of personal data. One command per file."""

from bridge.cli.command import find_commands
from bridge.cli.shared.command_group import command_group


@command_group(find_commands(__name__, __path__))
def incident() -> None:
    """Breaches of personal data: clocks, persons concerned, notices. `dsr open incident` opens one."""
