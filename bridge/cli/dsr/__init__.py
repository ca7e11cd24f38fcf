"""`dsr …`: privacy requests (data subject requests). One command per file."""

import click

from bridge.cli.dsr.cancel import cancel
from bridge.cli.dsr.close import close
from bridge.cli.dsr.continue_ import continue_erasure_command
from bridge.cli.dsr.evidence import evidence
from bridge.cli.dsr.hold import hold
from bridge.cli.dsr.list import list_requests_command
from bridge.cli.dsr.open import open_request_command
from bridge.cli.dsr.package import package
from bridge.cli.dsr.plan import plan
from bridge.cli.dsr.release import release
from bridge.cli.dsr.replay import replay
from bridge.cli.dsr.show import show_request_command


@click.group()
def dsr() -> None:
    """Privacy requests: who asked for what, what is due when, and which systems have not answered yet."""


for command in (
    list_requests_command,
    show_request_command,
    plan,
    open_request_command,
    package,
    evidence,
    replay,
    cancel,
    continue_erasure_command,
    close,
    hold,
    release,
):
    dsr.add_command(command)
