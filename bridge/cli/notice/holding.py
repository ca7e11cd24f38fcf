"""`notice hold`, `release`, `reopen`: a person decides that a record must wait, need not, or is told of again."""

from __future__ import annotations

from dataclasses import replace

import click

from bridge.bootstrap import make_services
from bridge.cli.context import JSON_OPTION, exit_with_error, get_operator, open_command_context
from bridge.cli.notice.notice_view import find_notice_item_or_exit
from bridge.cli.null_queue import NullQueue
from bridge.cli.printing import print_json
from bridge.model import Fact, NoticeItem, NoticeState, ProcessorAnswer
from bridge.rules.notices.answers import reopen_notice_item
from bridge.rules.notices.timing import PAUSED_BY_OPERATOR
from bridge.steps.evidence.record_facts import account_key, record_notice_fact
from bridge.steps.notices.pause_items import LEGAL_HOLD_PREFIX, pause_items
from bridge.store.sql import SqlTx

REASON_OPTION = click.option("--reason", required=True, help="Why, for the evidence. No names.")


@click.command()
@click.argument("entry_id", metavar="ENTRY")
@REASON_OPTION
@JSON_OPTION
def hold(entry_id: str, reason: str, as_json: bool) -> None:
    """Hold one record back: nothing is asked of it until it is released."""
    with open_command_context() as at:
        services = make_services(at.configuration, NullQueue(), at.store)
        with at.store.transaction() as tx:
            entry = _find_unsent_item_or_exit(tx, entry_id)
            pause_items([entry], PAUSED_BY_OPERATOR, tx=tx, services=services)
            record_notice_fact(
                Fact.NOTICE_ITEM_PAUSED, [entry], tx, actor=get_operator(), entry=entry.id, reason=reason
            )
    _print_item_change(entry_id, "held", as_json)


@click.command()
@click.argument("entry_id", metavar="ENTRY")
@REASON_OPTION
@JSON_OPTION
def release(entry_id: str, reason: str, as_json: bool) -> None:
    """Let one record be told of now, whatever it waits for: cash that was remitted, a claim that is settled."""
    with open_command_context() as at, at.store.transaction() as tx:
        entry = _find_unsent_item_or_exit(tx, entry_id)
        if entry.state is NoticeState.QUEUED:
            exit_with_error(f"{entry_id} waits for nothing of its own: it goes with the next letter.")
        if claims := [
            matter.removeprefix(LEGAL_HOLD_PREFIX)
            for matter in entry.matters
            if matter.startswith(LEGAL_HOLD_PREFIX)
        ]:
            exit_with_error(f"{entry_id} is held by {', '.join(claims)}: `hold release` lets it go.")
        free = replace(entry, matters=(), released=True, look_at=at.store.now())
        _save_item(free, Fact.NOTICE_ITEM_RESUMED, reason, tx)
    _print_item_change(entry_id, "released", as_json)


@click.command()
@click.argument("entry_id", metavar="ENTRY")
@REASON_OPTION
@JSON_OPTION
def reopen(entry_id: str, reason: str, as_json: bool) -> None:
    """Tell a processor again of a record that it refused or keeps: it agreed since, or has to."""
    with open_command_context() as at, at.store.transaction() as tx:
        entry = find_notice_item_or_exit(tx, entry_id)
        if entry.answer not in (ProcessorAnswer.REFUSED, ProcessorAnswer.RETAINED) or not entry.reference:
            exit_with_error(f"{entry_id} was neither refused nor kept: {entry.state}.")
        _save_item(
            reopen_notice_item(entry, "reopened_by_operator", at.store.now()),
            Fact.NOTICE_REOPENED,
            reason,
            tx,
        )
    _print_item_change(entry_id, "reopened", as_json)


def _find_unsent_item_or_exit(tx: SqlTx, item_id: str) -> NoticeItem:
    entry = find_notice_item_or_exit(tx, item_id)
    if entry.state not in (NoticeState.WAITING, NoticeState.QUEUED):
        exit_with_error(f"{item_id} is in notice {entry.notice_id or '-'} already: {entry.state}.")
    return entry


def _save_item(item: NoticeItem, fact: Fact, reason: str, tx: SqlTx) -> None:
    tx.notices.save_items([item])
    tx.notices.wake_account(account_key(item))
    tx.notices.wake_requests_of_items([item])
    record_notice_fact(fact, [item], tx, actor=get_operator(), entry=item.id, reason=reason)


def _print_item_change(item_id: str, change: str, as_json: bool) -> None:
    if as_json:
        print_json({"id": item_id, change: True})
    else:
        click.echo(f"{item_id} is {change}.")
