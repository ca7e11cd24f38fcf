"""`processors`: list the data processors of the merchant."""

from __future__ import annotations

from dataclasses import asdict

import click

from bridge.cli.command import json_command
from bridge.cli.printing import show_table
from config.load import read_configuration

PROCESSOR_COLUMNS = ("id", "legal_name", "named", "role", "services")


@json_command()
@click.option("--public", is_flag=True, help="Only the fields that the public page /processors shows.")
def processors(public: bool) -> None:
    """List the data processors that the merchant file names."""
    rows = [asdict(processor) for processor in read_configuration().merchant.processors]
    if public:
        for row in rows:
            del row["contract_ref"], row["privacy_contact"]
    show_table(rows, PROCESSOR_COLUMNS, empty="The merchant file names no processors.")
