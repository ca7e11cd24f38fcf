"""`keys …`: the key ring BRIDGE_KEYS. No command ever prints a key."""

import click

from bridge.cli.keys.list import list_keys_command
from bridge.cli.keys.rotate import rotate_keys_command


@click.group()
def keys() -> None:
    """The key ring BRIDGE_KEYS: which key sealed what, and sealing everything under the first key."""


for command in (list_keys_command, rotate_keys_command):
    keys.add_command(command)
