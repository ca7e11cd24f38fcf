"""The retention file (`config/retention.toml`), read rule by rule: one bad rule never disables the others.

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
from config.merchant_file.merchant import LEGAL_FORMS
from config.retention_file.categories import load_categories, load_purposes
from config.retention_file.gdpr_bases import basis_refusal
from config.retention_file.laws import load_holds, load_laws
from config.retention_file.retention_model import (
    RESIDUE_KINDS,
    Calendar,
    Category,
    Extension,
    HoldRule,
    Law,
    PlatformResidue,
    Purpose,
    Retention,
    VaultRules,
)
from config.toml_reader import SHA256, SHA256_WORDS, Report, Table, label, place, read

__all__ = ["Calendar", "Category", "Extension", "HoldRule", "Law", "Purpose", "Retention", "load_retention"]

SCHEMA = "retention-policy/1"
_MONTH_DAY = re.compile(r"(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
_FINANCIAL_YEAR = re.compile(r"20\d\d-\d\d")
_SOME_COMMON_YEAR = 2001


def load_retention(path: Path) -> Retention:
    """Read the retention file.

    Raises SettingsInvalid with every fault of the frame and of categories at once. Broken laws and holds do
    not raise: they are named in `broken`, explained in `faults`, and hold.
    """
    data, digest = read(path)
    report, rules = Report(file=label(path)), Report(file=label(path))
    top = Table(data, "", report)
    top.one_of("schema", (SCHEMA,))
    about, calendar = top.table("merchant", must=True), top.table("calendar", must=True)
    days = _calendar(calendar)
    facts = _facts(about)
    laws = load_laws(top.table("law", must=True), facts, rules)
    holds = load_holds(top.table("hold", must=True), laws, rules)
    purposes = load_purposes(top.table("purpose", must=True))
    read_categories = load_categories(top.table("category", must=True), holds.keys(), purposes)
    categories, doubtful = _grounded(read_categories, holds, laws, rules)
    fields: dict[str, Any] = {
        "policy_id": top.text("policy_id"),
        "purposes": purposes,
        "categories": categories,
        "merchant": facts,
        "timezone": days.timezone,
        "calendar": days,
        "residue": _residue(top.table("platform_residue")),
        "vault": _vault(top.table("vault")),
        "reviewed_by": top.text("reviewed_by", "", needed=True),
        "reviewed_on": top.day("reviewed_on", needed=True),
        "default_action": top.one_of("default_action", ("quarantine",), "quarantine"),
        "policy_sha256": top.shaped("privacy_policy_sha256", SHA256, SHA256_WORDS, needed=True),
    }
    for table in (about, calendar, top):
        table.close()
    if report.faults:
        raise SettingsInvalid(report.faults + rules.faults)
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
        faults=tuple(rules.faults),
        warnings=tuple(report.warnings + rules.warnings),
        sha256=digest,
    )


def _facts(about: Table) -> dict[str, Any]:
    """What laws ask about the merchant (`applies_if`)."""
    form = about.one_of("legal_entity_type", LEGAL_FORMS, "unknown")
    if form == "unknown":
        about.unset("legal_entity_type")
    return {
        "legal_entity_type": form,
        "operator_role": about.one_of("operator_role", ("fiduciary", "processor"), "fiduciary"),
        "gst_registered": about.flag("gst_registered", default=True),
        "bis_registered_jeweller": about.flag("bis_registered_jeweller", default=False),
        "pmla_reporting_entity": about.flag("pmla_reporting_entity", default=False),
        "home_state_code": about.text("home_state_code", ""),
        "warranty_days": about.days("warranty_days"),
        "return_window_days": about.days("return_window_days"),
    }


def _calendar(table: Table) -> Calendar:
    overrides = table.table("gst_annual_return_due_overrides")
    return Calendar(
        timezone=table.zone("timezone", "Asia/Kolkata"),
        fy_start=_month_day(table, "fy_start", "04-01"),
        gst_annual_return_due=_month_day(table, "gst_annual_return_due", "12-31"),
        gst_annual_return_due_overrides=_overrides(overrides),
    )


def _residue(table: Table) -> PlatformResidue:
    """What an erasure removes of what others wrote at a platform; what is not written is kept."""
    words = {kind: table.one_of(kind, ("erase", "keep"), "keep") for kind in RESIDUE_KINDS}
    apply = table.flag("apply", default=False)
    table.close()
    return PlatformResidue(apply=apply, erased=tuple(kind for kind, word in words.items() if word == "erase"))


def _vault(table: Table) -> VaultRules:
    """Where the statutory copies are. Books that others keep count only with the word of whoever keeps them."""
    rules = VaultRules(
        mode=table.one_of("mode", ("bridge", "external_attested"), "bridge"),
        keep_identity=table.one_of(
            "gst_keep_customer_identity", ("as_issued", "statutory_minimum"), "statutory_minimum"
        )
        == "as_issued",
        hsn=table.text("hsn", ""),
        asked_for_by=table.texts("asked_for_by"),
        attested_by=table.text("attested_by", ""),
        attested_on=table.day("attested_on", optional=True),
    )
    if rules.mode == "external_attested" and not (rules.attested_by and rules.attested_on):
        table.fault(
            "mode", "needs attested_by and attested_on: who said when that the books are kept elsewhere"
        )
    table.close()
    return rules


def _month_day(table: Table, key: str, default: str) -> tuple[int, int]:
    value = table.text(key, default)
    try:
        if _MONTH_DAY.fullmatch(value):
            day = date.fromisoformat(f"{_SOME_COMMON_YEAR}-{value}")  # so that 02-29 is refused
            return day.month, day.day
    except ValueError:
        pass
    table.fault(key, "must be a month and day such as 04-01 that every year has")
    return 1, 1


def _overrides(table: Table) -> Mapping[str, date]:
    """Years whose annual return is due on another day, as dates or as text."""
    moved = {}
    for year in table.names():
        value = table.raw(year)
        try:
            day = date.fromisoformat(value) if isinstance(value, str) else value
        except ValueError:
            day = None
        if type(day) is not date or not _FINANCIAL_YEAR.fullmatch(year):
            table.fault(year, 'must be a year such as "2025-26" with a date')
        else:
            moved[year] = day
    return moved


def _grounded(
    categories: Mapping[str, Category],
    holds: Mapping[str, HoldRule | None],
    laws: Mapping[str, Law | None],
    rules: Report,
) -> tuple[Mapping[str, Category], list[str]]:
    """The categories without what their basis must not say, and the ids of those that said it."""
    found, doubtful = dict(categories), []
    for each in categories.values():
        keeping = [laws.get(hold.law) for ground in each.holds if (hold := holds.get(ground))]
        whose = {law.jurisdiction for law in keeping if law}
        refused = {
            regime: why for regime, text in each.basis.items() if (why := basis_refusal(text, regime, whose))
        }
        if refused:
            doubtful.append(each.id)
            rules.faults += [
                f"{place(rules.file, f'category.{each.id}.basis', regime)} {why}"
                for regime, why in refused.items()
            ]
            basis = {regime: text for regime, text in each.basis.items() if regime not in refused}
            found[each.id] = replace(each, basis=basis)
    return found, doubtful
