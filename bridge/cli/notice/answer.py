"""`notice answer`: record the answer of a processor that came by phone, mail or a portal."""

from __future__ import annotations

from datetime import date

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_on_refusal, open_command_context
from bridge.cli.notice.notice_view import ANSWER_FAULTS, find_notice_or_exit
from bridge.cli.options import free_text_option, reference_option
from bridge.cli.printing import show
from bridge.cli.shared.dates import When, when_option
from bridge.cli.shared.ids import NOTICE_ID
from bridge.model import AnswerRow, NoticeChannel, ProcessorAnswer
from bridge.rules.notices.answers import PROCESSOR_RETENTION_LAWS
from bridge.steps.notices.record_answer import record_answer

ANSWER_CHOICES = [answer.value for answer in ProcessorAnswer]
ANSWER_TYPE = click.Choice(ANSWER_CHOICES)
LAW_TYPE = click.Choice(list(PROCESSOR_RETENTION_LAWS))
ENTRY_HELP = f"The answer to one item: one of {', '.join(ANSWER_CHOICES)}."


@json_command(
    "answer",
    example="notice answer ntc_01M84N6EY20CZ9W2PB73FKRKAY --all erased --reference T-4711\n"
    "notice answer ntc_01M84N6EY20CZ9W2PB73FKRKAY --all retained --law tax --until 2034-03-31 --reference T-4711",
)
@click.argument("notice_id", type=NOTICE_ID, metavar="ID")
@click.option("--all", "common_answer", type=ANSWER_TYPE, help="The answer to every item that no --entry names.")
@click.option("--entry", "item_answers", multiple=True, metavar="ENT=ANSWER", help=ENTRY_HELP)
@click.option("--law", type=LAW_TYPE, help="With retained: the law that makes the processor keep it.")
@when_option("--until", ahead=True, meaning="With retained: the last day on which the processor keeps it.")
@free_text_option("--note", "What the processor said. No names. Stored sealed.", required=False)
@reference_option("The ticket, call or mail of the answer.")
def answer_notice_command(
    notice_id: str,
    common_answer: str | None,
    item_answers: tuple[str, ...],
    law: str | None,
    until: When | None,
    note: str,
    reference: str,
) -> None:
    """Record an answer that did not come through the answer page."""
    answers = dict(_parse_item_answer(text) for text in item_answers)
    with open_command_context() as context:
        with context.store.transaction() as tx:
            find_notice_or_exit(tx, notice_id)
            items = tx.notice_items.list_items(notice_id=notice_id)
        last_day = until.resolve_day(context.merchant_zone) if until else None
        if common_answer:
            answers = {item.id: common_answer for item in items} | answers
        rows = {item_id: _build_answer_row(answer, law or "", last_day, note) for item_id, answer in answers.items()}
        via, actor, services = NoticeChannel.OPERATOR, context.operator, context.services
        with exit_on_refusal("Not recorded", ANSWER_FAULTS):
            after = record_answer(notice_id, rows, via=via, actor=actor, reference=reference, services=services)
    shown = {"id": notice_id, "state": after.state, "entries": len(items), "reference": reference}
    show(shown, f"{notice_id} is {after.state}: {len(items)} items, reference {reference}.")


def _parse_item_answer(text: str) -> tuple[str, str]:
    item_id, equals, answer = text.partition("=")
    if not equals or answer not in ANSWER_CHOICES:
        fault = f"give ENT=ANSWER, the answer one of {', '.join(ANSWER_CHOICES)}"
        raise click.BadParameter(fault, param_hint="--entry")
    return item_id, answer


def _build_answer_row(answer: str, law: str, until: date | None, note: str) -> AnswerRow:
    if answer != ProcessorAnswer.RETAINED:
        law, until = "", None
    return AnswerRow(answer=ProcessorAnswer(answer), law=law, until=until, note=note)
