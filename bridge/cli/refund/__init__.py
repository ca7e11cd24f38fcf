"""`refund …`: bank details for refunds of cash paid at the door, behind a lock that only an open refund opens."""

import click

from bridge.cli.refund.ending import erase, settle_refund_command
from bridge.cli.refund.keep import keep_bank_details_command
from bridge.cli.refund.listing import list_refunds_command, show
from bridge.cli.refund.read import read_bank_details_command


@click.group()
def refund() -> None:
    """Bank details for refunds of cash on delivery: kept for one refund, read for nothing else, erased by themselves."""


for command in (
    keep_bank_details_command,
    list_refunds_command,
    show,
    read_bank_details_command,
    settle_refund_command,
    erase,
):
    refund.add_command(command)
