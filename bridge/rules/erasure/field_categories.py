"""Which category of the retention file claims a field that was found. Pure; looks at names, never at values.

What no category claims is put into quarantine: held and shown, never erased as if somebody had decided it and
never left as if nobody had seen it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from config.retention_file.retention_model import Category, Retention


def find_field_category(field: str, retention: Retention) -> Category | None:
    """The category of a field by its dotted name, or None where none claims it.

    A name claims all that lies below it (`customer.metafields` also `customer.metafields.custom.ring`); the
    longest one wins. Places in a list do not count: `order.line_items.0.properties` is as without the 0.
    """
    owners = {each: category for category in retention.categories.values() for each in category.fields}
    parts = [part for part in field.split(".") if not part.isdigit()]
    for length in range(len(parts), 0, -1):
        if owner := owners.get(".".join(parts[:length])):
            return owner
    return None
