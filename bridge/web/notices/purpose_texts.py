"""What the answer page asks for, by the purpose of its notice: nobody erases what is to be corrected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bridge.model import NoticePurpose, ProcessorAnswer

AnswerChoice = tuple[ProcessorAnswer, str, str]  # the answer, its label, its meaning

ERASURE_CHOICES: Sequence[AnswerChoice] = (
    (ProcessorAnswer.ERASED, "Erased", "You hold nothing of it any more."),
    (ProcessorAnswer.RETAINED, "Kept under a law", "A law makes you keep some of it, until a day."),
    (ProcessorAnswer.NOT_FOUND, "Not found", "You looked, and hold nothing under this reference."),
    (ProcessorAnswer.REFUSED, "Refused", "You will not erase it. Please say why in the note."),
)
# the answers are the same words in storage: `erased` is that what was asked for is done
OTHER_CHOICES: Sequence[AnswerChoice] = (
    (ProcessorAnswer.ERASED, "Done", "You did what our letter asks for."),
    (ProcessorAnswer.NOT_FOUND, "Not found", "You looked, and hold nothing under this reference."),
    (ProcessorAnswer.REFUSED, "Refused", "You will not do it. Please say why in the note."),
)
# the verb of the heading, and what is asked
HEADINGS: Mapping[NoticePurpose, tuple[str, str]] = {
    NoticePurpose.ERASE: (
        "erase",
        "The persons behind the records below have had their data erased with us. Please erase what you hold about them",
    ),
    NoticePurpose.CORRECT: (
        "correct",
        "The persons behind the records below have had their data corrected with us. Please correct, and do not erase, what you hold about them",
    ),
    NoticePurpose.RESTRICT: (
        "restrict",
        "The persons behind the records below want the use of their data restricted. Please store, and do not erase, what you hold about them",
    ),
    NoticePurpose.STOP_MESSAGES: (
        "send no more offers for",
        "The persons behind the records below want no more offers. Please send them none in our name. We mean what you hold",
    ),
    NoticePurpose.LIFT_RESTRICTION: (
        "note the end of a restriction for",
        "The restriction on the use of the data of the persons below has ended. You may use again what you hold about them",
    ),
}


def list_answer_choices(purpose: NoticePurpose) -> Sequence[AnswerChoice]:
    """Return the answers that a processor may give to a notice of this purpose."""
    return ERASURE_CHOICES if purpose is NoticePurpose.ERASE else OTHER_CHOICES
