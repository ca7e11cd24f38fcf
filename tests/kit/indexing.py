"""Put sightings into the index, without the deliveries that would bring them."""

from __future__ import annotations

from typing import Any

from bridge.rules.index.minimise import Sighting
from tests.factories import SHOP


def ingest(store: Any, *sightings: Sighting, shop: str = SHOP) -> int:
    """Put sightings into the index; return how many it dropped."""
    with store.transaction() as tx:
        return len(tx.index.ingest_sightings(shop, sightings))
