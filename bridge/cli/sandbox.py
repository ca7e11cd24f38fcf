"""`sandbox`: run the stand-ins alone."""

from __future__ import annotations

import click

from bridge.cli.command import story_command
from bridge.cli.sandbox_process import run_sandbox_module

ORDERS = click.IntRange(0, 20000)


@story_command(example="sandbox --orders 200")
@click.option("--orders", default=40, show_default=True, type=ORDERS, help="Number of orders of the invented shop.")
@click.option("--port", default=9100, show_default=True, type=click.IntRange(1, 65531), help="First of five ports.")
def sandbox(orders: int, port: int) -> None:
    """Run the stand-ins for Shopify and the carriers, and print the settings that use them."""
    run_sandbox_module("sandbox", "--orders", str(orders), "--port", str(port))
