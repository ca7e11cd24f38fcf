"""`notice resend` and `notice file`: a letter goes again, or an instruction was handed in by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import click

from bridge.bootstrap import make_services
from bridge.cli.context import AS_JSON, desk, operator, refuse
from bridge.cli.notice.notice_view import find
from bridge.cli.null_queue import NoBell
from bridge.cli.options import reference_option
from bridge.cli.printing import emit
from bridge.model import Fact, Notice, NoticeState
from bridge.rules.notices.answers import ANSWERED
from bridge.steps.evidence.record_facts import account, save, tell


@click.command()
@click.argument("notice_id", metavar="ID")
@AS_JSON
def resend(notice_id: str, as_json: bool) -> None:
    """Send a notice anew: after a bounce, an expiry, or a mended contact. Its answer is due anew, too."""
    with desk() as at, at.store.transaction() as tx:
        notice = find(tx, notice_id)
        _refuse_what_is_answered(notice)
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
        save(again, notice, tx)
        tx.notices.unlink(notice_id)  # whoever had the letter before may be the wrong one
        tx.notices.wake(account(notice))
        tx.notices.touch(tx.notices.entries(notice_id=notice_id))
    if as_json:
        emit({"id": notice_id, "state": again.state})
    else:
        click.echo(f"{notice_id} goes out again with the next turn of the clock.")


@click.command("file")
@click.argument("notice_id", metavar="ID")
@reference_option("The ticket or receipt that you were given.")
@AS_JSON
def file_(notice_id: str, reference: str, as_json: bool) -> None:
    """Record that an instruction was handed in by a portal or on paper (`notice export` makes it)."""
    with desk() as at:
        services = make_services(at.start, NoBell(), at.store)
        terms, now = services.merchant.instructions, services.clock.now()
        with at.store.transaction() as tx:
            notice = find(tx, notice_id)
            _refuse_what_is_answered(notice)
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
            entries = tx.notices.entries(notice_id=notice_id)
            save(filed, notice, tx)
            tx.notices.save_entries([replace(entry, state=NoticeState.SENT, reason="") for entry in entries])
            tx.notices.touch(entries)
            tx.notices.wake(account(notice), filed.next_at)
            tell(Fact.NOTICE_FILED, entries, tx, notice=filed, actor=operator(), reference=reference)
    if as_json:
        emit({"id": notice_id, "state": filed.state, "due_at": filed.due_at, "reference": reference})
    else:
        click.echo(f"{notice_id} counts as sent under {reference}; its answer is due {filed.due_at}.")


def _refuse_what_is_answered(notice: Notice) -> None:
    if notice.state in ANSWERED:
        refuse(f"{notice.id} was answered already: {notice.state}.")
