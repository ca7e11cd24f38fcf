"""`refund …`: bank details for refunds of cash paid at the door, behind a lock that only an open refund opens."""

import click

from bridge.cli.refund import ending, keeping, listing, reading


@click.group()
def refund() -> None:
    """Bank details for refunds of cash on delivery: kept for one refund, read for nothing else, erased by themselves."""


for command in (keeping.keep_, listing.list_, listing.show, reading.read_, ending.settle_, ending.erase):
    refund.add_command(command)
