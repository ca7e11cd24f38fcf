"""What the answer page asks for, by the purpose of an instruction: only one asks to erase."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bridge.model import NoticePurpose, ProcessorAnswer

AnswerChoices = Sequence[tuple[ProcessorAnswer, str, str]]  # the answer, its label, its meaning
ERASED_CHOICES: AnswerChoices = (
    (ProcessorAnswer.ERASED, "Erased", "You hold nothing of it any more."),
    (ProcessorAnswer.RETAINED, "Kept under a law", "A law makes you keep some of it, until a day."),
    (ProcessorAnswer.NOT_FOUND, "Not found", "You looked, and hold nothing under this reference."),
    (ProcessorAnswer.REFUSED, "Refused", "You will not erase it. Please say why in the note."),
)
DONE_CHOICES: AnswerChoices = (
    (ProcessorAnswer.ERASED, "Done", "You did what is asked for."),
    (ProcessorAnswer.NOT_FOUND, "Not found", "You looked, and hold nothing under this reference."),
    (ProcessorAnswer.REFUSED, "Refused", "You will not do it. Please say why in the note."),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class PurposeWords:
    """The words of one purpose: what kind of instruction it is, the heading, why, what is to be done, the answers."""

    kind: str
    heading: str
    reason: str
    task: str
    choices: AnswerChoices = DONE_CHOICES

    @property
    def labels(self) -> Mapping[ProcessorAnswer, str]:
        """Return the label of each answer."""
        return {answer: label for answer, label, _ in (*ERASED_CHOICES, *self.choices)}


PURPOSE_WORDS: Mapping[NoticePurpose, PurposeWords] = {
    NoticePurpose.ERASE: PurposeWords(
        kind="erasure instruction",
        heading="Please erase {records}, and answer here",
        reason="The persons behind the records below have had their data erased with us.",
        task="Please erase what you hold about them under these references",
        choices=ERASED_CHOICES,
    ),
    NoticePurpose.CORRECT: PurposeWords(
        kind="instruction to correct data",
        heading="Please correct {records}, and answer here",
        reason="The persons behind the records below asked us to correct their data. What is to be changed stands with our letter.",
        task="Please correct what you hold about them under these references",
    ),
    NoticePurpose.RESTRICT: PurposeWords(
        kind="instruction to restrict the use of data",
        heading="Please use {records} for nothing else, and answer here",
        reason="The persons behind the records below asked us to restrict the use of their data. What is still allowed stands in our letter.",
        task="Please do that with what you hold about them under these references",
    ),
    NoticePurpose.STOP_MESSAGES: PurposeWords(
        kind="instruction to stop messages",
        heading="Please send no more offers for {records}, and answer here",
        reason="The persons behind the records below took back their consent to offers in our name.",
        task="Please take them off every list of ours, by these references",
    ),
    NoticePurpose.LIFT_RESTRICTION: PurposeWords(
        kind="notice that a restriction ended",
        heading="Please note for {records} that a restriction ended, and answer here",
        reason="The restriction on the use of the data of the persons behind the records below has ended.",
        task="You may use again what you hold about them under these references",
    ),
}
