"""`vault …`: statutory copies. Nothing here is for daily work; what opens one says who, in which role and why."""

import click

from bridge.cli.vault.attest import attest
from bridge.cli.vault.file import file_document_command
from bridge.cli.vault.list import list_documents_command
from bridge.cli.vault.open import open_document_command
from bridge.cli.vault.returning import export, waive


@click.group()
def vault() -> None:
    """Sealed invoices and credit notes: which there are, taking in, opening, returning."""


for command in (list_documents_command, open_document_command, file_document_command, attest, export, waive):
    vault.add_command(command)
