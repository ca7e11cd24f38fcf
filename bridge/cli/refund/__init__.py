"""`refund …`: bank details for refunds of cash paid at the door, behind a lock that only an open refund opens."""

import click

from bridge.cli.refund.ending import erase, settle_
from bridge.cli.refund.keep import keep_
from bridge.cli.refund.listing import list_, show
from bridge.cli.refund.read import read_


@click.group()
def refund() -> None:
    """Bank details for refunds of cash on delivery: kept for one refund, read for nothing else, erased by themselves."""


for command in (keep_, list_, show, read_, settle_, erase):
    refund.add_command(command)
