"""`notice bounce`: record a delivery status notification that reached the sender's mailbox."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_with_error, open_command_context
from bridge.cli.options import FILE_TYPE
from bridge.cli.printing import show
from bridge.connectors.smtp import find_bounced_message_id
from bridge.model import Fact, NoticeState
from bridge.rules.notices.answers import ANSWERED_NOTICE_STATES
from bridge.steps.evidence.record_facts import record_notice_fact, save_notice

BOUNCE_REASON = "delivery status: failed"


@json_command(example="notice bounce report.eml")
@click.argument("mail", type=FILE_TYPE)
def bounce(mail: Path) -> None:
    """Record that a notice did not arrive, as MAIL (.eml) says: a delivery status notification (RFC 3464)."""
    try:
        message_id = find_bounced_message_id(mail.read_bytes())
    except OSError as fault:
        raise click.UsageError(f"{mail} cannot be read: {fault.strerror}") from None
    if not message_id:
        exit_with_error(f"{mail.name} does not report a failed letter.")
    with open_command_context() as context, context.store.transaction() as tx:
        notice = tx.notices.find_notice_by_message_id(message_id)
        if notice is None or notice.state in ANSWERED_NOTICE_STATES:
            exit_with_error(f"No open notice was sent as {message_id}.")
        after = replace(notice, state=NoticeState.BOUNCED, next_at=None, last_error=BOUNCE_REASON)
        save_notice(after, notice, tx)
        tx.notices.delete_link_tokens(notice.id)
        items = tx.notice_items.list_items(notice_id=notice.id)
        tx.notice_items.wake_requests_of_items(items)
        actor = context.operator
        record_notice_fact(Fact.NOTICE_BOUNCED, items, tx, notice=after, actor=actor, reason=BOUNCE_REASON)
    message = f"{after.id} has bounced. Correct the contact, then run `notice resend {after.id}`."
    show({"id": after.id, "state": after.state}, message)
