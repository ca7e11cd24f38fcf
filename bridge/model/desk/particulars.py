"""What a person states beside identifiers: what exactly they ask for, and how to reach them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Language(StrEnum):
    """A language that letters and pages are written in (ISO 639-1)."""

    ENGLISH = "en"
    HINDI = "hi"


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldChange:
    """One value that is wrong or incomplete: `field` is a name of `CORRECTABLE_FIELDS`, `old` may be blank."""

    field: str
    new: str
    old: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class CorrectionParticulars:
    """What must be corrected, and by what it is proven (policy s.10.II, GDPR Art 16)."""

    changes: tuple[FieldChange, ...]
    proof: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class RestrictionParticulars:
    """Why processing must be restricted: a code of GDPR Art 18(1) (`accuracy`, `unlawful`, `claims`, `objection`)."""

    ground: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectionParticulars:
    """What is objected to: `purposes` are `marketing`, `cod_risk`, `analytics`; `grounds` is what the person wrote."""

    purposes: tuple[str, ...]
    grounds: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class WithdrawalParticulars:
    """Which consents are taken back: `channels` are `email`, `sms`, `whatsapp`, `profiling`; none means all of them."""

    channels: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class NominationParticulars:
    """Who may exercise the person's rights in case of death or incapacity (DPDP Act s.14)."""

    name: str
    contact: str
    relation: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class NomineeParticulars:
    """Who acts for the person, for which right (`access`, `erasure`, `correction`), and by what that is proven.

    `proof` names what was seen, and no document is kept. `changes` are for a correction only.
    """

    name: str
    contact: str
    right: str
    proof: str
    changes: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class GrievanceParticulars:
    """The complaint as it was recorded (policy s.16), and the officer's `answer`, '' until there is one."""

    text: str
    answer: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class IncidentParticulars:
    """What is known of a breach. `noticed_at` is an aware time in UTC, `text` says what happened: nature and extent.

    The others may follow: when and where it occurred, what may come of it, what was done and will be done against that,
    what a person can do, how it came about, what was found about who caused it, what keeps it from happening again
    (DPDP Rules r.7).
    """

    noticed_at: datetime
    text: str
    occurred: str = ""
    location: str = ""
    consequences: str = ""
    measures: str = ""
    advice: str = ""
    causes: str = ""
    culprit: str = ""
    prevention: str = ""


Particulars = (
    CorrectionParticulars
    | RestrictionParticulars
    | ObjectionParticulars
    | WithdrawalParticulars
    | NominationParticulars
    | NomineeParticulars
    | GrievanceParticulars
    | IncidentParticulars
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplyContact:
    """Where letters to the person go: an e-mail address, and the language in which they are written.

    `proven` says that a code sent to the address came back.
    """

    address: str
    language: Language = Language.ENGLISH
    proven: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestDetails:
    """What a request states beside the person's identifiers. Sealed under a key of its own, so that it outlives an erasure briefly."""

    particulars: Particulars | None = None
    contact: ReplyContact | None = None
