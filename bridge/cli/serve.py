"""`serve`: run the whole bridge in one terminal, for development."""

from __future__ import annotations

import click

from bridge.cli.command import story_command
from bridge.cli.sandbox_process import run_sandbox_module


@story_command(example="serve\nserve --sandbox")
@click.option("--sandbox", is_flag=True, help="Run the stand-ins of Shopify and the carriers too, and ask them.")
def serve(sandbox: bool) -> None:
    """Run web, worker, clock and an embedded Redis in one terminal. Ctrl-C stops them."""
    run_sandbox_module("serve", *(["--sandbox"] if sandbox else []))
