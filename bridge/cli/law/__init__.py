"""`law`: what the merchant's files make of the law on a day. Needs no database, no network and no key."""

from __future__ import annotations

import click

from bridge.cli.law.due import due
from bridge.cli.law.release import release
from bridge.cli.law.show import show


@click.group()
def law() -> None:
    """Work out days: what is kept until when, what is due when, which laws are in force."""


for command in (release, due, show):
    law.add_command(command)
