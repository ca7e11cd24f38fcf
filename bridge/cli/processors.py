"""`processors`: who processes personal data for the merchant."""

from __future__ import annotations

from dataclasses import asdict

import click

from bridge.cli.context import AS_JSON
from bridge.cli.printing import emit, table
from config.load import load_all


@click.command()
@click.option("--public", is_flag=True, help="Only what /processors shows to everybody.")
@AS_JSON
def processors(public: bool, as_json: bool) -> None:
    """List data processors of the merchant's file."""
    rows = [asdict(processor) for processor in load_all().merchant.processors]
    if public:
        for row in rows:
            del row["contract_ref"], row["privacy_contact"]
    if as_json:
        emit(rows)
    else:
        table(rows, ("id", "legal_name", "named", "role", "services"), empty="No processors are configured.")
