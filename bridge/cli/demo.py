"""`demo`: run the whole story against stand-ins."""

from __future__ import annotations

import click

from bridge.cli.command import story_command
from bridge.cli.sandbox_process import run_sandbox_module

ORDERS = click.IntRange(0, 5000)


@story_command(example="demo --orders 10 --keep")
@click.option("--orders", default=40, show_default=True, type=ORDERS, help="Number of orders of other people.")
@click.option("--keep", is_flag=True, help="Keep everything running afterwards, so that you can look at it.")
def demo(orders: int, keep: bool) -> None:
    """Show everything the bridge does: real servers, signed webhooks and files, against stand-ins."""
    run_sandbox_module("demo", "--orders", str(orders), *(["--keep"] if keep else []))
