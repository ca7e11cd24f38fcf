"""`notice …`: instructions to processors: what went out, what waits for which day, what they answered."""

import click

from bridge.cli.notice import answering, bounce, cancelling, export, filing, holding, listing, moving, show


@click.group()
def notice() -> None:
    """Instructions to processors: what went out, what waits and why, what was answered."""


for command in (
    listing.list_,
    show.show,
    answering.acknowledge_,
    answering.answer_,
    filing.resend,
    filing.file_,
    bounce.bounce,
    holding.hold,
    holding.release,
    holding.reopen,
    moving.attribute,
    export.export,
    cancelling.cancel_parcel,
):
    notice.add_command(command)
