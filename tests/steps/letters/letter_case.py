"""Letters of every kind, built for an invented person by a merchant whose contact is complete."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from bridge.model import (
    GrievanceParticulars,
    IncidentParticulars,
    Language,
    LetterKind,
    RequestDetails,
    RequestKind,
    RequestSource,
)
from bridge.services import Services
from bridge.steps.letters.build_letter import LetterInput
from tests.factories import make_request
from tests.steps.erasure.outcome import outcome_case

WRITTEN_AT = datetime(2027, 1, 31, 10, tzinfo=UTC)
DUE_AT = datetime(2027, 2, 28, 10, tzinfo=UTC)
MERCHANT = replace(outcome_case.MERCHANT, website_url="https://minimiss.example")
LINK = "https://privacy.example.in/x/" + "k" * 43
COMPLAINT = "I wrote three times.\nमेरा ₹1,250 का रिफ़ंड नहीं आया। <b>क्षत्रिय</b> {reference}"
KINDS: Mapping[LetterKind, RequestKind] = MappingProxyType(
    {
        LetterKind.OUTCOME: RequestKind.ERASURE,
        LetterKind.CORRECTED: RequestKind.CORRECTION,
        LetterKind.RESTRICTED: RequestKind.RESTRICTION,
        LetterKind.RESTRICTION_LIFTED: RequestKind.RESTRICTION,
        LetterKind.OBJECTION_DECIDED: RequestKind.OBJECTION,
        LetterKind.CONSENT_WITHDRAWN: RequestKind.CONSENT_WITHDRAWAL,
        LetterKind.NOMINATION_RECORDED: RequestKind.NOMINATION,
        LetterKind.GRIEVANCE_ANSWERED: RequestKind.GRIEVANCE,
        LetterKind.PROCESSORS: RequestKind.PROCESSOR_LIST,
        LetterKind.BREACH: RequestKind.INCIDENT,
    }
)
VALUES: Mapping[LetterKind, Mapping[str, str]] = MappingProxyType(
    {
        LetterKind.IDENTITY_REQUEST: {"by": "2027-02-14"},
        LetterKind.IDENTITY_REMINDER: {"by": "2027-02-14"},
        LetterKind.SUPPLEMENT: {"systems": "delhivery,bluedart"},
        LetterKind.EXTENSION: {"until": "2027-03-31", "reason": "complex"},
        LetterKind.REFUSAL: {"reason": "identity_not_proven"},
        LetterKind.LATE: {"due": "2027-02-28"},
        LetterKind.CORRECTED: {"fields": "phone,address", "recipients": "delhivery,shopify", "declined": "email:taken"},
        LetterKind.RESTRICTED: {"ground": "accuracy"},
        LetterKind.RESTRICTION_LIFTED: {"from": "2027-03-05", "reason": "accuracy_verified"},
        LetterKind.OBJECTION_DECIDED: {"outcome": "declined", "purposes": "cod_risk", "reason": "compelling_grounds"},
        LetterKind.CONSENT_WITHDRAWN: {"channels": "email,sms", "systems": "shopify"},
        LetterKind.GRIEVANCE_ANSWERED: {"reason": "upheld"},
        LetterKind.BREACH: {"noticed": "2027-01-30"},
    }
)
LINKED = (LetterKind.ACKNOWLEDGEMENT, LetterKind.ANSWER, LetterKind.SUPPLEMENT, LetterKind.IDENTITY_REQUEST)


class AnsweredGrievance(GrievanceParticulars):
    """A complaint with the officer's answer, as it is sealed with the request."""

    answer = "We paid your refund today."


class KnownIncident(IncidentParticulars):
    """A breach with what may come of it and what a person can do."""

    consequences = "Strangers may write to you."
    advice = "Answer no such message."


def make_letter_input(kind: LetterKind, language: Language = Language.ENGLISH, **given: Any) -> LetterInput:
    """Make what a letter of this kind is built from."""
    request_kind = KINDS.get(kind, RequestKind.ACCESS)
    stated = {
        LetterKind.BREACH: KnownIncident(noticed_at=WRITTEN_AT, text="A list of names could be read."),
        LetterKind.GRIEVANCE_ANSWERED: AnsweredGrievance(text=COMPLAINT),
    }
    usual: dict[str, Any] = {
        "request": make_request(
            id="req_01M84N6EY20CZ9W2PB73FKRKAY",
            kind=request_kind,
            source=RequestSource.OPERATOR,
            received_at=WRITTEN_AT,
            due_at=DUE_AT,
        ),
        "kind": kind,
        "language": language,
        "merchant": MERCHANT,
        "retention": outcome_case.DECIDED,
        "written_at": WRITTEN_AT,
        "values": VALUES.get(kind, {}),
        "details": RequestDetails(particulars=stated.get(kind)),
        "incident": stated.get(kind),
        "certificate": outcome_case.certify(
            outcome_case.make_erase_task(customers=1, orders=2), outcome_case.make_poll_task()
        )
        if kind is LetterKind.OUTCOME
        else None,
        "link": LINK if kind in LINKED else "",
    }
    return LetterInput(**(usual | given))


def make_complaint(**given: Any) -> LetterInput:
    """Make the acknowledgement of a complaint."""
    request = make_request(kind=RequestKind.GRIEVANCE, source=RequestSource.OPERATOR, due_at=DUE_AT)
    details = RequestDetails(particulars=GrievanceParticulars(text=COMPLAINT))
    return make_letter_input(LetterKind.ACKNOWLEDGEMENT, **({"request": request, "details": details} | given))


def with_contact(services: Services, **given: Any) -> Services:
    """Return services of a merchant whose contact is complete, so that letters leave."""
    merchant = replace(
        services.merchant,
        legal_name="Mini Miss & Co LLP",
        website_url="https://minimiss.example",
        policy_last_updated="1 May 2026",
        **given,
    )
    return replace(services, merchant=merchant)
