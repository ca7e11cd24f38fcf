"""Read the purposes and the `[category.…]` tables of the retention file; any fault raises with the file's others.

A category says what is done with data. A misread category would erase the wrong data, so nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from config.retention_file.consent_data import RESTS_ON_CONSENT, check_consent_data
from config.retention_file.laws import read_cites
from config.retention_file.retention_model import Category, Law, Purpose
from config.toml_reader import MAX_DAYS, TomlTable

ON_REQUEST_ACTIONS = ("erase", "anonymise", "pseudonymise", "keep", "age_out")
HELD_ACTIONS = ("restrict", "pseudonymise", "seal", "evidence")
# first words of the fields that the bridge makes itself; all other fields come from the shop's systems
BRIDGE_FIELD_PREFIXES = ("bridge", "case", "ledger", "vault", "log", "backup")


def load_purposes(tables: TomlTable) -> Mapping[str, Purpose]:
    """Return every purpose by its id: those that the policy numbers (s.5) and `rights`."""
    purposes = {}
    for name in tables.list_keys():
        table = tables.get_table(name)
        purposes[name] = Purpose(
            id=name,
            title=table.get_text("title"),
            bridge=table.get_bool("bridge", default=False),
            introduced_on=table.get_date("introduced_on", optional=True),
        )
        table.report_unknown_keys()
    return purposes


def load_categories(
    tables: TomlTable, hold_ids: Collection[str], purposes: Mapping[str, Purpose], laws: Mapping[str, Law | None]
) -> Mapping[str, Category]:
    """Return every category by its id. `hold_ids` and `laws` are those of the file, readable or not."""
    categories: dict[str, Category] = {}
    category_by_field: dict[str, str] = {}
    for name in tables.list_keys():
        table = tables.get_table(name)
        category = _read_category(name, table, laws)
        for hold in category.holds:
            if hold not in hold_ids:
                table.add_fault(
                    "holds", f"names {hold}, a hold the file does not have: add [hold.{hold}] or remove the name"
                )
        for data_field in category.fields:
            if category_by_field.setdefault(data_field, name) != name:
                owner = f"[category.{category_by_field[data_field]}]"
                table.add_fault("fields", f"names {data_field}, which {owner} names already: remove one of the two")
        _check_purposes(table, category, purposes)
        check_consent_data(table, category, purposes)
        table.report_unknown_keys()
        categories[name] = category
    return categories


def _check_purposes(table: TomlTable, category: Category, purposes: Mapping[str, Purpose]) -> None:
    """Report fields that serve no purpose of the file, and the bridge's own fields that serve one it may not serve."""
    if table.has_key("purposes") and not category.purposes:
        table.add_fault("purposes", "must not be empty: no field is kept without a purpose")
    for key, purpose_ids in (("purposes", category.purposes), ("purpose_lock", category.purpose_lock)):
        for purpose_id in purpose_ids:
            if purpose_id not in purposes:
                table.add_fault(
                    key,
                    f"names {purpose_id}, a purpose the file does not have: add it to [purpose], or remove the name",
                )
    bridge_fields = [name for name in category.fields if name.partition(".")[0] in BRIDGE_FIELD_PREFIXES]
    foreign_purposes = [name for name in category.purposes if name in purposes and not purposes[name].bridge]
    if bridge_fields and foreign_purposes:
        table.add_fault(
            "purposes",
            f"must not name {foreign_purposes[0]}: {bridge_fields[0]} is the bridge's own and serves no such purpose",
        )


def _read_category(name: str, table: TomlTable, laws: Mapping[str, Law | None]) -> Category:
    basis = table.get_table("basis")
    return Category(
        id=name,
        title=table.get_text("title"),
        fields=table.get_texts("fields", required=True),
        personal_data=table.get_texts("dpv_pd"),
        policy_sections=table.get_texts("policy_sections"),
        basis={regime: basis.get_text(regime) for regime in basis.list_keys()},
        on_request=table.get_choice("on_request", ON_REQUEST_ACTIONS),
        holds=table.get_texts("holds", required=True),
        held_action=table.get_choice("held_action", HELD_ACTIONS),
        max_age=_read_max_age(table, "max_age"),
        purposes=table.get_texts("purposes", required=True),
        keep_fields=table.get_texts("keep_fields"),
        max_age_failed=_read_max_age(table, "max_age_failed"),
        storage_region=table.get_text("storage_region", ""),
        precheck=table.get_texts("precheck"),
        scan_for=table.get_texts("scan_for"),
        purpose_lock=table.get_texts("purpose_lock"),
        name_address_required_if_any=table.get_texts("name_address_required_if_any"),
        cites=read_cites(table, laws),
        rests_on_consent=table.get_texts(RESTS_ON_CONSENT),
    )


def _read_max_age(table: TomlTable, key: str) -> Mapping[str, Any]:
    """Return a greatest age: an event and the days or months after it; {} where the category has none."""
    if not table.has_key(key):
        return {}
    age = table.get_table(key)
    max_age: dict[str, Any] = {"event": age.get_text("event")}
    spans = [unit for unit in ("days", "months") if age.has_key(unit)]
    if len(spans) != 1:
        age.add_fault("event", "must come with either days or months")
    max_age |= {unit: age.get_int(unit, 1, MAX_DAYS) for unit in spans}
    age.report_unknown_keys()
    return max_age
