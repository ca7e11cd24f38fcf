"""`evidence …`: the whole chain, one verb a file."""

import click

from bridge.cli.evidence import export, heads, register, verify


@click.group()
def evidence() -> None:
    """The append-only, hash-chained record of what was done."""


for command in (verify.verify, export.export, heads.heads, register.register):
    evidence.add_command(command)
