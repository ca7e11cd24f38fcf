"""Add the holds that say themselves which categories they reach (`reach`) to those categories.

A hold either stands in the `holds` of its categories, or says `reach = "all"` or `"none"`: one word that counsel can
turn. What an "all" leaves out stands in `not_reached`, each category with its reason. A hold that cannot be read still
reaches what its file says, and holds there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from config.retention_file.retention_model import REACH_NONE, Category
from config.toml_reader import TomlTable


def add_reaching_holds(
    categories: Mapping[str, Category], hold_tables: TomlTable, category_tables: TomlTable
) -> Mapping[str, Category]:
    """Return the categories, each with the holds that reach it after those that it lists itself."""
    reached = dict(categories)
    for hold_id in hold_tables.list_keys():
        raw_hold = hold_tables.get_raw(hold_id)
        if not isinstance(raw_hold, dict) or "reach" not in raw_hold:
            continue
        left_out = _check_left_out(raw_hold, hold_id, categories, hold_tables)
        for name, category in categories.items():
            if hold_id in category.holds:
                category_tables.get_table(name).add_fault(
                    "holds", f"must not name {hold_id}: its own reach says which categories it holds"
                )
            elif raw_hold["reach"] != REACH_NONE and name not in left_out:
                reached[name] = replace(reached[name], holds=(*reached[name].holds, hold_id))
    return reached


def _check_left_out(
    raw_hold: Mapping[str, Any], hold_id: str, categories: Mapping[str, Category], hold_tables: TomlTable
) -> Mapping[str, Any]:
    """Return what the hold leaves out; {} where that cannot be read. Reports names that are no category."""
    left_out = raw_hold.get("not_reached", {})
    if not isinstance(left_out, dict):
        return {}
    for name in left_out.keys() - categories.keys():
        hold_tables.add_fault(
            f"{hold_id}.not_reached", f"names {name}, a category the file does not have: remove the name"
        )
    return left_out
