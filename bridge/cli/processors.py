"""`processors`: list the data processors of the merchant."""

from __future__ import annotations

from dataclasses import asdict

import click

from bridge.cli.command import json_command
from bridge.cli.printing import show_table
from bridge.rules.requests.request_register import describe_contract
from bridge.steps.access.package.sections.public_processors import list_public_processors
from config.load import read_configuration

PUBLIC_COLUMNS = ("id", "name", "role", "services", "where", "protection")


@json_command(example="processors --public --json")
@click.option("--public", is_flag=True, help="Only the fields that the public page /processors shows.")
def processors(public: bool) -> None:
    """List the data processors that the merchant file names."""
    merchant = read_configuration().merchant
    rows = list_public_processors(merchant)
    if not public:
        for row, processor in zip(rows, merchant.processors, strict=True):
            row |= {**asdict(processor), **row, "contract": describe_contract(processor.contract_ref)}
    show_table(
        rows,
        PUBLIC_COLUMNS if public else (*PUBLIC_COLUMNS, "contract"),
        empty="The merchant file names no processors.",
    )
