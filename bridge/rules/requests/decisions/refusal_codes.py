"""Why a request may be refused: a code, the law that allows it, a sentence for the person, and the kinds it fits. Pure.

The law stands in evidence and in the register; the sentence is what a letter says. Every refusal names how to complain and
that a court may be asked (GDPR Art 12(4)): `list_remedies`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from bridge.errors import PayloadInvalid
from bridge.model import RequestKind

EVERY_KIND = frozenset(RequestKind) - {RequestKind.SHOP_ERASURE}


@dataclass(frozen=True, kw_only=True, slots=True)
class RefusalReason:
    """A reason to refuse: `laws` by regime (`IN`, `EU`, `UK`); a regime without one does not know the reason."""

    sentence: str
    laws: Mapping[str, str]
    kinds: frozenset[RequestKind] = EVERY_KIND


_GDPR_UNFOUNDED = "GDPR Art 12(5)(b)"
REFUSAL_REASONS: Mapping[str, RefusalReason] = {
    "identity_not_proven": RefusalReason(
        sentence="We could not verify that you are the person whose data you ask about.",
        laws={"IN": "DPDP Rules 2025 r.14(1)", "EU": "GDPR Art 12(2), 12(6)", "UK": "UK GDPR Art 12(2), 12(6)"},
        kinds=EVERY_KIND - {RequestKind.CONSENT_WITHDRAWAL, RequestKind.PROCESSOR_LIST, RequestKind.GRIEVANCE},
    ),
    "manifestly_unfounded": RefusalReason(
        sentence="The request is manifestly without a ground.",
        laws={"IN": "DPDP Act 2023 s.15(d)", "EU": _GDPR_UNFOUNDED, "UK": "UK GDPR Art 12(5)(b)"},
        kinds=EVERY_KIND - {RequestKind.CONSENT_WITHDRAWAL, RequestKind.INCIDENT},
    ),
    "excessive": RefusalReason(
        sentence="You made the same request again and again within a short time.",
        laws={"EU": _GDPR_UNFOUNDED, "UK": "UK GDPR Art 12(5)(b)"},
        kinds=EVERY_KIND - {RequestKind.CONSENT_WITHDRAWAL, RequestKind.INCIDENT},
    ),
    "not_the_controller": RefusalReason(
        sentence="The data that you ask about is not ours: another company decides about it.",
        laws={"IN": "DPDP Act 2023 s.2(i)", "EU": "GDPR Art 4(7), 12(4)", "UK": "UK GDPR Art 4(7), 12(4)"},
    ),
    "law_requires_keeping": RefusalReason(
        sentence="A law obliges us to keep this data.",
        laws={"IN": "DPDP Act 2023 s.12(3), s.17(1)", "EU": "GDPR Art 17(3)", "UK": "UK GDPR Art 17(3)"},
        kinds=frozenset({RequestKind.ERASURE, RequestKind.OBJECTION, RequestKind.RESTRICTION}),
    ),
    "legal_claims": RefusalReason(
        sentence="We need this data to establish, exercise or defend legal claims.",
        laws={"IN": "DPDP Act 2023 s.17(1)(a)", "EU": "GDPR Art 17(3)(e)", "UK": "UK GDPR Art 17(3)(e)"},
        kinds=frozenset({RequestKind.ERASURE, RequestKind.OBJECTION, RequestKind.RESTRICTION}),
    ),
    "data_is_correct": RefusalReason(
        sentence="We checked the data, and it is correct.",
        laws={"IN": "DPDP Act 2023 s.12(2)", "EU": "GDPR Art 16", "UK": "UK GDPR Art 16"},
        kinds=frozenset({RequestKind.CORRECTION, RequestKind.RESTRICTION}),
    ),
    "rights_of_others": RefusalReason(
        sentence="What you ask for would disclose data of other persons.",
        laws={"IN": "DPDP Act 2023 s.8(4)", "EU": "GDPR Art 15(4)", "UK": "UK GDPR Art 15(4)"},
        kinds=frozenset({RequestKind.ACCESS, RequestKind.NOMINEE_EXERCISE}),
    ),
    "no_authority": RefusalReason(
        sentence="We were not shown that you may act for this person.",
        laws={"IN": "DPDP Act 2023 s.14", "EU": "GDPR Art 12(6)", "UK": "UK GDPR Art 12(6)"},
        kinds=frozenset({RequestKind.NOMINEE_EXERCISE, RequestKind.NOMINATION}),
    ),
    "already_done": RefusalReason(
        sentence="We did what you ask for before, and nothing has changed since.",
        laws={"IN": "DPDP Act 2023 s.15(d)", "EU": _GDPR_UNFOUNDED, "UK": "UK GDPR Art 12(5)(b)"},
    ),
}


def find_refusal_reason(code: str, kind: RequestKind, regimes: Collection[str]) -> RefusalReason:
    """Return the reason of a code. Raises PayloadInvalid.

    `code_unknown`; `code_not_for_kind`; `code_not_for_law` where no law that applies to the person knows the reason.
    """
    reason = REFUSAL_REASONS.get(code)
    if reason is None:
        raise PayloadInvalid("code_unknown")
    if kind not in reason.kinds:
        raise PayloadInvalid("code_not_for_kind")
    if not set(reason.laws) & set(regimes):
        raise PayloadInvalid("code_not_for_law")
    return reason


def list_laws_of_refusal(code: str, regimes: Collection[str]) -> list[str]:
    """Return the laws that allow a refusal with this code, of those regimes; none for an unknown code."""
    reason = REFUSAL_REASONS.get(code)
    return [law for regime, law in reason.laws.items() if regime in regimes] if reason else []


def list_remedies(routes: Collection[str]) -> list[str]:
    """Return what a refusal says against itself: the open complaint routes, by their codes, then the court."""
    return [*dict.fromkeys(routes), JUDICIAL_REMEDY]


JUDICIAL_REMEDY = "judicial_remedy"  # a court may be asked, whatever the authority decides (GDPR Art 79)
