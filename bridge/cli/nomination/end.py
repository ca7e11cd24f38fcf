"""`nomination end`: end a nomination."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_on_refusal, open_command_context
from bridge.cli.nomination.nomination_view import NOMINATION_FAULTS
from bridge.cli.options import REASON_OPTION
from bridge.cli.printing import show
from bridge.cli.shared.ids import NOMINATION_ID
from bridge.steps.desk.record_nomination import end_nomination


@json_command(
    "end",
    example="nomination end nom_01M84N6EY20CZ9W2PB73FKRKAY --reason 'letter of 12 Nov' --yes",
    irreversible="Nobody can act by it any more, and unless it was used the nominee's name is destroyed.",
)
@click.argument("nomination_id", type=NOMINATION_ID, metavar="ID")
@REASON_OPTION
def end_nomination_command(nomination_id: str, reason: str) -> None:
    """End a nomination, because the person took it back or the nominee will not act."""
    with open_command_context() as context, exit_on_refusal("Not ended", NOMINATION_FAULTS, about=nomination_id):
        end_nomination(nomination_id, actor=context.operator, reason=reason, services=context.services)
    show({"id": nomination_id, "ended": True}, f"{nomination_id} ended.")
