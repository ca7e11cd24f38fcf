"""`notice bounce`: record a delivery status notification that reached the sender's mailbox."""

from __future__ import annotations

from pathlib import Path

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_with_error, open_command_context
from bridge.cli.files.input_files import INPUT_FILE, name_input, read_whole_input
from bridge.cli.printing import show
from bridge.connectors.smtp import find_bounced_message_id
from bridge.steps.notices.record_answer import record_notice_bounce


@json_command(example="notice bounce report.eml")
@click.argument("mail", type=INPUT_FILE)
def bounce(mail: Path) -> None:
    """Record that a notice did not arrive, as MAIL (.eml, or - for stdin) says: a delivery status notification (RFC 3464)."""
    message_id = find_bounced_message_id(read_whole_input(mail))
    if not message_id:
        exit_with_error(f"{name_input(mail)} does not report a failed letter.")
    with open_command_context() as context, context.store.transaction() as tx:
        after = record_notice_bounce(message_id, tx=tx, actor=context.operator)
        if after is None:
            exit_with_error(f"No open notice was sent as {message_id}.")
    message = f"{after.id} has bounced. Correct the contact, then run `notice resend {after.id}`."
    show({"id": after.id, "state": after.state}, message)
