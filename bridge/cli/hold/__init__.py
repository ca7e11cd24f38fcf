"""`hold …`: what is kept although somebody asked for it to go, why, until when, and what goes next."""

import click

from bridge.cli.hold.claims import approve, open_legal_hold_command, release, review
from bridge.cli.hold.law import accept, changes
from bridge.cli.hold.list import list_holds_command
from bridge.cli.hold.sweep import sweep


@click.group()
def hold() -> None:
    """What the law or a dispute keeps: sealed documents, claims, the retention file in force."""


for command in (
    list_holds_command,
    open_legal_hold_command,
    review,
    approve,
    release,
    changes,
    accept,
    sweep,
):
    hold.add_command(command)
