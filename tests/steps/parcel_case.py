"""Two waybills and an address of Asha's order 1001, and fulfilments of it, shared by the tests of parcels in doubt."""

from __future__ import annotations

from datetime import timedelta

from tests.factories import NOW

A, B = "14908123456702", "14908123456716"
ADDRESS = {"name": "Asha Qwertzuiop", "phone": "+91 98111 22233", "zip": "560 001", "address1": "7 Nowhere Lane"}


def fulfillment(*numbers, at=0, number=80001, **more):
    """Make a fulfilment of order 1001 as Shopify sends it; `at` in hours."""
    moment = (NOW + timedelta(hours=at)).isoformat()
    usual = {"id": number, "order_id": 1001, "status": "success", "created_at": moment, "updated_at": moment}
    usual |= {"tracking_company": "Delhivery", "tracking_numbers": list(numbers), "tracking_urls": []}
    return usual | more
