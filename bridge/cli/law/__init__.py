"""`law …`: work out days from the merchant's files. Needs no database, no network and no key."""

from __future__ import annotations

import click

from bridge.cli.law.due import due
from bridge.cli.law.release import release
from bridge.cli.law.show import show_law_command


@click.group()
def law() -> None:
    """Work out days: until when data is kept, when a request is due, which laws are in force."""


for command in (release, due, show_law_command):
    law.add_command(command)
