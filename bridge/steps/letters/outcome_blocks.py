"""Set the outcome of an erasure, as `dsr outcome` writes it, as blocks of a letter. Never says more than the certificate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from bridge.steps.erasure.outcome.outcome_letter import OutcomeInput, build_outcome_values
from bridge.steps.letters.letter_page import BlockKind, LetterBlock
from bridge.steps.letters.letter_texts import LetterTexts, TextMissing, fill_text

if TYPE_CHECKING:
    from bridge.steps.letters.build_letter import LetterInput


@dataclass(frozen=True, slots=True)
class _OutcomeWords:
    """The words around what a certificate says, in one language."""

    texts: LetterTexts
    zone: ZoneInfo

    def say(self, name: str, kind: BlockKind = BlockKind.PARAGRAPH, **filled: str) -> LetterBlock:
        return LetterBlock(kind, fill_text(self.texts.get_text("outcome", name), filled))

    def say_day(self, name: str, moment: str) -> LetterBlock:
        day = datetime.fromisoformat(moment).astimezone(self.zone).date()
        return self.say(name, day=self.texts.format_day(day))


def list_outcome_blocks(given: LetterInput, texts: LetterTexts) -> Iterator[LetterBlock]:
    """Yield what is gone, what stays until when, and who must still answer. Raises TextMissing without a certificate."""
    certificate = given.certificate
    if certificate is None:
        raise TextMissing("certificate")
    values = build_outcome_values(
        OutcomeInput(
            request=given.request,
            certificate=certificate,
            merchant=given.merchant,
            retention=given.retention,
            written_at=given.written_at,
            language=texts.language,
        )
    )
    words = _OutcomeWords(texts, ZoneInfo(given.merchant.clocks.timezone))
    yield LetterBlock(BlockKind.PARAGRAPH, values["answer"])
    if values["late_since"]:
        yield words.say_day("late", certificate["clock"]["due_at"])
    if values["cutoff"]:
        yield words.say_day("cutoff", certificate["limited_to_known_at"])
    yield from _list_gone(values, words)
    yield from _list_remaining(values, words)
    yield from _list_open(values, words)
    yield words.say("ask_again")


def _list_gone(values: Mapping[str, Any], words: _OutcomeWords) -> Iterator[LetterBlock]:
    if values["reason"]:
        yield LetterBlock(BlockKind.PARAGRAPH, values["reason"])
    if values["erased"]:
        yield words.say("erased", BlockKind.HEADING)
    for each in values["erased"]:
        where = f"{each['where']}, {each['when']}" if each["when"] else each["where"]
        yield LetterBlock(BlockKind.ITEM, f"{where}: {each['what']}")
    if values["remnants"]:
        yield LetterBlock(BlockKind.PARAGRAPH, values["remnants"])


def _list_remaining(values: Mapping[str, Any], words: _OutcomeWords) -> Iterator[LetterBlock]:
    yield words.say("remaining", BlockKind.HEADING)
    if not values["remaining"]:
        yield words.say("nothing_remains")
    for row in values["remaining"]:
        yield words.say("remaining_line", BlockKind.ITEM, what=row.what, why=row.why, until=row.until)


def _list_open(values: Mapping[str, Any], words: _OutcomeWords) -> Iterator[LetterBlock]:
    if values["open_answers"]:
        yield words.say("open_answers", BlockKind.HEADING)
    for each in values["open_answers"]:
        yield words.say("open_line", BlockKind.ITEM, who=each["who"], asked=each["asked"], open=each["open"])
    if values["uninstructed"]:
        yield words.say("uninstructed", names=", ".join(values["uninstructed"]))
