"""Finds the category of the retention file that covers a field. Pure; looks at names, never at values.

A field that no category covers is quarantined: kept and shown to an operator, neither erased nor ignored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from config.retention_file.retention_model import Category, Retention


def find_field_category(field: str, retention: Retention) -> Category | None:
    """Return the category of a field by its dotted name, None where none covers it.

    A name covers all that lies below it (`customer.metafields` also `customer.metafields.custom.ring`); the longest
    one wins. Positions in a list do not count: `order.line_items.0.properties` is as without the 0.
    """
    owners = {each: category for category in retention.categories.values() for each in category.fields}
    parts = [part for part in field.split(".") if not part.isdigit()]
    for length in range(len(parts), 0, -1):
        if owner := owners.get(".".join(parts[:length])):
            return owner
    return None
