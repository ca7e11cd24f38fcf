"""`notice answer`: record the answer of a processor that came by phone, mail or a portal."""

from __future__ import annotations

from datetime import date, datetime

import click

from bridge.cli.context import exit_with_error, open_command_context
from bridge.cli.notice.notice_view import ANSWER_FAULTS, find_notice_or_exit
from bridge.cli.options import JSON_OPTION, reference_option
from bridge.cli.printing import show
from bridge.errors import PayloadInvalid
from bridge.model import AnswerRow, NoticeChannel, ProcessorAnswer
from bridge.rules.notices.answers import PROCESSOR_RETENTION_LAWS
from bridge.steps.notices.record_answer import record_answer

ANSWER_CHOICES = [answer.value for answer in ProcessorAnswer]


@click.command("answer")
@click.argument("notice_id", metavar="ID")
@click.option(
    "--all", "common_answer", type=click.Choice(ANSWER_CHOICES), help="The answer to every item that no --entry names."
)
@click.option(
    "--entry",
    "item_answers",
    multiple=True,
    metavar="ENT=ANSWER",
    help=f"The answer to one item: one of {', '.join(ANSWER_CHOICES)}.",
)
@click.option(
    "--law",
    type=click.Choice(list(PROCESSOR_RETENTION_LAWS)),
    help="With retained: the law that makes the processor keep it.",
)
@click.option(
    "--until", type=click.DateTime(["%Y-%m-%d"]), help="With retained: the last day on which the processor keeps it."
)
@click.option("--note", default="", help="What the processor said. No names. Stored sealed.")
@reference_option("The ticket, call or mail of the answer.")
@JSON_OPTION
def answer_notice_command(
    notice_id: str,
    common_answer: str | None,
    item_answers: tuple[str, ...],
    law: str | None,
    until: datetime | None,
    note: str,
    reference: str,
    as_json: bool,
) -> None:
    """Record an answer that did not come through the answer page."""
    answers = dict(_parse_item_answer(text) for text in item_answers)
    last_day = until.date() if until else None
    with open_command_context() as context:
        with context.store.transaction() as tx:
            find_notice_or_exit(tx, notice_id)
            items = tx.notice_items.list_items(notice_id=notice_id)
        if common_answer:
            answers = {item.id: common_answer for item in items} | answers
        try:
            after = record_answer(
                notice_id,
                {item_id: _build_answer_row(answer, law or "", last_day, note) for item_id, answer in answers.items()},
                via=NoticeChannel.OPERATOR,
                actor=context.operator,
                reference=reference,
                services=context.services,
            )
        except PayloadInvalid as fault:
            exit_with_error(f"Not recorded: {ANSWER_FAULTS.get(fault.reason, fault.reason)}.")
    show(
        {"id": notice_id, "state": after.state, "entries": len(items), "reference": reference},
        as_json,
        f"{notice_id} is {after.state}: {len(items)} items, reference {reference}.",
    )


def _parse_item_answer(text: str) -> tuple[str, str]:
    item_id, equals, answer = text.partition("=")
    if not equals or answer not in ANSWER_CHOICES:
        raise click.BadParameter(
            f"give ENT=ANSWER, the answer one of {', '.join(ANSWER_CHOICES)}", param_hint="--entry"
        )
    return item_id, answer


def _build_answer_row(answer: str, law: str, until: date | None, note: str) -> AnswerRow:
    retained = answer == ProcessorAnswer.RETAINED
    return AnswerRow(
        answer=ProcessorAnswer(answer), law=law if retained else "", until=until if retained else None, note=note
    )
