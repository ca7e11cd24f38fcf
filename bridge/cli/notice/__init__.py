"""`notice …`: notices that tell processors to erase, and what the processors answered. One command per file."""

import click

from bridge.cli.notice.acknowledge import acknowledge_notice_command
from bridge.cli.notice.answer import answer_notice_command
from bridge.cli.notice.attribute import attribute
from bridge.cli.notice.bounce import bounce
from bridge.cli.notice.cancel_parcel import cancel_parcel
from bridge.cli.notice.export import export
from bridge.cli.notice.file import file_notice_command
from bridge.cli.notice.hold import hold
from bridge.cli.notice.list import list_notices_command
from bridge.cli.notice.release import release
from bridge.cli.notice.reopen import reopen
from bridge.cli.notice.resend import resend
from bridge.cli.notice.show import show_notice_command


@click.group()
def notice() -> None:
    """Notices to processors: what was sent, what waits and why, what was answered."""


for command in (
    list_notices_command,
    show_notice_command,
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
