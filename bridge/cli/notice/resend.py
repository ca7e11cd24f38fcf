"""`notice resend`: send a notice again."""

from __future__ import annotations

from dataclasses import replace

import click

from bridge.cli.command import json_command
from bridge.cli.context import open_command_context
from bridge.cli.notice.notice_view import find_unanswered_notice_or_exit
from bridge.cli.printing import show
from bridge.cli.shared.ids import NOTICE_ID
from bridge.model import NoticeState
from bridge.steps.evidence.record_facts import account_key, save_notice


@json_command(example="notice resend ntc_01M84N6EY20CZ9W2PB73FKRKAY")
@click.argument("notice_id", type=NOTICE_ID, metavar="ID")
def resend(notice_id: str) -> None:
    """Send a notice again: after a bounce, an expiry, or a corrected contact. The time to answer starts again."""
    with open_command_context() as context, context.store.transaction() as tx:
        notice = find_unanswered_notice_or_exit(tx, notice_id)
        queued = replace(
            notice,
            state=NoticeState.QUEUED,
            sent_at=None,
            due_at=None,
            reminders=0,
            attempts=0,
            last_error="",
            next_at=context.store.now(),
        )
        save_notice(queued, notice, tx)
        tx.notices.delete_link_tokens(notice_id)  # the first letter may have reached the wrong recipient
        tx.notice_accounts.wake_account(account_key(notice))
        tx.notice_items.wake_requests_of_items(tx.notice_items.list_items(notice_id=notice_id))
    show({"id": notice_id, "state": queued.state}, f"{notice_id} is sent again within seconds.")
