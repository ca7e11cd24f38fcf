"""`hold …`: what a law or a legal hold keeps, why and until when. One command per file."""

import click

from bridge.cli.hold.accept import accept
from bridge.cli.hold.approve import approve
from bridge.cli.hold.changes import changes
from bridge.cli.hold.list import list_holds_command
from bridge.cli.hold.open import open_legal_hold_command
from bridge.cli.hold.release import release
from bridge.cli.hold.review import review
from bridge.cli.hold.sweep import sweep


@click.group()
def hold() -> None:
    """What a law or a dispute keeps: sealed documents, legal holds, the retention file in force."""


for command in (list_holds_command, open_legal_hold_command, review, approve, release, changes, accept, sweep):
    hold.add_command(command)
