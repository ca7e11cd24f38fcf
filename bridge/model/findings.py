"""What a system gave, what it did not give, and how far its own erasure is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """What came of a task."""

    FOUND = "found"
    ABSENT = "absent"
    ERASED = "erased"
    ANONYMISED = "anonymised"
    RETAINED = "retained"
    UNCONFIRMED = "unconfirmed"
    INCOMPLETE = "incomplete"
    UNREACHED = "unreached"
    DENIED = "denied"


class Absence(StrEnum):
    """Why something is not in the package: three different things (empty needs no entry)."""

    DENIED = "denied"
    UNREACHED = "unreached"
    NOT_CONFIGURED = "not_configured"
    UNATTRIBUTED = "unattributed"
    NOT_REMOVED = "left"


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """Something a system did not give. `what` names fields, documents or counts, never values."""

    system: str
    absence: Absence
    what: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One record a system holds of the person.

    `kind` is the record file it belongs to (`customer`, `order`, `draft_order`, `shipment`), `ref` its id at
    the system, `matched_by` how it was found (`customer_id`, `email`, `phone`, `order_id`, `waybill`).
    `body` is JSON-ready and in the clear: seal it before it rests anywhere.
    """

    kind: str
    ref: str
    matched_by: str
    body: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class FindingPage:
    """What one step of gathering gave. `cursor` resumes after this page; opaque, and sealed at rest."""

    findings: tuple[Finding, ...]
    cursor: str
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ErasureState:
    """How far a platform's own erasure of a customer has come; `reason` is a code."""

    outcome: Outcome  # ERASED on the platform's word only, ABSENT: id unknown (no proof), else UNCONFIRMED
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Balance:
    """Something a platform still owes a customer, by a code of the retention file's `precheck`. Never an amount."""

    code: str
    count: int | None  # None: it may not be read, which is not nothing


@dataclass(frozen=True, kw_only=True, slots=True)
class Residue:
    """What another system wrote at a platform, whose own erasure leaves it. Names it, never its value."""

    system: str
    kind: str  # a key of the retention file's [platform_residue]
    ref: str
    what: str
    hold_reason: str = ""  # a code: why it must not be touched now


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckResult:
    """One line of `doctor`. `ok` None means: could not be looked at."""

    name: str
    ok: bool | None
    detail: str
