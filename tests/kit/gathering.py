"""Gather from a connector by parcels alone, for no named data subject."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bridge.model import Principal, Waybill
from bridge.ports import Connector


def gather_bodies(connector: Connector, parcels: Iterable[Waybill], *, shop: str, cursor: str = "") -> dict[str, Any]:
    """Return the bodies of all findings about these parcels, by their references."""
    pages = connector.gather(Principal(), shop=shop, parcels=list(parcels), cursor=cursor)
    return {found.ref: found.body for page in pages for found in page.findings}
