"""List which ground of the GDPR may be named for whose law. Reads no file and decides nothing.

Art 17(3)(b) and Art 6(1)(c) with 6(3) know the law of the Union and of its member states, and no other: a tax law
of India keeps nobody's data under them. What it keeps of people in the EU stands on 17(3)(e) or 6(1)(f).
"""

from __future__ import annotations

import re
from collections.abc import Collection

# the regimes whose text is the GDPR's: the United Kingdom kept its articles
GDPR_REGIMES = ("EU", "UK")
GDPR_GROUNDS = ("6(1)(b)", "6(1)(c)", "6(1)(f)", "17(3)(b)", "17(3)(e)")
# what a hold without any such ground does to people in the EU or the United Kingdom
RESTRICT_AND_DISCLOSE, ERASE_ON_CONFLICT = "restrict_and_disclose", "erase"
CONFLICT_ACTIONS = (RESTRICT_AND_DISCLOSE, ERASE_ON_CONFLICT)

_UNION_LAW_GROUNDS = ("6(1)(c)", "17(3)(b)")
_LEGAL_DUTY_ARTICLE = re.compile(r"\b17\s*\(\s*3\s*\)\s*\(\s*b\s*\)", re.IGNORECASE)
# fmt: off
EEA = frozenset([
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE",
    "IS", "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
])
# fmt: on


def explain_ground_refusal(ground: str, jurisdiction: str) -> str:
    """Return why a hold under a law of `jurisdiction` cannot name this ground; '' where it can."""
    if ground in _UNION_LAW_GROUNDS and jurisdiction not in EEA | {"EU"}:
        return (
            f"names Art {ground} for a law whose jurisdiction is {jurisdiction}: only law of the Union or of a "
            "member state is such a ground. Art 17(3)(e) or Art 6(1)(f) may be one"
        )
    return ""


def explain_basis_refusal(text: str, regime: str, jurisdictions: Collection[str]) -> str:
    """Return why a category kept by laws of these `jurisdictions` cannot name this basis of a regime; '' else."""
    own_jurisdictions = {"EU": EEA | {"EU"}, "UK": {"UK"}}.get(regime)
    if own_jurisdictions is None or not _LEGAL_DUTY_ARTICLE.search(text):
        return ""
    foreign = sorted(set(jurisdictions) - own_jurisdictions)
    reason = f"names Art 17(3)(b), but a law of {', '.join(foreign)} keeps this: that is no such ground. "
    return reason + "Art 17(3)(e) or Art 6(1)(f) may be one" if foreign else ""
