"""`notice hold`, `release`, `reopen`: a person decides that a record must wait, need not, or is told of again."""

from __future__ import annotations

from dataclasses import replace

import click

from bridge.bootstrap import make_services
from bridge.cli.context import AS_JSON, desk, operator, refuse
from bridge.cli.notice.notice_view import find_entry
from bridge.cli.null_queue import NoBell
from bridge.cli.printing import emit
from bridge.model import Answer, Entry, Fact, NoticeState
from bridge.rules.notices.answers import told_again
from bridge.rules.notices.timing import HELD
from bridge.steps.evidence.record_facts import account, tell
from bridge.steps.notices.pause_items import CLAIM, hold_back
from bridge.store.sql import SqlTx

REASON = click.option("--reason", required=True, help="Why, for the evidence. No names.")


@click.command()
@click.argument("entry_id", metavar="ENTRY")
@REASON
@AS_JSON
def hold(entry_id: str, reason: str, as_json: bool) -> None:
    """Hold one record back: nothing is asked of it until it is released."""
    with desk() as at:
        services = make_services(at.start, NoBell(), at.store)
        with at.store.transaction() as tx:
            entry = _not_out_yet(tx, entry_id)
            hold_back([entry], HELD, tx=tx, services=services)
            tell(Fact.ENTRY_HELD, [entry], tx, actor=operator(), entry=entry.id, reason=reason)
    _tell(entry_id, "held", as_json)


@click.command()
@click.argument("entry_id", metavar="ENTRY")
@REASON
@AS_JSON
def release(entry_id: str, reason: str, as_json: bool) -> None:
    """Let one record be told of now, whatever it waits for: cash that was remitted, a claim that is settled."""
    with desk() as at, at.store.transaction() as tx:
        entry = _not_out_yet(tx, entry_id)
        if entry.state is NoticeState.QUEUED:
            refuse(f"{entry_id} waits for nothing of its own: it goes with the next letter.")
        if claims := [matter.removeprefix(CLAIM) for matter in entry.matters if matter.startswith(CLAIM)]:
            refuse(f"{entry_id} is held by {', '.join(claims)}: `hold release` lets it go.")
        free = replace(entry, matters=(), released=True, look_at=at.store.now())
        _save(free, Fact.ENTRY_RELEASED, reason, tx)
    _tell(entry_id, "released", as_json)


@click.command()
@click.argument("entry_id", metavar="ENTRY")
@REASON
@AS_JSON
def reopen(entry_id: str, reason: str, as_json: bool) -> None:
    """Tell a processor again of a record that it refused or keeps: it agreed since, or has to."""
    with desk() as at, at.store.transaction() as tx:
        entry = find_entry(tx, entry_id)
        if entry.answer not in (Answer.REFUSED, Answer.RETAINED) or not entry.reference:
            refuse(f"{entry_id} was neither refused nor kept: {entry.state}.")
        _save(told_again(entry, "reopened_by_operator", at.store.now()), Fact.NOTICE_REOPENED, reason, tx)
    _tell(entry_id, "reopened", as_json)


def _not_out_yet(tx: SqlTx, entry_id: str) -> Entry:
    entry = find_entry(tx, entry_id)
    if entry.state not in (NoticeState.WAITING, NoticeState.QUEUED):
        refuse(f"{entry_id} is in notice {entry.notice_id or '-'} already: {entry.state}.")
    return entry


def _save(entry: Entry, fact: Fact, reason: str, tx: SqlTx) -> None:
    tx.notices.save_entries([entry])
    tx.notices.wake(account(entry))
    tx.notices.touch([entry])
    tell(fact, [entry], tx, actor=operator(), entry=entry.id, reason=reason)


def _tell(entry_id: str, word: str, as_json: bool) -> None:
    if as_json:
        emit({"id": entry_id, word: True})
    else:
        click.echo(f"{entry_id} is {word}.")
