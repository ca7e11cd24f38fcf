"""`keys …`: the key ring BRIDGE_KEYS. No command ever prints a key."""

import click

from bridge.cli.command import find_commands


@click.group(commands=find_commands(__name__, __path__))
def keys() -> None:
    """The key ring BRIDGE_KEYS: which key sealed what, and sealing everything under the first key."""
