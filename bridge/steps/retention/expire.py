"""Age: records that reached the age that the retention file sets are destroyed, without any request. Asks nobody.

What is stored of each category, and which step destroys it, stands in `rules/ageing`. Nothing goes while another
retention file is in force than the loaded one. Bounded a turn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from itertools import repeat

from bridge.model import Fact
from bridge.ports import Services
from bridge.rules.retention.holds import local_day
from bridge.rules.retention.retention_registry import REGISTRY, Stored, aged_until, end_of
from bridge.steps.retention.accept_policy import adopt

BATCH = 500
TURNS = 10  # batches of one category a turn


def age(*, services: Services) -> Mapping[str, int]:
    """One turn. Returns how many of each category went. Raises NeedsOperator where one is still there."""
    if not adopt(services=services):
        return {}
    today = local_day(services.clock.now(), services.retention.calendar)
    gone: dict[str, int] = {}
    for category, before in over_on(today, services):
        for _ in repeat(None, TURNS):
            with services.store.transaction() as tx:
                swept = tx.ageing.sweep(category, before, limit=BATCH)
                for shop, count in sorted(swept.items()):
                    tx.evidence.append(Fact.RECORD_AGED_OUT, shop=shop, category=category, count=count)
            if not swept:
                break
            gone[category] = gone.get(category, 0) + sum(swept.values())
    return gone


def over_on(today: date, services: Services) -> Iterator[tuple[str, datetime]]:
    """The categories that age here, with the moment before which their records are over on that day."""
    for name, stored in REGISTRY.items():
        category = services.retention.categories.get(name)
        if category is None or not isinstance(stored, Stored) or stored.by != "age":
            continue
        day = aged_until(category, stored, today=today, retention=services.retention)
        if day is not None:
            yield name, end_of(day, services.retention)
