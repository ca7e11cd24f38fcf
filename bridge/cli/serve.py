"""`serve`: run the whole bridge in one terminal, for development."""

from __future__ import annotations

from bridge.cli.command import story_command
from bridge.cli.sandbox_process import run_sandbox_module


@story_command(example="serve")
def serve() -> None:
    """Run web, worker, clock and an embedded Redis in one terminal. Ctrl-C stops them."""
    run_sandbox_module("serve")
