"""`vault …`: statutory copies. Nothing here is for daily work; what opens one says who, in which role and why."""

import click

from bridge.cli.vault import attesting, filing, listing, opening, returning


@click.group()
def vault() -> None:
    """Sealed invoices and credit notes: which there are, taking in, opening, returning."""


for command in (
    listing.list_,
    opening.open_,
    filing.file_,
    attesting.attest,
    returning.export,
    returning.waive,
):
    vault.add_command(command)
