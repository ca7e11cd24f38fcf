"""`notice acknowledge`: record that a processor works on a notice."""

from __future__ import annotations

import click

from bridge.cli.context import exit_with_error, open_command_context
from bridge.cli.notice.notice_view import ANSWER_FAULTS, find_notice_or_exit
from bridge.cli.options import JSON_OPTION, reference_option
from bridge.cli.printing import show
from bridge.errors import PayloadInvalid
from bridge.model import NoticeChannel
from bridge.steps.notices.record_answer import record_acknowledgement


@click.command("acknowledge")
@click.argument("notice_id", metavar="ID")
@reference_option("The call, mail or ticket in which the processor said that it works on the notice.")
@JSON_OPTION
def acknowledge_notice_command(notice_id: str, reference: str, as_json: bool) -> None:
    """Record that the processor has the notice and works on it. Reminders stop until its answer is due."""
    with open_command_context() as context:
        with context.store.transaction() as tx:
            find_notice_or_exit(tx, notice_id)
        try:
            after = record_acknowledgement(
                notice_id,
                via=NoticeChannel.OPERATOR,
                actor=context.operator,
                reference=reference,
                services=context.services,
            )
        except PayloadInvalid as fault:
            exit_with_error(f"Not recorded: {ANSWER_FAULTS.get(fault.reason, fault.reason)}.")
    show(
        {"id": notice_id, "state": after.state, "reference": reference, "next_at": after.next_at},
        as_json,
        f"{notice_id} is {after.state}; no reminder is sent before {after.next_at:%d %b %Y}.",
    )
