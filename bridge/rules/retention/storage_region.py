"""Decide which rules of the retention file require that data lie in a country. Pure.

Income-tax Rules 2026 r.46(8): books of account are accessible in India, with a daily backup on servers in India.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from bridge.rules.retention.holds import is_law_applicable

if TYPE_CHECKING:
    from config.retention_file.retention_model import Retention


def list_region_requirements(region: str, retention: Retention, today: date) -> list[str]:
    """Return ids of the holds and categories that require this region, of laws that bind this merchant on that day."""
    used_holds = {ground for category in retention.categories.values() for ground in category.holds}
    required = []
    for hold in retention.holds.values():
        law = retention.laws.get(hold.law)
        binds = law is None or (law.is_in_force(today) and is_law_applicable(law, retention.merchant))
        if hold.storage_region == region and hold.id in used_holds and binds:
            required.append(hold.id)
    required += [each.id for each in retention.categories.values() if each.storage_region == region]
    return required
