"""What the shop has that may concern a customer: segments she may be in, metaobjects that may name her.

Pure: reads the answer to `installation`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bridge.connectors.shopify.api.answers import SYSTEM
from bridge.connectors.shopify.gathering import flatten
from bridge.model import Absence, Gap

if TYPE_CHECKING:
    from collections.abc import Mapping

# Fields of metaobjects that can name a customer.
# https://shopify.dev/docs/apps/build/custom-data/metafields/list-of-data-types
CUSTOMER_REFERENCE_TYPES = frozenset(
    {"customer_reference", "list.customer_reference", "mixed_reference", "list.mixed_reference"}
)
SHOP_LISTS = {"segments": "customer segments", "metaobjectDefinitions": "metaobject definitions"}


def read_segment_names(installation: Mapping[str, Any]) -> dict[str, str]:
    """Give the name of each segment by its id."""
    found = flatten.list_nodes(installation.get("segments"))
    return {str(one["id"]): str(one.get("name", "")) for one in found}


def list_segment_memberships(
    answer: Mapping[str, Any], segment_names: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Give the segments that the customer is in; the others say nothing about her."""
    rows = (answer.get("customerSegmentMembership") or {}).get("memberships") or ()
    return [row | {"name": segment_names.get(row["segmentId"], "")} for row in rows if row.get("isMember")]


def list_customer_metaobject_types(installation: Mapping[str, Any]) -> tuple[str, ...]:
    """Give the types of metaobjects that have a field for a customer."""
    return tuple(
        str(one["type"])
        for one in flatten.list_nodes(installation.get("metaobjectDefinitions"))
        if any(
            (field.get("type") or {}).get("name") in CUSTOMER_REFERENCE_TYPES
            for field in one.get("fieldDefinitions") or ()
        )
    )


def list_shop_gaps(installation: Mapping[str, Any]) -> tuple[Gap, ...]:
    """Write a gap for a list that goes on."""
    return tuple(
        Gap(system=SYSTEM, absence=Absence.UNREACHED, what=what, reason="list_too_long")
        for name, what in SHOP_LISTS.items()
        if flatten.has_next_page(installation.get(name))
    )
