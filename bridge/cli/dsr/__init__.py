"""`dsr …`: privacy requests (data subject requests). One command per file."""

from collections import ChainMap

import click

from bridge.cli.command import find_commands
from bridge.cli.dsr import answer


@click.group(commands=ChainMap(find_commands(__name__, __path__), find_commands(answer.__name__, answer.__path__)))
def dsr() -> None:
    """Privacy requests: who asked for what, what is due when, and which systems have not answered yet."""
