"""`vault …`: sealed invoice copies. Opening one requires a role and a reason, and is recorded as evidence."""

import click

from bridge.cli.vault.attest import attest
from bridge.cli.vault.export import export
from bridge.cli.vault.file import file_document_command
from bridge.cli.vault.list import list_documents_command
from bridge.cli.vault.open import open_document_command
from bridge.cli.vault.waive import waive


@click.group()
def vault() -> None:
    """Sealed invoices and credit notes: list, file, open and return them."""


for command in (list_documents_command, open_document_command, file_document_command, attest, export, waive):
    vault.add_command(command)
