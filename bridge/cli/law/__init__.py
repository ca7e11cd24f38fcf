"""`law`: what the merchant's files make of the law on a day. Needs no database, no network and no key."""

from __future__ import annotations

import click

from bridge.cli.law import due, release, show


@click.group()
def law() -> None:
    """Work out days: what is kept until when, what is due when, which laws are in force."""


for command in (release.release, due.due, show.show):
    law.add_command(command)
