"""`evidence …`: the chain of facts of all requests. One command per file."""

import click

from bridge.cli.evidence.export import export
from bridge.cli.evidence.heads import heads
from bridge.cli.evidence.register import register
from bridge.cli.evidence.verify import verify


@click.group()
def evidence() -> None:
    """The append-only, hash-chained record of what the bridge and its operators did."""


for command in (verify, export, heads, register):
    evidence.add_command(command)
