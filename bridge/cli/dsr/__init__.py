"""`dsr …`: privacy requests (data subject requests), one verb a file."""

import click

from bridge.cli.dsr import cancel, ending, evidence, holding, listing, opening, package, plan, replay, show


@click.group()
def dsr() -> None:
    """Privacy requests: who asked for what, what is due when, who still has to answer."""


for command in (
    listing.list_,
    show.show,
    plan.plan,
    opening.open_,
    package.package,
    evidence.evidence,
    replay.replay,
    cancel.cancel,
    ending.continue_,
    ending.close,
    holding.hold,
    holding.release,
):
    dsr.add_command(command)
