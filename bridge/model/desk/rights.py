"""What the deeds for correction, restriction and objection work on: records at a platform, and restrictions in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class CorrectableOrder:
    """An order at the platform whose parcels have not all arrived: which values it has, by correctable field.

    `parts` are those of its shipping address in the platform's names.
    """

    id: str
    values: Mapping[str, str]
    parts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class CorrectableRecord:
    """What a platform holds of a customer now, by correctable field, and of the orders on their way.

    `address_id` is the platform's id of the default address, `parts` are its parts in the platform's names.
    """

    values: Mapping[str, str]
    address_id: str = ""
    parts: Mapping[str, str] = field(default_factory=dict)
    orders: tuple[CorrectableOrder, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Restriction:
    """That a person's data are stored and used for nothing else, or, with a `purpose`, not for this one.

    `ground` is a code of GDPR Art 18(1). It is in force until `lifted_at`; `ends_at` is the day of which the person was told.
    """

    request_id: str
    ground: str
    since: datetime
    purpose: str = ""
    orders: int = 0
    ends_at: datetime | None = None
    lifted_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CorrectionProgress:
    """What became of a correction: fields that are right at the platform now, and (field, code) of those that are not.

    `orders` counts orders on their way that were corrected, `orders_refused` those that the platform did not change,
    `recipients` the records of which each processor is told.
    """

    corrected: tuple[str, ...] = ()
    declined: tuple[tuple[str, str], ...] = ()
    orders: int = 0
    orders_refused: int = 0
    recipients: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class RestrictionProgress:
    """What is restricted, on which ground, and when it ends; `recipients` counts the records of which each processor is told.

    `reason` is the code of why it ends; `is_informed_otherwise`: no letter of the bridge tells the person so.
    """

    ground: str = ""
    orders: int = 0
    recipients: Mapping[str, int] = field(default_factory=dict)
    ends_at: datetime | None = None
    reason: str = ""
    is_informed_otherwise: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectionProgress:
    """Which purposes are weighed, and what was decided: (purpose, `upheld` or `declined`, code of the reason)."""

    purposes: tuple[str, ...] = ()
    decisions: tuple[tuple[str, str, str], ...] = ()

    @property
    def undecided(self) -> tuple[str, ...]:
        """The purposes that nobody has decided about."""
        decided = {purpose for purpose, _, _ in self.decisions}
        return tuple(purpose for purpose in self.purposes if purpose not in decided)
