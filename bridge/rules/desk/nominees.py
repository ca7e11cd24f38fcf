"""Decide whether somebody who acts for a person is the nominee of a nomination that stands. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from bridge.model import Nomination, NominationParticulars, NomineeParticulars
from bridge.rules.index.identity import normalise_identifier


def find_matching_nomination(
    nominations: Iterable[Nomination], nominee: NomineeParticulars | NominationParticulars
) -> Nomination | None:
    """Return the newest nomination that stands and names this nominee by name and contact; None where none does.

    Both must agree: letters about the person go to the contact, and a name alone may be anybody's.
    """
    wanted, newest = _list_marks(nominee), sorted(nominations, key=lambda one: one.since, reverse=True)
    standing = (one for one in newest if one.ended_at is None and one.nominee is not None)
    return next((one for one in standing if one.nominee and _list_marks(one.nominee) == wanted), None)


def _list_marks(nominee: NomineeParticulars | NominationParticulars) -> tuple[str, str]:
    return _normalise_name(nominee.name), _normalise_contact(nominee.contact)


def _normalise_name(name: str) -> str:
    """Return a name for comparison: without regard to case, blanks and the way its signs are composed."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def _normalise_contact(contact: str) -> str:
    """Return an e-mail address, a phone number or another text for comparison."""
    field = "email" if "@" in contact else "phone"
    return normalise_identifier(field, contact) or _normalise_name(contact)
