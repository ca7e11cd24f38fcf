"""`notice acknowledge`: record that a processor works on a notice."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_on_refusal, open_command_context
from bridge.cli.notice.notice_view import ANSWER_FAULTS, find_notice_or_exit
from bridge.cli.options import reference_option
from bridge.cli.printing import format_cell, show
from bridge.cli.shared.ids import NOTICE_ID
from bridge.model import NoticeChannel
from bridge.steps.notices.record_answer import record_acknowledgement


@json_command("acknowledge", example="notice acknowledge ntc_01M84N6EY20CZ9W2PB73FKRKAY --reference T-4711")
@click.argument("notice_id", type=NOTICE_ID, metavar="ID")
@reference_option("The call, mail or ticket in which the processor said that it works on the notice.")
def acknowledge_notice_command(notice_id: str, reference: str) -> None:
    """Record that the processor has the notice and works on it. Reminders stop until its answer is due."""
    with open_command_context() as context:
        with context.store.transaction() as tx:
            find_notice_or_exit(tx, notice_id)
        via, actor, services = NoticeChannel.OPERATOR, context.operator, context.services
        with exit_on_refusal("Not recorded", ANSWER_FAULTS):
            after = record_acknowledgement(notice_id, via=via, actor=actor, reference=reference, services=services)
    shown = {"id": notice_id, "state": after.state, "reference": reference, "next_at": after.next_at}
    show(shown, f"{notice_id} is {after.state}; no reminder is sent before {format_cell(after.next_at)}.")
