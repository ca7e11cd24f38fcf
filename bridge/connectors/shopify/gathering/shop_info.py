"""Reads a shop's customer segments and its metaobject types that can reference a customer.

Parses the answer to `installation` and sends nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.connectors.shopify.api.answers import SYSTEM
from bridge.connectors.shopify.gathering import flatten
from bridge.model import Absence, Gap

# Types of metaobject fields that can reference a customer.
# https://shopify.dev/docs/apps/build/custom-data/metafields/list-of-data-types
CUSTOMER_REFERENCE_TYPES = frozenset(
    {"customer_reference", "list.customer_reference", "mixed_reference", "list.mixed_reference"}
)
SHOP_LISTS = {"segments": "customer segments", "metaobjectDefinitions": "metaobject definitions"}


def read_segment_names(installation: Mapping[str, Any]) -> dict[str, str]:
    """Return the name of each segment by its id."""
    found = flatten.list_nodes(installation.get("segments"))
    return {str(one["id"]): str(one.get("name", "")) for one in found}


def list_segment_memberships(answer: Mapping[str, Any], segment_names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the segments that contain the customer, with their names."""
    rows = (answer.get("customerSegmentMembership") or {}).get("memberships") or ()
    return [row | {"name": segment_names.get(row["segmentId"], "")} for row in rows if row.get("isMember")]


def list_customer_metaobject_types(installation: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the types of metaobjects that have a field for a customer."""
    return tuple(
        str(one["type"])
        for one in flatten.list_nodes(installation.get("metaobjectDefinitions"))
        if any(
            (field.get("type") or {}).get("name") in CUSTOMER_REFERENCE_TYPES
            for field in one.get("fieldDefinitions") or ()
        )
    )


def list_shop_gaps(installation: Mapping[str, Any]) -> tuple[Gap, ...]:
    """Return a gap for each list that is incomplete."""
    return tuple(
        Gap(system=SYSTEM, absence=Absence.UNREACHED, what=what, reason="list_too_long")
        for name, what in SHOP_LISTS.items()
        if flatten.has_next_page(installation.get(name))
    )
