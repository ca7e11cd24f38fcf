"""Read the retention file (`config/retention.toml`) rule by rule: one bad rule never disables the others.

A law or hold that cannot be read is left out, named in `Retention.broken` and thereby holds for ever; so does a
category whose basis names a ground that its laws cannot be. Faults of the file itself, of its frame, of purposes
and of categories raise: nobody could say what such a file means.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from bridge.errors import SettingsInvalid
from config.merchant_file.merchant import read_legal_form
from config.retention_file.categories import load_categories, load_purposes
from config.retention_file.gdpr_bases import explain_basis_refusal
from config.retention_file.laws import load_laws, load_retention_rules
from config.retention_file.reach import add_reaching_holds
from config.retention_file.retention_model import (
    RESIDUE_KINDS,
    Calendar,
    Category,
    Law,
    ResidueRules,
    Retention,
    RetentionRule,
    VaultRules,
)
from config.toml_reader import FileReport, TomlTable, label_file, read_toml

__all__ = ["Calendar", "Category", "Law", "Retention", "RetentionRule", "load_retention"]

RETENTION_SCHEMA = "retention-policy/1"
_MONTH_DAY = re.compile(r"(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
_FINANCIAL_YEAR = re.compile(r"20\d\d-\d\d")
_NON_LEAP_YEAR = 2001


def load_retention(path: Path, text: str | None = None) -> Retention:
    """Read the retention file.

    Raises SettingsInvalid with every fault of the frame and of categories at once. Broken laws and holds do
    not raise: they are named in `broken`, explained in `faults`, and hold.
    """
    data, digest = read_toml(path, text)
    report, rule_report = FileReport(file=label_file(path)), FileReport(file=label_file(path))
    top = TomlTable(data, "", report)
    top.get_choice("schema", (RETENTION_SCHEMA,))
    merchant_table, calendar_table = (top.get_table(key, required=True) for key in ("merchant", "calendar"))
    calendar_rules = _read_calendar(calendar_table)
    facts = _read_merchant_facts(merchant_table)
    laws = load_laws(top.get_table("law", required=True), facts, rule_report)
    hold_tables, category_tables = (top.get_table(key, required=True) for key in ("hold", "category"))
    holds = load_retention_rules(hold_tables, laws, rule_report)
    purposes = load_purposes(top.get_table("purpose", required=True))
    listed_categories = load_categories(category_tables, holds.keys(), purposes, laws)
    read_categories = add_reaching_holds(listed_categories, hold_tables, category_tables)
    categories, doubtful = _remove_refused_bases(read_categories, holds, laws, rule_report)
    fields: dict[str, Any] = {
        "policy_id": top.get_text("policy_id"),
        "purposes": purposes,
        "categories": categories,
        "merchant": facts,
        "timezone": calendar_rules.timezone,
        "calendar": calendar_rules,
        "residue": _read_residue_rules(top.get_table("platform_residue")),
        "vault": _read_vault_rules(top.get_table("vault")),
        "reviewed_by": top.get_text("reviewed_by", "", required_in_production=True),
        "reviewed_on": top.get_date("reviewed_on", required_in_production=True),
        "policy_sha256": top.get_sha256("privacy_policy_sha256"),
    }
    for table in (merchant_table, calendar_table, top):
        table.report_unknown_keys()
    if report.faults:
        raise SettingsInvalid(report.faults + rule_report.faults)
    return Retention(
        **fields,
        laws={each: law for each, law in laws.items() if law},
        holds={each: hold for each, hold in holds.items() if hold},
        unset=tuple(dict.fromkeys(report.unset)),
        broken=(
            *(f"law.{each}" for each, law in laws.items() if not law),
            *(f"hold.{each}" for each, hold in holds.items() if not hold),
            *(f"category.{each}" for each in doubtful),
        ),
        faults=tuple(rule_report.faults),
        warnings=tuple(report.warnings + rule_report.warnings),
        sha256=digest,
    )


def _read_merchant_facts(merchant_table: TomlTable) -> dict[str, Any]:
    """Return the facts about the merchant that laws may name in `applies_if`."""
    return {
        "legal_entity_type": read_legal_form(merchant_table),
        "operator_role": merchant_table.get_choice("operator_role", ("fiduciary", "processor"), "fiduciary"),
        "gst_registered": merchant_table.get_bool("gst_registered", default=True),
        "bis_registered_jeweller": merchant_table.get_bool("bis_registered_jeweller", default=False),
        "pmla_reporting_entity": merchant_table.get_bool("pmla_reporting_entity", default=False),
        "home_state_code": merchant_table.get_text("home_state_code", ""),
        "warranty_days": merchant_table.get_days("warranty_days"),
        "return_window_days": merchant_table.get_days("return_window_days"),
    }


def _read_calendar(table: TomlTable) -> Calendar:
    overrides = table.get_table("gst_annual_return_due_overrides")
    return Calendar(
        timezone=table.get_timezone("timezone", "Asia/Kolkata"),
        fy_start=_read_month_day(table, "fy_start", "04-01"),
        gst_annual_return_due=_read_month_day(table, "gst_annual_return_due", "12-31"),
        gst_annual_return_due_overrides=_read_due_date_overrides(overrides),
    )


def _read_residue_rules(table: TomlTable) -> ResidueRules:
    """Return what an erasure removes of data that other apps wrote at a platform; what is not named is kept."""
    words = {kind: table.get_choice(kind, ("erase", "keep"), "keep") for kind in RESIDUE_KINDS}
    apply = table.get_bool("apply", default=False)
    table.report_unknown_keys()
    return ResidueRules(apply=apply, erased_kinds=tuple(kind for kind, word in words.items() if word == "erase"))


def _read_vault_rules(table: TomlTable) -> VaultRules:
    """Return where the statutory copies are. Books kept elsewhere count only with the attestation of their keeper."""
    mode = table.get_choice("mode", ("bridge", "external_attested"), "bridge")
    identity = table.get_choice("gst_keep_customer_identity", ("as_issued", "statutory_minimum"), "statutory_minimum")
    rules = VaultRules(
        mode=mode,
        keep_identity=identity == "as_issued",
        hsn=table.get_text("hsn", ""),
        asked_for_by=table.get_texts("asked_for_by"),
        attested_by=table.get_text("attested_by", ""),
        attested_on=table.get_date("attested_on", optional=True),
    )
    if rules.mode == "external_attested" and not (rules.attested_by and rules.attested_on):
        table.add_fault("mode", "needs attested_by and attested_on: who said when that the books are kept elsewhere")
    table.report_unknown_keys()
    return rules


def _read_month_day(table: TomlTable, key: str, default: str) -> tuple[int, int]:
    value = table.get_text(key, default)
    try:
        if _MONTH_DAY.fullmatch(value):
            day = date.fromisoformat(f"{_NON_LEAP_YEAR}-{value}")  # so that 02-29 is refused
            return day.month, day.day
    except ValueError:
        pass
    table.add_fault(key, "must be a month and day such as 04-01 that every year has")
    return 1, 1


def _read_due_date_overrides(table: TomlTable) -> Mapping[str, date]:
    """Return the financial years whose annual return is due on another day; days are dates or text."""
    due_by_year = {}
    for year in table.list_keys():
        value = table.get_raw(year)
        try:
            day = date.fromisoformat(value) if isinstance(value, str) else value
        except ValueError:
            day = None
        if type(day) is not date or not _FINANCIAL_YEAR.fullmatch(year):
            table.add_fault(year, 'must be a year such as "2025-26" with a date')
        else:
            due_by_year[year] = day
    return due_by_year


def _remove_refused_bases(
    categories: Mapping[str, Category],
    holds: Mapping[str, RetentionRule | None],
    laws: Mapping[str, Law | None],
    rule_report: FileReport,
) -> tuple[Mapping[str, Category], list[str]]:
    """Return the categories without the bases that are refused, and the ids of the categories that had one."""
    accepted, refused_ids = dict(categories), []
    for each in categories.values():
        holding_laws = [laws.get(hold.law) for ground in each.holds if (hold := holds.get(ground))]
        jurisdictions = {law.jurisdiction for law in holding_laws if law}
        refused = {
            regime: why
            for regime, text in each.basis.items()
            if (why := explain_basis_refusal(text, regime, jurisdictions))
        }
        for regime, why in refused.items():
            rule_report.add_fault(f"category.{each.id}.basis", regime, why)
        if refused:
            refused_ids.append(each.id)
            basis = {regime: text for regime, text in each.basis.items() if regime not in refused}
            accepted[each.id] = replace(each, basis=basis)
    return accepted, refused_ids
