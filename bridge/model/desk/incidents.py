"""A breach of personal data: who must be told, and what was done about each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class IncidentRecipient(StrEnum):
    """Who must be told of a breach. `authority`: the supervisory authority in the European Union."""

    CERTIN = "certin"
    BOARD = "board"
    AUTHORITY = "authority"
    PEOPLE = "people"


@dataclass(frozen=True, kw_only=True, slots=True)
class IncidentReport:
    """That a recipient was told at `at`, or, with `is_needed` False, that an operator decided that it need not be."""

    recipient: IncidentRecipient
    at: datetime
    is_needed: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class AffectedPersons:
    """The persons that an incident concerns, as (shop, pseudonym), and how many reads named no person."""

    persons: tuple[tuple[str, str], ...] = ()
    unnamed_reads: int = 0
    counted_at: datetime | None = None
