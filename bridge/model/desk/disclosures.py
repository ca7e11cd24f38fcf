"""Personal data that were given to a public authority, and until when a law forbids to tell the person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class DisclosureParticulars:
    """To which authority, by which law or order, and what: ids of categories of the retention file.

    `country` is the authority's, by two letters.
    """

    authority: str
    law: str
    categories: tuple[str, ...]
    country: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Secrecy:
    """A law forbids to tell the person until this day has passed; None: until somebody ends it."""

    until: date | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AuthorityDisclosure:
    """One disclosure about a person or about orders.

    `given_at` is when the day of it began. The person may be told since `disclosable_at`, None while nobody knows when.
    """

    id: str
    shop: str
    given_at: datetime
    disclosable_at: datetime | None
    recorded_at: datetime
    particulars: DisclosureParticulars

    def is_secret(self, now: datetime) -> bool:
        """Return whether the person may not be told now."""
        return self.disclosable_at is None or now < self.disclosable_at
