"""What outlives an erasure and why: sealed documents, planned actions, legal holds, reviews."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

ShopOrderKey = tuple[str, str]
"""A shop, and the pseudonym of one of its orders."""


class ErasureAction(StrEnum):
    """What an erasure does with one kind of data at one system."""

    ERASE = "erase"
    ANONYMISE = "anonymise"
    PSEUDONYMISE = "pseudonymise"
    RESTRICT = "restrict"
    SEAL = "seal"
    KEEP_AS_EVIDENCE = "keep_as_evidence"
    KEEP = "keep"
    QUARANTINE = "quarantine"


class DocumentKind(StrEnum):
    """What a sealed document is in the tax books."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


class DocumentForm(StrEnum):
    """How the document was obtained.

    AS_ISSUED is the shop's own document, MINIMUM the particulars that the law demands where the shop gave none. ATTESTED is
    an operator's statement that the merchant's own books have the document.
    """

    AS_ISSUED = "as_issued"
    MINIMUM = "statutory_minimum"
    ATTESTED = "external_attested"


@dataclass(frozen=True, kw_only=True, slots=True)
class InvoiceCopy:
    """A statutory copy before it is sealed, in the clear. `source_id` is the order's or the refund's id at the shop."""

    kind: DocumentKind
    form: DocumentForm
    order_id: str
    source_id: str
    issued_at: datetime
    content: bytes
    media_type: str = "application/json"
    names_buyer: bool = False
    country: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """A sealed document without its content, as it is listed. `order_key` and `digest` are keyed HMACs.

    `request_id` is the erasure that left the document as all that is kept; '' where the data subject requested none.
    `grounds` are the ids of the holds that kept it when days were last computed, under the retention file `law_sha256`;
    `erasable_from` is None where the day is not known yet. `names_buyer`: it contains the buyer's name and address.
    `country` (ISO 3166, '' unknown) is where the goods went: its law applies beside India's.
    """

    id: str
    shop: str
    kind: DocumentKind
    form: DocumentForm
    media_type: str
    order_key: str
    digest: str
    issued_at: datetime
    sealed_at: datetime
    request_id: str = ""
    erasable_from: date | None = None
    grounds: tuple[str, ...] = ()
    law_sha256: str = ""
    names_buyer: bool = False
    country: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanLine:
    """One line of an erasure's plan: what happens to one category at one system.

    `what` names fields or tables, never values. `reason` is a code, `law` the citation, `until` the last day of the duty
    (None: there is no day, or it is not known yet), `hold_ids` the ids of the grounds. `grounds` says of each its id, its
    law and its last day, where they differ.
    """

    system: str
    category: str
    what: str
    action: ErasureAction
    reason: str
    count: int = 0
    law: str = ""
    until: date | None = None
    hold_ids: tuple[str, ...] = ()
    grounds: tuple[tuple[str, str, date | None], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Review:
    """A matter that an operator must look at. `what` names locations and kinds, never a value.

    `decision` is what the operator decided about a parcel: `released` or `refused`; '' of any other review.
    """

    id: str
    shop: str
    kind: str
    what: str
    request_id: str
    opened_at: datetime
    closed_at: datetime | None = None
    closed_by: str = ""
    decision: str = ""


class Proceeding(StrEnum):
    """A proceeding about tax, for which the law keeps documents longer than for another legal hold.

    All but the last are those of the proviso of CGST Act s.36; `tax` is any other proceeding that it names: before an
    appellate or revisional authority, a tribunal or a court.
    """

    APPEAL = "appeal"
    REVISION = "revision"
    TAX = "tax"
    INVESTIGATION = "investigation"
    ASSESSMENT = "assessment"


@dataclass(frozen=True, kw_only=True, slots=True)
class LegalHold:
    """A dispute, summons or complaint that keeps records until an operator releases it.

    `kind` is a `Proceeding`, '' for any other hold. `disposed_at` is when a proceeding was finally disposed of: its
    documents are kept on from there (CGST Act s.36).
    """

    id: str
    shop: str
    request_id: str
    subject: str
    order_key: str
    reference: str
    opened_by: str
    opened_at: datetime
    review_due_at: datetime
    reviewed_by: str = ""
    reviewed_at: datetime | None = None
    approved_by: str = ""
    released_by: str = ""
    released_at: datetime | None = None
    kind: str = ""
    disposed_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AcceptedPolicy:
    """A retention file that was accepted: by an operator, or by the bridge where no day came nearer.

    `ages` are the maximum ages of each category (`rules/retention/max_ages`), to be compared with another file.
    """

    sha256: str
    policy_id: str
    accepted_at: datetime
    accepted_by: str
    ages: Mapping[str, Any] = field(default_factory=dict)


def plan_line_as_json(line: PlanLine) -> Mapping[str, Any]:
    """Return a line of the plan, JSON-ready."""
    return {
        "system": line.system,
        "category": line.category,
        "what": line.what,
        "action": line.action.value,
        "count": line.count,
        "reason": line.reason,
        "law": line.law,
        "until": line.until.isoformat() if line.until else None,
        "holds": list(line.hold_ids),
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class Remnant:
    """A transaction that destroyed keys or sealed values, while some file of the database may still hold their bytes.

    `request_id` and `shop` are of the request that it was done for, '' where there is none. `transaction_id` is Postgres'
    number of it, None on SQLite. `overwritten` names the parts of the database that no longer hold anything of it.
    """

    id: str
    request_id: str
    shop: str
    destroyed_at: datetime
    transaction_id: int | None
    overwritten: frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class ConsentEvent:
    """The last word of one consent: what for, on which channel, given or withdrawn, when, how.

    `state`, `level` (of the opt-in) and `collected_from` are the platform's words in small letters, `at` is ISO 8601, each
    '' where the platform does not say. `contact` is the address or number in the clear as it is read, and its keyed HMAC
    as it is kept.
    """

    purpose: str
    channel: str
    state: str
    at: str
    level: str
    collected_from: str
    contact: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomerConsents:
    """The consents of one customer at a platform, with the contacts in the clear.

    `missing` is a code of why there may be more, '' where nothing is missing. `is_by_phone_only`: nothing but a phone leads to
    this customer, and phones are shared; only consents to be reached by it are taken back.
    """

    customer_id: str
    events: tuple[ConsentEvent, ...] = ()
    missing: str = ""
    is_by_phone_only: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ConsentReading:
    """What was read, and as a code why there may be more: `consents_redacted`, `denied`; '' where nothing is missing."""

    events: tuple[ConsentEvent, ...] = ()
    missing: str = ""
