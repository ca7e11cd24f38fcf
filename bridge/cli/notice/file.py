"""`notice file`: record that a notice was handed in by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import click

from bridge.cli.command import json_command
from bridge.cli.context import open_command_context
from bridge.cli.notice.notice_view import find_unanswered_notice_or_exit
from bridge.cli.options import reference_option
from bridge.cli.printing import format_cell, show
from bridge.cli.shared.ids import NOTICE_ID
from bridge.model import Fact, NoticeState
from bridge.steps.evidence.record_facts import account_key, record_notice_fact, save_notice


@json_command("file", example="notice file ntc_01M84N6EY20CZ9W2PB73FKRKAY --reference T-4711")
@click.argument("notice_id", type=NOTICE_ID, metavar="ID")
@reference_option("The ticket or receipt that you were given.")
def file_notice_command(notice_id: str, reference: str) -> None:
    """Record that a notice was handed in through a portal or on paper. `notice export` writes the notice."""
    with open_command_context() as context:
        terms, now = context.services.merchant.instructions, context.services.clock.now()
        with context.store.transaction() as tx:
            notice = find_unanswered_notice_or_exit(tx, notice_id)
            filed = replace(
                notice,
                state=NoticeState.SENT,
                sent_at=now,
                due_at=now + timedelta(days=terms.answer_days),
                # a portal gets no reminders by mail: the next event is the expiry
                reminders=len(terms.remind_days),
                reference=reference,
                last_error="",
                next_at=now + timedelta(days=terms.expire_days),
            )
            items = tx.notice_items.list_items(notice_id=notice_id)
            save_notice(filed, notice, tx)
            tx.notice_items.save_items([replace(item, state=NoticeState.SENT, reason="") for item in items])
            tx.notice_items.wake_requests_of_items(items)
            tx.notice_accounts.wake_account(account_key(notice), filed.next_at)
            record_notice_fact(Fact.NOTICE_FILED, items, tx, notice=filed, actor=context.operator, reference=reference)
    shown = {"id": notice_id, "state": filed.state, "due_at": filed.due_at, "reference": reference}
    show(shown, f"{notice_id} is recorded as sent under {reference}; its answer is due {format_cell(filed.due_at)}.")
