"""Read `[law.…]` and `[hold.…]` of the retention file rule by rule: one bad rule never disables the others.

A rule that cannot be read is None: it is named as broken, and holds. Nothing in this file raises for a single rule.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from config.retention_file import gdpr_bases
from config.retention_file.retention_model import (
    LAST_DAY_RULE_ARGS,
    REACH_ALL,
    REACH_NONE,
    Law,
    RetentionRule,
    RuleExtension,
)
from config.toml_reader import MAX_DAYS, FileReport, TomlTable

OWN_JURISDICTION = "own"  # the merchant's own promise, which is no state's law
_JURISDICTION = re.compile(r"[A-Z]{2}|own")


def load_laws(tables: TomlTable, merchant_facts: Mapping[str, Any], rule_report: FileReport) -> dict[str, Law | None]:
    """Return every law by its id. `merchant_facts` are those of `[merchant]` that `applies_if` may name."""
    return {name: _read_law(tables, name, merchant_facts, rule_report) for name in tables.list_keys()}


def load_retention_rules(
    tables: TomlTable, laws: Mapping[str, Law | None], rule_report: FileReport
) -> dict[str, RetentionRule | None]:
    """Return every hold by its id."""
    return {name: _read_retention_rule(tables, name, laws, rule_report) for name in tables.list_keys()}


def read_cites(table: TomlTable, laws: Mapping[str, Law | None]) -> Mapping[str, str]:
    """Return what a hold or category cites besides, by the id of the law whose days in force count for it."""
    if not table.has_key("cites"):
        return {}
    cites_table = table.get_table("cites")
    for name in cites_table.list_keys():
        law = laws.get(name)
        if name not in laws:
            cites_table.add_fault(name, "is a law the file does not have: write the name of a [law.…] table")
        elif law and law.jurisdiction in gdpr_bases.GDPR_REGIMES:
            cites_table.add_fault(name, "must not be cited here: articles of the GDPR stand in basis and gdpr_ground")
    return {name: cites_table.get_text(name) for name in cites_table.list_keys()}


def _read_law(tables: TomlTable, name: str, merchant_facts: Mapping[str, Any], rule_report: FileReport) -> Law | None:
    table, faults_before = _open_rule_table(tables, name, rule_report), len(rule_report.faults)
    if table is None:
        return None
    conditions = table.get_table("applies_if")
    applies_if = {path: _read_condition_values(conditions, path, merchant_facts) for path in conditions.list_keys()}
    law = Law(
        id=name,
        title=table.get_text("title"),
        jurisdiction=table.get_text("jurisdiction"),
        in_force_from=table.get_date("in_force_from") or date.min,
        in_force_to=table.get_date("in_force_to", optional=True),
        applies_if=applies_if,
        confidence=table.get_text("confidence", ""),
    )
    if law.jurisdiction and not _JURISDICTION.fullmatch(law.jurisdiction):
        table.add_fault(
            "jurisdiction", f'must be whose law it is: IN, EU, UK, a country such as DE, or "{OWN_JURISDICTION}"'
        )
    if law.in_force_to and law.in_force_to < law.in_force_from:
        table.add_fault("in_force_to", "must not lie before in_force_from")
    table.report_unknown_keys()
    return law if len(rule_report.faults) == faults_before else None


def _read_condition_values(conditions: TomlTable, path: str, merchant_facts: Mapping[str, Any]) -> tuple[Any, ...]:
    value = conditions.get_raw(path)
    if not path.startswith("merchant.") or path.removeprefix("merchant.") not in merchant_facts:
        conditions.add_fault(path, "must name a key of [merchant], such as merchant.legal_entity_type")
    elif not isinstance(value, list) or not value:
        conditions.add_fault(path, "must be a list of values such as [true]")
    else:
        return tuple(value)
    return ()


def _read_retention_rule(
    tables: TomlTable, name: str, laws: Mapping[str, Law | None], rule_report: FileReport
) -> RetentionRule | None:
    table, faults_before = _open_rule_table(tables, name, rule_report), len(rule_report.faults)
    if table is None:
        return None
    law = table.get_text("law")
    if law and law not in laws:
        table.add_fault("law", "names a law the file does not have: write the name of a [law.…] table")
    faults_before_rule = len(rule_report.faults)
    rule = table.get_choice("last_day_rule", tuple(LAST_DAY_RULE_ARGS))
    args = table.get_table("args")
    hold = RetentionRule(
        id=name,
        law=law,
        last_day_rule=rule,
        args=_read_rule_args(args, LAST_DAY_RULE_ARGS[rule]) if len(rule_report.faults) == faults_before_rule else {},
        from_event=table.get_text("from_event"),
        opened_by=table.get_text("opened_by", ""),
        extend_if=table.get_text("extend_if", ""),
        extend_until=_read_extension(table),
        statutory=table.get_bool("statutory", default=False),
        storage_region=table.get_text("storage_region", ""),
        dpv_justification=table.get_text("dpv_justification", ""),
        gdpr_ground=table.get_choice("gdpr_ground", ("", *gdpr_bases.GDPR_GROUNDS), ""),
        eu_conflict=table.get_choice("eu_conflict", gdpr_bases.CONFLICT_ACTIONS, gdpr_bases.RESTRICT_AND_DISCLOSE),
        reach=table.get_choice("reach", ("", REACH_ALL, REACH_NONE), ""),
        not_reached=_read_not_reached(table),
        cites=read_cites(table, laws),
    )
    _check_gdpr_ground(table, hold, laws.get(law))
    table.report_unknown_keys()
    return hold if len(rule_report.faults) == faults_before else None


def _check_gdpr_ground(table: TomlTable, hold: RetentionRule, law: Law | None) -> None:
    if law and (why := gdpr_bases.explain_ground_refusal(hold.gdpr_ground, law.jurisdiction)):
        table.add_fault("gdpr_ground", why)
    if hold.gdpr_ground and table.has_key("eu_conflict"):
        table.add_fault("eu_conflict", "must be removed: with a gdpr_ground there is no conflict to decide")


def _read_rule_args(table: TomlTable, names: Collection[str]) -> Mapping[str, int]:
    args = {key: table.get_int(key, 1, MAX_DAYS) for key in sorted(names)}
    table.report_unknown_keys()
    return args


def _read_not_reached(table: TomlTable) -> Mapping[str, str]:
    """Return the categories that the hold leaves out, each with its reason."""
    if not table.has_key("not_reached"):
        return {}
    if not table.has_key("reach"):
        table.add_fault("not_reached", "must come with reach: a hold without one is named by its categories")
    reasons = table.get_table("not_reached")
    return {category: reasons.get_text(category) for category in reasons.list_keys()}


def _read_extension(table: TomlTable) -> RuleExtension | None:
    if not table.has_key("extend_until"):
        return None
    extension_table = table.get_table("extend_until")
    extension = RuleExtension(
        event=extension_table.get_text("event"),
        months=extension_table.get_int("months", 0, MAX_DAYS, 0),
        opened_by=extension_table.get_text("opened_by", ""),
    )
    extension_table.report_unknown_keys()
    return extension


def _open_rule_table(tables: TomlTable, name: str, rule_report: FileReport) -> TomlTable | None:
    """Return one rule's table, which reports to the rules' own report: its faults break this rule alone."""
    value = tables.get_raw(name)
    table = TomlTable(value if isinstance(value, dict) else {}, f"{tables.name}.{name}", rule_report)
    if not isinstance(value, dict):
        rule_report.faults.append(f"{rule_report.file}: [{table.name}] must be a table: write it under its own heading")
        return None
    return table
