"""Reads the purposes and the `[category.…]` tables of the retention file; any fault raises with the file's others.

A category says what is done with data. Read wrongly it would erase the wrong thing: nothing is guessed here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from config.retention_file.retention_model import Category, Purpose
from config.toml_reader import MOST_DAYS, Table

ON_REQUEST = ("erase", "anonymise", "pseudonymise", "keep", "age_out")
HELD_ACTION = ("restrict", "pseudonymise", "seal", "evidence")
# the first words of the names of fields that the bridge makes itself; all others come from the shop's systems
OF_THE_BRIDGE = ("bridge", "case", "ledger", "vault", "log", "backup")


def load_purposes(tables: Table) -> Mapping[str, Purpose]:
    """Every purpose by its id: what the policy numbers (s.5), and what the law on rights adds."""
    found = {}
    for name in tables.names():
        table = tables.table(name)
        found[name] = Purpose(id=name, title=table.text("title"), bridge=table.flag("bridge", default=False))
        table.close()
    return found


def load_categories(
    tables: Table, holds: Collection[str], purposes: Mapping[str, Purpose]
) -> Mapping[str, Category]:
    """Every category by its id. `holds` are the ids the file has, readable or not."""
    found: dict[str, Category] = {}
    claimed: dict[str, str] = {}
    for name in tables.names():
        table = tables.table(name)
        category = _category(name, table)
        for hold in category.holds:
            if hold not in holds:
                table.fault("holds", f"names {hold}, a hold the file does not have")
        for each in category.fields:
            if claimed.setdefault(each, name) != name:
                table.fault("fields", f"claims {each}, which is of {claimed[each]} already")
        _serves(table, category, purposes)
        table.close()
        found[name] = category
    return found


def _serves(table: Table, category: Category, purposes: Mapping[str, Purpose]) -> None:
    """Every field serves a purpose that the file knows; what the bridge makes, only those it may serve."""
    if table.has("purposes") and not category.purposes:
        table.fault("purposes", "must not be empty: no field is kept without a purpose")
    for key, named in (("purposes", category.purposes), ("purpose_lock", category.purpose_lock)):
        for each in named:
            if each not in purposes:
                table.fault(key, f"names {each}, a purpose the file does not have")
    own = [each for each in category.fields if each.partition(".")[0] in OF_THE_BRIDGE]
    other = [each for each in category.purposes if each in purposes and not purposes[each].bridge]
    if own and other:
        table.fault(
            "purposes", f"must not name {other[0]}: {own[0]} is the bridge's own and serves no such purpose"
        )


def _category(name: str, table: Table) -> Category:
    basis = table.table("basis")
    return Category(
        id=name,
        title=table.text("title"),
        fields=table.texts("fields", must=True),
        personal_data=table.texts("dpv_pd"),
        policy_sections=table.texts("policy_sections"),
        basis={regime: basis.text(regime) for regime in basis.names()},
        on_request=table.one_of("on_request", ON_REQUEST),
        holds=table.texts("holds", must=True),
        held_action=table.one_of("held_action", HELD_ACTION),
        max_age=_age(table, "max_age"),
        purposes=table.texts("purposes", must=True),
        keep_fields=table.texts("keep_fields"),
        auto_erase=table.flag("auto_erase", default=False),
        max_age_failed=_age(table, "max_age_failed"),
        inactive_erase=_age(table, "inactive_erase"),
        on_objection=table.text("on_objection", ""),
        after=table.text("after", ""),
        after_settlement=table.text("after_settlement", ""),
        storage_region=table.text("storage_region", ""),
        precheck=table.texts("precheck"),
        scan_for=table.texts("scan_for"),
        never_store=table.texts("never_store"),
        forbidden_content=table.texts("forbidden_content"),
        purpose_lock=table.texts("purpose_lock"),
        third_party_notice=table.texts("third_party_notice"),
        statutory_minimum=table.texts("statutory_minimum"),
        name_address_required_if_any=table.texts("name_address_required_if_any"),
    )


def _age(table: Table, key: str) -> Mapping[str, Any]:
    """A longest age: an event and the days or months after it."""
    if not table.has(key):
        return {}
    age = table.table(key)
    found: dict[str, Any] = {"event": age.text("event")}
    spans = [unit for unit in ("days", "months") if age.has(unit)]
    if len(spans) != 1:
        age.fault("event", "must come with either days or months")
    found |= {unit: age.whole(unit, 1, MOST_DAYS) for unit in spans}
    if age.has("notice_hours"):
        found["notice_hours"] = age.whole("notice_hours", 0, MOST_DAYS)
    age.close()
    return found
