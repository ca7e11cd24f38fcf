"""`vault …`: statutory copies. Nothing here is for daily work; what opens one says who, in which role and why."""

import click

from bridge.cli.vault.attest import attest
from bridge.cli.vault.file import file_
from bridge.cli.vault.list import list_
from bridge.cli.vault.open import open_
from bridge.cli.vault.returning import export, waive


@click.group()
def vault() -> None:
    """Sealed invoices and credit notes: which there are, taking in, opening, returning."""


for command in (list_, open_, file_, attest, export, waive):
    vault.add_command(command)
