"""What outlives an erasure and why: sealed documents, planned actions, what needs a person's eye."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any


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
    """What a sealed document is to the tax books."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


class DocumentForm(StrEnum):
    """The shop's own document, the particulars that the law demands where none was given, or a word for it.

    The word is an operator's: that the merchant's own books have the document.
    """

    AS_ISSUED = "as_issued"
    MINIMUM = "statutory_minimum"
    ATTESTED = "external_attested"


@dataclass(frozen=True, kw_only=True, slots=True)
class InvoiceCopy:
    """A statutory copy before it is sealed, in the clear. `source` is the order's or the refund's id at the shop."""

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
    """A sealed document as it is listed: nothing of its content. `order_key` and `digest` are keyed HMACs.

    `request_id` is the erasure that left it as all that is kept; '' while its person has asked for nothing.
    `grounds` are the ids of the holds that kept it when days were last computed, under the retention file
    `law_sha256`; `erasable_from` None means that nobody can say yet. `names_buyer`: it holds her name and address.
    `country` (ISO 3166, '' unknown) is where the goods went: whose regime speaks beside India's.
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
    """One line of an erasure's plan: what becomes of one category at one system.

    `what` names fields or tables, never values. `reason` is a code, `law` what to quote, `until` the last day
    of the duty (None: no day, or nobody can say yet), `holds` the ids of the grounds.
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Review:
    """Something that needs a person's eye. `what` names places and kinds, never a value."""

    id: str
    shop: str
    kind: str
    what: str
    request_id: str
    opened_at: datetime
    closed_at: datetime | None = None
    closed_by: str = ""


class Proceeding(StrEnum):
    """A claim of the tax authorities: the law keeps its books on, beyond what any claim does."""

    TAX = "tax"
    ASSESSMENT = "assessment"


@dataclass(frozen=True, kw_only=True, slots=True)
class LegalHold:
    """A dispute, a summons, a complaint that holds data back until somebody says that it is over.

    `kind` is a `Proceeding`, '' for any other claim. `disposed_at` is the day of a proceeding's final disposal: its
    books are kept on from there (CGST Act s.36).
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

    `ages` is what it says of each category (`rules/ages`), to be compared with another file.
    """

    sha256: str
    policy_id: str
    accepted_at: datetime
    accepted_by: str
    ages: Mapping[str, Any] = field(default_factory=dict)


def plan_line_as_json(line: PlanLine) -> Mapping[str, Any]:
    """A line of the plan, JSON-ready."""
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
