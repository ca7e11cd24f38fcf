"""Says what of an erasure the database's files may still hold, from the facts that record what was overwritten. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bridge.model import Event, Fact
from bridge.rules.erasure.plan import CUSTOMER_MERGED_AWAY

ERASING_FACTS = (Fact.PRINCIPAL_ERASED, Fact.SHOP_ERASED)
PARTS_WITH_KEYS = {"data_keys", "log"}  # of Postgres; of SQLite, whose file is overwritten as its rows are deleted


def describe_remnants(facts: Sequence[Event]) -> dict[str, Any] | None:
    """Return since when no file of the database holds the destroyed keys and the other values; None where nothing was erased.

    None as a time says: not overwritten yet. `log` says before which position Postgres' write-ahead log may hold them,
    and `readable_with` names the keys of the ring without which nothing that remains anywhere can be read.
    """
    erased = [number for number, fact in enumerate(facts) if fact.fact in ERASING_FACTS and _has_destroyed(fact)]
    if not erased:
        return None
    # what an earlier run destroyed says nothing about the last one
    passes = [fact for fact in facts[erased[-1] :] if fact.fact == Fact.REMNANTS_OVERWRITTEN]
    with_keys = [fact.at.isoformat() for fact in passes if PARTS_WITH_KEYS.intersection(fact.detail["parts"])]
    with_all = [fact.at.isoformat() for fact in passes if fact.detail["complete"]]
    last = passes[-1].detail if passes else {}
    log = {"before": last["log_position"], "max_wal_size": last["log_limit"]} if last.get("log_position") else None
    return {
        "keys_overwritten_at": next(iter(with_keys), None),
        "values_overwritten_at": next(iter(with_all), None),
        "log": log,
        "readable_with": last.get("ring"),
    }


def _has_destroyed(fact: Event) -> bool:
    """Return whether an erasure found something: one that found nothing left no remnant, and nothing is overwritten for it."""
    removed = fact.detail.get("removed")
    return removed is None or any(count for table, count in removed.items() if table != CUSTOMER_MERGED_AWAY)
