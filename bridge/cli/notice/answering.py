"""`notice answer` and `acknowledge`: what a processor said by phone, mail or a portal is recorded."""

from __future__ import annotations

from datetime import date, datetime

import click

from bridge.bootstrap import make_services
from bridge.cli.context import JSON_OPTION, exit_with_error, get_operator, open_command_context
from bridge.cli.notice.notice_view import find_notice_or_exit
from bridge.cli.null_queue import NullQueue
from bridge.cli.options import reference_option
from bridge.cli.printing import print_json
from bridge.errors import PayloadInvalid
from bridge.model import AnswerRow, NoticeChannel, ProcessorAnswer
from bridge.rules.notices.answers import PROCESSOR_RETENTION_LAWS
from bridge.steps.notices.record_answer import record_acknowledgement, record_answer

ANSWER_CHOICES = [one.value for one in ProcessorAnswer]
ANSWER_FAULTS = {
    "already_answered": "it was answered before",
    "entry_missing": "every entry needs an answer: --all, or --entry for each",
    "entry_unknown": "an --entry is not in this notice",
    "until_missing": "what is retained needs --until",
    "until_not_ahead": "--until must lie ahead",
    "until_too_far": "--until lies more than a hundred years ahead",
    "law_missing": "what is retained needs --law",
    "note_too_long": "the note is too long",
}


@click.command("answer")
@click.argument("notice_id", metavar="ID")
@click.option(
    "--all",
    "whole",
    type=click.Choice(ANSWER_CHOICES),
    help="The answer to every entry not named by --entry.",
)
@click.option(
    "--entry", "single", multiple=True, metavar="ENT=ANSWER", help=f"One of {', '.join(ANSWER_CHOICES)}."
)
@click.option(
    "--law", type=click.Choice(list(PROCESSOR_RETENTION_LAWS)), help="What makes them keep it, with retained."
)
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The last day of keeping, with retained.")
@click.option("--note", default="", help="What they said. No names. Sealed.")
@reference_option("Ticket, call or mail that the answer came by.")
@JSON_OPTION
def answer_notice_command(
    notice_id: str,
    whole: str | None,
    single: tuple[str, ...],
    law: str | None,
    until: datetime | None,
    note: str,
    reference: str,
    as_json: bool,
) -> None:
    """Record an answer that did not come over the page."""
    named = dict(_parse_item_answer(each) for each in single)
    day = until.date() if until else None
    with open_command_context() as at:
        services = make_services(at.configuration, NullQueue(), at.store)
        with at.store.transaction() as tx:
            find_notice_or_exit(tx, notice_id)
            entries = tx.notices.list_items(notice_id=notice_id)
        said = {
            entry.id: _build_answer_row(word, law or "", day, note)
            for entry in entries
            if (word := named.pop(entry.id, whole))
        }
        try:
            after = record_answer(
                notice_id,
                said
                | {other: _build_answer_row(word, law or "", day, note) for other, word in named.items()},
                via=NoticeChannel.OPERATOR,
                actor=get_operator(),
                reference=reference,
                services=services,
            )
        except PayloadInvalid as fault:
            exit_with_error(f"Not recorded: {ANSWER_FAULTS.get(fault.reason, fault.reason)}.")
    if as_json:
        print_json({"id": notice_id, "state": after.state, "entries": len(entries), "reference": reference})
    else:
        click.echo(f"{notice_id} is {after.state}: {len(entries)} entries, reference {reference}.")


@click.command("acknowledge")
@click.argument("notice_id", metavar="ID")
@reference_option("Call, mail or ticket by which they said that they work on it.")
@JSON_OPTION
def acknowledge_notice_command(notice_id: str, reference: str, as_json: bool) -> None:
    """Record that they have it and work on it: reminders stop until its answer is due."""
    with open_command_context() as at:
        services = make_services(at.configuration, NullQueue(), at.store)
        with at.store.transaction() as tx:
            find_notice_or_exit(tx, notice_id)
        try:
            after = record_acknowledgement(
                notice_id,
                via=NoticeChannel.OPERATOR,
                actor=get_operator(),
                reference=reference,
                services=services,
            )
        except PayloadInvalid as fault:
            exit_with_error(f"Not recorded: {ANSWER_FAULTS.get(fault.reason, fault.reason)}.")
    if as_json:
        print_json({"id": notice_id, "state": after.state, "reference": reference, "next_at": after.next_at})
    else:
        click.echo(f"{notice_id} is {after.state}; nobody is reminded before {after.next_at:%d %b %Y}.")


def _parse_item_answer(text: str) -> tuple[str, str]:
    name, equals, word = text.partition("=")
    if not equals or word not in ANSWER_CHOICES:
        raise click.BadParameter(
            f"give ENT=ANSWER, the answer one of {', '.join(ANSWER_CHOICES)}", param_hint="--entry"
        )
    return name, word


def _build_answer_row(word: str, law: str, until: date | None, note: str) -> AnswerRow:
    kept = word == ProcessorAnswer.RETAINED
    return AnswerRow(
        answer=ProcessorAnswer(word), law=law if kept else "", until=until if kept else None, note=note
    )
