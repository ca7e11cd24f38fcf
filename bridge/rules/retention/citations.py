"""List which laws may be quoted on a day: none before it binds, none after it was repealed.

Pure: the day and the file are given. What the file cites beside a basis or a hold (`cites`) stands under the id of its
law, whose days in force count for the citation, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from config.retention_file.retention_model import Category, Law, Retention, RetentionRule


def list_laws_in_force(day: date, retention: Retention) -> tuple[Law, ...]:
    """Return the laws that bind this merchant on that day, in the order of the file."""
    return tuple(law for law in retention.laws.values() if _binds(law, day, retention))


def list_citations(cites: Mapping[str, str], day: date, retention: Retention) -> tuple[str, ...]:
    """Return the texts of `cites` whose law binds on that day; a law that could not be read is not quoted."""
    laws = retention.laws.values()
    return tuple(cites[law.id] for law in laws if law.id in cites and _binds(law, day, retention))


def list_hold_citations(rule: RetentionRule, day: date, retention: Retention) -> tuple[str, ...]:
    """Return what to quote for a hold on that day, one line per law: its own law, then what it cites besides."""
    law = retention.laws.get(rule.law)
    return ((law.title,) if law else ()) + list_citations(rule.cites, day, retention)


def describe_basis(category: Category, regime: str, day: date, retention: Retention) -> str:
    """Return the category's basis under a regime on that day, with the laws to quote for it; '' where none is stated.

    The UK GDPR has the same articles as the EU's regulation: where the file has no text for `UK`, that of `EU` serves.
    """
    text = category.basis.get(regime) or category.basis.get("EU" if regime == "UK" else regime, "")
    of_regime = {law: cited for law, cited in category.cites.items() if _is_law_of_regime(law, regime, retention)}
    return "; ".join(filter(None, (text, *list_citations(of_regime, day, retention))))


def is_law_applicable(law: Law, merchant: Mapping[str, object]) -> bool:
    """Return True where the law binds this merchant. A fact that the file does not state counts as if it fits."""
    return all(
        (fact := path.removeprefix("merchant.")) not in merchant or merchant[fact] in allowed
        for path, allowed in law.applies_if.items()
    )


def _binds(law: Law, day: date, retention: Retention) -> bool:
    return law.is_in_force(day) and is_law_applicable(law, retention.merchant)


def _is_law_of_regime(law_id: str, regime: str, retention: Retention) -> bool:
    law = retention.laws.get(law_id)
    return law is not None and law.jurisdiction == regime
