"""`vault …`: sealed invoice copies. Opening one requires a role and a reason, and is recorded as evidence."""

import click

from bridge.cli.command import find_commands


@click.group(commands=find_commands(__name__, __path__))
def vault() -> None:
    """Sealed invoices and credit notes: list, file, open and return them."""
