"""`hold …`: what is kept although somebody asked for it to go, why, until when, and what goes next."""

import click

from bridge.cli.hold import claims, law, listing, sweep


@click.group()
def hold() -> None:
    """What the law or a dispute keeps: sealed documents, claims, the retention file in force."""


for command in (
    listing.list_,
    claims.open_,
    claims.review,
    claims.approve,
    claims.release,
    law.changes,
    law.accept,
    sweep.sweep,
):
    hold.add_command(command)
