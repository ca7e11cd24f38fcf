"""`refund …`: bank details for refunds of cash on delivery, which only an open refund may read."""

import click

from bridge.cli.refund.erase import erase
from bridge.cli.refund.keep import keep_bank_details_command
from bridge.cli.refund.list import list_refunds_command
from bridge.cli.refund.read import read_bank_details_command
from bridge.cli.refund.settle import settle_refund_command
from bridge.cli.refund.show import show_refund_command


@click.group()
def refund() -> None:
    """Bank details for refunds of cash on delivery. They serve one refund only and are erased automatically."""


for command in (
    keep_bank_details_command,
    list_refunds_command,
    show_refund_command,
    read_bank_details_command,
    settle_refund_command,
    erase,
):
    refund.add_command(command)
