"""What a system returned, what it did not return, and how far its own erasure is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """The outcome of a task."""

    FOUND = "found"
    ABSENT = "absent"
    ERASED = "erased"
    CHANGED = "changed"
    ANONYMISED = "anonymised"
    RETAINED = "retained"
    UNCONFIRMED = "unconfirmed"
    INCOMPLETE = "incomplete"
    UNREACHED = "unreached"
    DENIED = "denied"


class Absence(StrEnum):
    """Why something is not in the package. What is empty needs no entry."""

    DENIED = "denied"
    UNREACHED = "unreached"
    NOT_CONFIGURED = "not_configured"
    UNATTRIBUTED = "unattributed"
    NOT_REMOVED = "left"
    WITHHELD = "withheld"


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """Something that a system did not return. `what` names fields, documents or counts, never values."""

    system: str
    absence: Absence
    what: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One record that a system holds of the data subject.

    `kind` is the record file it belongs to (`customer`, `order`, `draft_order`, `shipment`), `ref` its id at
    the system, `matched_by` how it was found (`customer_id`, `email`, `phone`, `order_id`, `waybill`).
    `body` is JSON-ready and in the clear: seal it before storing it anywhere.
    """

    kind: str
    ref: str
    matched_by: str
    body: Mapping[str, Any]


Contact = tuple[str, str]  # field (`email`, `phone`) and value


class CustomerVerdict(StrEnum):
    """Whether a customer is the data subject of a request. `foreign`: an operator decided that it is not."""

    SAME = "same"
    IN_DOUBT = "in_doubt"
    FOREIGN = "foreign"


@dataclass(frozen=True, kw_only=True, slots=True)
class PlatformCustomer:
    """A customer as the platform has it. It holds personal values, and is stored nowhere.

    `contacts` are all e-mail addresses and phones on its record, `found_by` the contacts of the request that lead to it.
    """

    id: str
    name: str = ""
    contacts: tuple[Contact, ...] = ()
    found_by: tuple[Contact, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomerJudgement:
    """What is known of one customer: whether it is the data subject, and the code of why not."""

    customer: PlatformCustomer
    verdict: CustomerVerdict
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class DoubtedCustomer:
    """A customer that an operator must decide about, with the contacts of the request that lead to it.

    `beside` is the number of the customer that is the data subject for sure, '' where there is none.
    """

    id: str
    found_by: tuple[Contact, ...] = ()
    reason: str = ""
    beside: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class FindingPage:
    """One page of a gathering. `cursor` resumes after this page; it is opaque, and stored sealed.

    `is_last` says that no page follows: what is read ends with it, in one transaction. The last page may lack it.
    `doubtful_orders` are numbers of orders that may be the data subject's and are another customer's at the system,
    `doubtful_customers` are customers that may be somebody else.
    """

    findings: tuple[Finding, ...]
    cursor: str
    gaps: tuple[Gap, ...] = ()
    doubtful_orders: tuple[str, ...] = ()
    doubtful_customers: tuple[DoubtedCustomer, ...] = ()
    is_last: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ErasureState:
    """How far a platform's own erasure of a customer is; `reason` is a code.

    `open_orders` is counted where nothing is left of the customer, which alone is no sign of an erasure; None: not
    counted, or not readable.
    """

    outcome: Outcome  # ERASED only where the platform says so, ABSENT: id unknown (no proof), else UNCONFIRMED
    reason: str = ""
    open_orders: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Balance:
    """Something that a platform still owes a customer, by a code of the retention file's `precheck`. Never an amount."""

    code: str
    count: int | None  # None: reading is not allowed, so the count is unknown


@dataclass(frozen=True, kw_only=True, slots=True)
class Residue:
    """What another app wrote at a platform, whose own erasure does not remove it. It has a name, never a value."""

    system: str
    kind: str  # a key of the retention file's [platform_residue]
    ref: str
    what: str
    hold_reason: str = ""  # a code: why it must not be removed now


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckResult:
    """One line of `doctor`. `ok` is None where the check could not run, or what it found is optional.

    `fix` is what to type or change where it fails. `stops_release` says that a release with this failure does not work.
    """

    name: str
    ok: bool | None
    detail: str
    fix: str = ""
    stops_release: bool = False
