"""`notice resend` and `notice file`: a letter goes again, or an instruction was handed in by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import click

from bridge.bootstrap import make_services
from bridge.cli.context import JSON_OPTION, exit_with_error, get_operator, open_command_context
from bridge.cli.notice.notice_view import find_notice_or_exit
from bridge.cli.null_queue import NullQueue
from bridge.cli.options import reference_option
from bridge.cli.printing import print_json
from bridge.model import Fact, Notice, NoticeState
from bridge.rules.notices.answers import ANSWERED_NOTICE_STATES
from bridge.steps.evidence.record_facts import account_key, record_notice_fact, save_notice


@click.command()
@click.argument("notice_id", metavar="ID")
@JSON_OPTION
def resend(notice_id: str, as_json: bool) -> None:
    """Send a notice anew: after a bounce, an expiry, or a mended contact. Its answer is due anew, too."""
    with open_command_context() as at, at.store.transaction() as tx:
        notice = find_notice_or_exit(tx, notice_id)
        _refuse_answered_notice(notice)
        again = replace(
            notice,
            state=NoticeState.QUEUED,
            sent_at=None,
            due_at=None,
            reminders=0,
            attempts=0,
            last_error="",
            next_at=at.store.now(),
        )
        save_notice(again, notice, tx)
        tx.notices.delete_link_tokens(notice_id)  # whoever had the letter before may be the wrong one
        tx.notices.wake_account(account_key(notice))
        tx.notices.wake_requests_of_items(tx.notices.list_items(notice_id=notice_id))
    if as_json:
        print_json({"id": notice_id, "state": again.state})
    else:
        click.echo(f"{notice_id} goes out again with the next turn of the clock.")


@click.command("file")
@click.argument("notice_id", metavar="ID")
@reference_option("The ticket or receipt that you were given.")
@JSON_OPTION
def file_notice_command(notice_id: str, reference: str, as_json: bool) -> None:
    """Record that an instruction was handed in by a portal or on paper (`notice export` makes it)."""
    with open_command_context() as at:
        services = make_services(at.configuration, NullQueue(), at.store)
        terms, now = services.merchant.instructions, services.clock.now()
        with at.store.transaction() as tx:
            notice = find_notice_or_exit(tx, notice_id)
            _refuse_answered_notice(notice)
            filed = replace(
                notice,
                state=NoticeState.SENT,
                sent_at=now,
                due_at=now + timedelta(days=terms.answer_days),
                # nobody reminds a portal by mail: next comes the end of waiting
                reminders=len(terms.remind_days),
                reference=reference,
                last_error="",
                next_at=now + timedelta(days=terms.expire_days),
            )
            entries = tx.notices.list_items(notice_id=notice_id)
            save_notice(filed, notice, tx)
            tx.notices.save_items([replace(entry, state=NoticeState.SENT, reason="") for entry in entries])
            tx.notices.wake_requests_of_items(entries)
            tx.notices.wake_account(account_key(notice), filed.next_at)
            record_notice_fact(
                Fact.NOTICE_FILED, entries, tx, notice=filed, actor=get_operator(), reference=reference
            )
    if as_json:
        print_json({"id": notice_id, "state": filed.state, "due_at": filed.due_at, "reference": reference})
    else:
        click.echo(f"{notice_id} counts as sent under {reference}; its answer is due {filed.due_at}.")


def _refuse_answered_notice(notice: Notice) -> None:
    if notice.state in ANSWERED_NOTICE_STATES:
        exit_with_error(f"{notice.id} was answered already: {notice.state}.")
