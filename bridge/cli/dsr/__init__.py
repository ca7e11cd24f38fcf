"""`dsr …`: privacy requests (data subject requests), one verb a file."""

import click

from bridge.cli.dsr.cancel import cancel
from bridge.cli.dsr.ending import close, continue_
from bridge.cli.dsr.evidence import evidence
from bridge.cli.dsr.holding import hold, release
from bridge.cli.dsr.list import list_
from bridge.cli.dsr.open import open_
from bridge.cli.dsr.package import package
from bridge.cli.dsr.plan import plan
from bridge.cli.dsr.replay import replay
from bridge.cli.dsr.show import show


@click.group()
def dsr() -> None:
    """Privacy requests: who asked for what, what is due when, who still has to answer."""


for command in (list_, show, plan, open_, package, evidence, replay, cancel, continue_, close, hold, release):
    dsr.add_command(command)
