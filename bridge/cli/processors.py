"""`processors`: who processes personal data for the merchant."""

from __future__ import annotations

from dataclasses import asdict

import click

from bridge.cli.context import JSON_OPTION
from bridge.cli.printing import print_json, print_table
from config.load import read_configuration


@click.command()
@click.option("--public", is_flag=True, help="Only what /processors shows to everybody.")
@JSON_OPTION
def processors(public: bool, as_json: bool) -> None:
    """List data processors of the merchant's file."""
    rows = [asdict(processor) for processor in read_configuration().merchant.processors]
    if public:
        for row in rows:
            del row["contract_ref"], row["privacy_contact"]
    if as_json:
        print_json(rows)
    else:
        print_table(
            rows, ("id", "legal_name", "named", "role", "services"), empty="No processors are configured."
        )
