"""Decides which data of a customer at a platform rest on a consent alone, and which of them a withdrawal erases. Pure.

DPDP Act s.8(7)(a): data go when the consent to them is withdrawn, unless a law keeps them. What another ground allows as well
is in no category with `rests_on_consent`, and stays. Looks at names of metafields, never at values.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from bridge.model import ErasureAction, PlanLine, Residue
from bridge.rules.erasure.platform_fields import KEPT_BY_LAW, describe_kept
from bridge.rules.retention.category_retention import CategoryRetention
from config.retention_file.consent_data import METAFIELD_KEYS, METAFIELD_PREFIX
from config.retention_file.retention_model import Category, Retention

CONSENT_WITHDRAWN, OTHER_CONSENTS_STAND = "consent_withdrawn", "other_consents_stand"
OTHER_KIND = "other"  # of what the letter has no word for


@dataclass(frozen=True, kw_only=True, slots=True)
class ConsentData:
    """One metafield that rests on consent alone: the line of the plan for it, and the channels on which a consent stands."""

    item: Residue
    line: PlanLine
    standing: tuple[str, ...] = ()

    @property
    def is_due(self) -> bool:
        """Return whether the withdrawal erases it now."""
        return self.line.action is ErasureAction.ERASE


def list_consent_categories(retention: Retention) -> list[Category]:
    """Return the categories of the file whose data rest on a consent alone."""
    return [category for category in retention.categories.values() if category.rests_on_consent]


def find_meaning(key: str) -> str:
    """Return the field of the file that a metafield with this key is by its meaning, whatever its namespace; '' for none."""
    folded = key.casefold()
    return next((name for name, keys in METAFIELD_KEYS.items() if folded in keys), "")


def list_kinds(fields: Iterable[str]) -> list[str]:
    """Return the words of letters for fields of the file, each once: `birth_date`, `anniversary`, `other`."""
    known = [name if name in METAFIELD_KEYS else find_meaning(name.rpartition(".")[2]) for name in fields]
    return [name.rpartition(".")[2] or OTHER_KIND for name in (*METAFIELD_KEYS, "") if name in known]


def decide_consent_data(
    items: Iterable[Residue],
    withdrawn: Collection[str],
    retentions: Mapping[str, CategoryRetention],
    retention: Retention,
) -> list[ConsentData]:
    """Return what of one customer's metafields rests on consent alone, and what becomes of each.

    `withdrawn` are the channels on which the customer has no consent any more, `retentions` say by category what a law keeps.
    """
    owners = {name: category for category in retention.categories.values() for name in category.fields}
    found = []
    for item in items:
        field = _find_field(item.what, owners)
        category = owners.get(field)
        if category is None or not category.rests_on_consent:
            continue
        standing = tuple(channel for channel in category.rests_on_consent if channel not in withdrawn)
        line = PlanLine(
            system=item.system,
            category=category.id,
            what=field,
            action=ErasureAction.ERASE,
            reason=CONSENT_WITHDRAWN,
            count=1,
        )
        kept = retentions.get(category.id, CategoryRetention())
        if standing:
            line = replace(line, action=ErasureAction.KEEP, reason=OTHER_CONSENTS_STAND)
        elif kept.holds:
            line = replace(line, action=ErasureAction.RESTRICT, reason=KEPT_BY_LAW, **describe_kept(kept))
        found.append(ConsentData(item=item, line=line, standing=standing))
    return found


def _find_field(what: str, owners: Mapping[str, Category]) -> str:
    """Return the name by which the file has a metafield: its own or its namespace's, else what it means; '' for none."""
    parts = what.split(".")
    for length in range(len(parts), 0, -1):
        if (name := METAFIELD_PREFIX + ".".join(parts[:length])) in owners:
            return name
    meaning = find_meaning(parts[-1])
    return meaning if meaning in owners else ""


def sum_lines(lines: Iterable[PlanLine]) -> tuple[PlanLine, ...]:
    """Return one line for each kind of what was decided, with the count of all of it."""
    counts: dict[PlanLine, int] = {}
    for line in lines:
        alike = replace(line, count=0)
        counts[alike] = counts.get(alike, 0) + line.count
    return tuple(replace(line, count=count) for line, count in counts.items())


def subtract_lines(before: Iterable[PlanLine], found: Iterable[PlanLine]) -> list[PlanLine]:
    """Return what of `before` a later reading does not find any more, with its count."""
    left: dict[tuple[str, str], int] = {}
    for line in found:
        left[line.category, line.what] = left.get((line.category, line.what), 0) + line.count
    gone = [(line, line.count - left.get((line.category, line.what), 0)) for line in before]
    return [replace(line, count=count) for line, count in gone if count > 0]
