"""A nominee: who may exercise a person's rights after death or in incapacity (DPDP Act s.14)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bridge.model.desk.particulars import NominationParticulars


@dataclass(frozen=True, kw_only=True, slots=True)
class Nomination:
    """One nomination that a person made. `nominee` is None where its content was erased.

    `request_id` recorded it, `exercised_by` is the request of the nominee that used it last, '' while none did. It
    stands until `ended_at`.
    """

    id: str
    shop: str
    subject: str
    request_id: str
    since: datetime
    ended_at: datetime | None = None
    exercised_by: str = ""
    nominee: NominationParticulars | None = None
