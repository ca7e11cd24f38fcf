"""Queues a letter to the person of a request, in the caller's transaction: what made it necessary and it are one deed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bridge.model import Fact, LetterKind, PrivacyRequest

if TYPE_CHECKING:
    from bridge.store import Tx


def queue_letter(
    request: PrivacyRequest,
    kind: LetterKind,
    *,
    tx: Tx,
    number: int = 0,
    values: Mapping[str, str] | None = None,
    actor: str = "bridge",
) -> bool:
    """Queue a letter, once for each kind and number of a request. Return False where it was queued before.

    `values` are codes, counts and days (ISO 8601) that its text needs and that the request does not say; never anything
    personal. Where there is nobody to write to the letter is withheld, and operators see it.
    """
    letter_id = tx.person_letters.queue_letter(request.shop, request.id, kind, number=number, values=values or {})
    if letter_id is None:
        return False
    tx.evidence.append_fact(
        Fact.LETTER_QUEUED,
        shop=request.shop,
        actor=actor,
        request_id=request.id,
        subject=request.subject,
        letter=letter_id,
        letter_kind=kind,
        number=number,
    )
    return True
