"""`refund …`: bank details for refunds of cash on delivery, which only an open refund may read."""

from bridge.cli.command import find_commands
from bridge.cli.shared.command_group import command_group


@command_group(find_commands(__name__, __path__))
def refund() -> None:
    """Bank details for refunds of cash on delivery. They serve one refund only and are erased automatically."""
