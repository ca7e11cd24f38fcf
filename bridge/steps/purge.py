"""Purge: destroy what is kept only for a while, when its days are over.

Raw bodies that failed or were rejected, and access packages with what was gathered for them. Ages come from
the retention file (`webhook_payload.max_age_failed`, `access_package.max_age`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.model import Fact
from bridge.ports import Services

FAILED_BODY_DAYS = 90
PACKAGE_DAYS = 14


def purge(*, services: Services) -> Mapping[str, int]:
    """Destroy what is over. Returns how many of each."""
    categories = services.retention.categories
    destroyed = services.store.purge(
        keep_failed_days=_days(categories.get("webhook_payload"), "max_age_failed", FAILED_BODY_DAYS),
        keep_packages_days=_days(categories.get("access_package"), "max_age", PACKAGE_DAYS),
    )
    facts = {"raw_bodies": Fact.RAW_BODY_DESTROYED, "packages": Fact.PACKAGE_DESTROYED}
    if any(destroyed.values()):
        with services.store.transaction() as tx:
            for name, count in destroyed.items():
                if count:
                    tx.evidence.append(facts[name], shop="", count=count)
    return destroyed


def _days(category: Any, name: str, default: int) -> int:
    """The category's age in days; a file that does not say keeps the default."""
    age = getattr(category, name, None) or {}
    days = age.get("days")
    return days if isinstance(days, int) and days > 0 else default
