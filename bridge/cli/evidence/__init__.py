"""`evidence …`: the whole chain, one verb a file."""

import click

from bridge.cli.evidence.export import export
from bridge.cli.evidence.heads import heads
from bridge.cli.evidence.register import register
from bridge.cli.evidence.verify import verify


@click.group()
def evidence() -> None:
    """The append-only, hash-chained record of what was done."""


for command in (verify, export, heads, register):
    evidence.add_command(command)
