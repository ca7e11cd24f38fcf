"""Reads `[law.…]` and `[hold.…]` of the retention file rule by rule: one bad rule never disables the others.

A rule that cannot be read is None: it is named as broken, and holds. Nothing here raises for a single rule.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from config.retention_file.gdpr_bases import CONFLICTS, DISCLOSE, GROUNDS, refusal
from config.retention_file.retention_model import LAST_DAY_ARGS, Extension, HoldRule, Law
from config.toml_reader import MOST_DAYS, Report, Table

OWN = "own"  # the merchant's own promise: no state's law
_JURISDICTION = re.compile(r"[A-Z]{2}|own")


def load_laws(tables: Table, facts: Mapping[str, Any], rules: Report) -> dict[str, Law | None]:
    """Every law by its id. `facts` are those of `[merchant]` that a law may ask for."""
    return {name: _law(tables, name, facts, rules) for name in tables.names()}


def load_holds(tables: Table, laws: Mapping[str, Law | None], rules: Report) -> dict[str, HoldRule | None]:
    """Every hold by its id."""
    return {name: _hold(tables, name, laws, rules) for name in tables.names()}


def _law(tables: Table, name: str, facts: Mapping[str, Any], rules: Report) -> Law | None:
    table, before = _rule(tables, name, rules), len(rules.faults)
    if table is None:
        return None
    conditions = table.table("applies_if")
    found = {path: _allowed(conditions, path, facts) for path in conditions.names()}
    law = Law(
        id=name,
        title=table.text("title"),
        jurisdiction=table.text("jurisdiction"),
        in_force_from=table.day("in_force_from") or date.min,
        in_force_to=table.day("in_force_to", optional=True),
        applies_if=found,
        confidence=table.text("confidence", ""),
    )
    if law.jurisdiction and not _JURISDICTION.fullmatch(law.jurisdiction):
        table.fault("jurisdiction", f'must be whose law it is: IN, EU, UK, a country such as DE, or "{OWN}"')
    if law.in_force_to and law.in_force_to < law.in_force_from:
        table.fault("in_force_to", "must not lie before in_force_from")
    table.close()
    return law if len(rules.faults) == before else None


def _allowed(conditions: Table, path: str, facts: Mapping[str, Any]) -> tuple[Any, ...]:
    value = conditions.raw(path)
    if not path.startswith("merchant.") or path.removeprefix("merchant.") not in facts:
        conditions.fault(path, "must name a key of [merchant]")
    elif not isinstance(value, list) or not value:
        conditions.fault(path, "must be a list of values")
    else:
        return tuple(value)
    return ()


def _hold(tables: Table, name: str, laws: Mapping[str, Law | None], rules: Report) -> HoldRule | None:
    table, before = _rule(tables, name, rules), len(rules.faults)
    if table is None:
        return None
    law = table.text("law")
    if law and law not in laws:
        table.fault("law", "names a law the file does not have")
    known = len(rules.faults)
    rule = table.one_of("last_day_rule", tuple(LAST_DAY_ARGS))
    args = table.table("args")
    hold = HoldRule(
        id=name,
        law=law,
        last_day_rule=rule,
        args=_args(args, LAST_DAY_ARGS[rule]) if len(rules.faults) == known else {},
        from_event=table.text("from_event"),
        opened_by=table.text("opened_by", ""),
        extend_if=table.text("extend_if", ""),
        extend_until=_extension(table),
        statutory=table.flag("statutory", default=False),
        storage_region=table.text("storage_region", ""),
        dpv_justification=table.text("dpv_justification", ""),
        gdpr_ground=table.one_of("gdpr_ground", ("", *GROUNDS), ""),
        eu_conflict=table.one_of("eu_conflict", CONFLICTS, DISCLOSE),
    )
    _grounds(table, hold, laws.get(law))
    table.close()
    return hold if len(rules.faults) == before else None


def _grounds(table: Table, hold: HoldRule, law: Law | None) -> None:
    why = refusal(hold.gdpr_ground, law.jurisdiction) if law else ""
    if why:
        table.fault("gdpr_ground", why)
    if hold.gdpr_ground and table.has("eu_conflict"):
        table.fault("eu_conflict", "must go: with a gdpr_ground there is no conflict to decide")


def _args(table: Table, wanted: Collection[str]) -> Mapping[str, int]:
    found = {key: table.whole(key, 1, MOST_DAYS) for key in sorted(wanted)}
    table.close()
    return found


def _extension(table: Table) -> Extension | None:
    if not table.has("extend_until"):
        return None
    inner = table.table("extend_until")
    extension = Extension(
        event=inner.text("event"),
        months=inner.whole("months", 0, MOST_DAYS, 0),
        opened_by=inner.text("opened_by", ""),
    )
    inner.close()
    return extension


def _rule(tables: Table, name: str, rules: Report) -> Table | None:
    """One rule's table, reporting to the rules' own report: its faults break it alone."""
    value = tables.raw(name)
    table = Table(value if isinstance(value, dict) else {}, f"{tables.name}.{name}", rules)
    if not isinstance(value, dict):
        rules.faults.append(f"{rules.file}: [{table.name}] must be a table")
        return None
    return table
