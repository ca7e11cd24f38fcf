"""`evidence …`: the chain of facts of all requests. One command per file."""

import click

from bridge.cli.command import find_commands


@click.group(commands=find_commands(__name__, __path__))
def evidence() -> None:
    """The append-only, hash-chained record of what the bridge and its operators did."""
