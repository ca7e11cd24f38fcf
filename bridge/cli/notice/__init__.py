"""`notice …`: instructions to processors: what went out, what waits for which day, what they answered."""

import click

from bridge.cli.notice.answering import acknowledge_notice_command, answer_notice_command
from bridge.cli.notice.attribute import attribute
from bridge.cli.notice.bounce import bounce
from bridge.cli.notice.cancel_parcel import cancel_parcel
from bridge.cli.notice.export import export
from bridge.cli.notice.filing import file_notice_command, resend
from bridge.cli.notice.holding import hold, release, reopen
from bridge.cli.notice.list import list_notices_command
from bridge.cli.notice.show import show


@click.group()
def notice() -> None:
    """Instructions to processors: what went out, what waits and why, what was answered."""


for command in (
    list_notices_command,
    show,
    acknowledge_notice_command,
    answer_notice_command,
    resend,
    file_notice_command,
    bounce,
    hold,
    release,
    reopen,
    attribute,
    export,
    cancel_parcel,
):
    notice.add_command(command)
