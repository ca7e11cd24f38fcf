"""The shop's one segment of customers, and its members."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bridge.sandbox.shopify.records.parts import Record, read_gid_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bridge.sandbox.shopify.state import Shop

SEGMENT_NAME = "Buyers of rings"


def build_segments(shop: Shop) -> list[Record]:
    """Return the shop's one segment of customers."""
    found = {"__typename": "Segment", "id": shop.seeder.segment_id, "name": SEGMENT_NAME, "query": "orders_placed > 0"}
    return [found]


def build_memberships(shop: Shop, args: Mapping[str, Any]) -> Record:
    """Return the segments of a customer: the customer with seeded values is in the shop's own."""
    rich_ids = {one.id for one in shop.world.people[:1] if one.rich} - shop.redacted_customer_ids
    is_member = read_gid_number(args["customerId"]) in rich_ids
    rows = [{"segmentId": one, "isMember": is_member and one == shop.seeder.segment_id} for one in args["segmentIds"]]
    return {"__typename": "SegmentMembershipResponse", "memberships": rows}
