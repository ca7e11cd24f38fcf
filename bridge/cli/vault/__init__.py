"""`vault …`: sealed invoice copies. Opening one requires a role and a reason, and is recorded as evidence."""

from bridge.cli.command import find_commands
from bridge.cli.shared.command_group import command_group


@command_group(find_commands(__name__, __path__))
def vault() -> None:
    """Sealed invoices and credit notes: list, file, open and return them."""
