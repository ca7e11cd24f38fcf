"""Gather from a connector, and read its pages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bridge.model import Absence, FindingPage, Principal, Waybill
from bridge.ports import Connector


def make_parcel(number: str, carrier: str = "delhivery", holder: str = "merchant", **given: Any) -> Waybill:
    """Make a parcel that a carrier transports on an account: the merchant's, or that of an aggregator."""
    return Waybill(number=number, carrier=carrier, account_holder=holder, **given)


def gather_bodies(connector: Connector, parcels: Iterable[Waybill], *, shop: str, cursor: str = "") -> dict[str, Any]:
    """Return the bodies of all findings about these parcels, by their references; no data subject is named."""
    pages = connector.gather(Principal(), shop=shop, parcels=list(parcels), cursor=cursor)
    return {found.ref: found.body for page in pages for found in page.findings}


def collect_gaps(pages: Iterable[FindingPage]) -> set[tuple[Absence, str, str]]:
    """Return what is missing, and why."""
    return {(gap.absence, gap.what, gap.reason) for page in pages for gap in page.gaps}


def list_pages(pages: Iterable[FindingPage]) -> list[FindingPage]:
    """Return all pages of a gathering, of which the last one, and no other, says that it is."""
    found = list(pages)
    assert [page.is_last for page in found] == [False] * (len(found) - 1) + [True] * bool(found)
    return found
