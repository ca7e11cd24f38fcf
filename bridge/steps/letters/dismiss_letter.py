"""Dismiss a letter that nobody needs any more, because the person was told another way or gave the answer up. Calls nobody."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from bridge.model import Fact, LetterKind, LetterState, PersonLetter, PrivacyRequest

if TYPE_CHECKING:
    from bridge.store import Tx

# what the person asked for is in them, or the way to it
ANSWERING_LETTERS = frozenset(
    {
        LetterKind.ANSWER,
        LetterKind.OUTCOME,
        LetterKind.REFUSAL,
        LetterKind.CORRECTED,
        LetterKind.RESTRICTED,
        LetterKind.OBJECTION_DECIDED,
        LetterKind.CONSENT_WITHDRAWN,
        LetterKind.NOMINATION_RECORDED,
        LetterKind.GRIEVANCE_ANSWERED,
        LetterKind.PROCESSORS,
    }
)
UNSENT_STATES = (LetterState.QUEUED, LetterState.WITHHELD, LetterState.BOUNCED)


def dismiss_unsent_letters(
    request: PrivacyRequest, kinds: Collection[LetterKind], *, tx: Tx, actor: str, reason: str = "told_another_way"
) -> None:
    """Dismiss the letters of these kinds that have not reached the person; one that is being sent stays."""
    for letter in tx.person_letters.list_letters(request.id):
        if letter.kind in kinds and letter.state in UNSENT_STATES:
            dismiss_letter(letter, tx=tx, actor=actor, reason=reason)


def dismiss_letter(letter: PersonLetter, *, tx: Tx, actor: str, reason: str) -> bool:
    """Dismiss one letter and record who did it and why; return False where it is being sent, or has changed since."""
    dismissed = tx.person_letters.change_state(letter, LetterState.DISMISSED)
    if dismissed:
        record_letter_fact(Fact.LETTER_DISMISSED, letter, tx, actor=actor, reason=reason, was=letter.state)
    return dismissed


def record_letter_fact(fact: Fact, letter: PersonLetter, tx: Tx, *, actor: str = "bridge", **detail: Any) -> None:
    """Record what became of a letter: ids, codes and digests."""
    about: dict[str, Any] = {"letter": letter.id, "letter_kind": letter.kind, "number": letter.number}
    tx.evidence.append_fact(fact, shop=letter.shop, actor=actor, request_id=letter.request_id, **about, **detail)
