"""Which letters give their reader a link, and what makes it. A link is made when its letter is sent, never before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from bridge.model import LetterKind, PrivacyRequest
from bridge.services import Services
from bridge.steps.access.download_links import make_download_link
from bridge.steps.identity.recorded_contact import make_proof_link
from bridge.steps.requests.approval.take_back import build_take_back_link

if TYPE_CHECKING:
    from bridge.store import Tx

# returns the whole address, or None where this letter of this request has no link
LinkMaker = Callable[[PrivacyRequest, "Tx", Services], str | None]

LINK_BY_LETTER: Mapping[LetterKind, LinkMaker] = {
    LetterKind.ACKNOWLEDGEMENT: build_take_back_link,
    LetterKind.ANSWER: make_download_link,
    LetterKind.SUPPLEMENT: make_download_link,
    LetterKind.IDENTITY_REQUEST: make_proof_link,
    LetterKind.IDENTITY_REMINDER: make_proof_link,
}
