"""The merchant's file: shops, contacts, clocks, processors (`config/merchant.toml`).

Says what is still to be filled in and what is in doubt; never decides whether one may start with that
(`config/readiness`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bridge.errors import SettingsInvalid
from config.merchant_file.notice_rules import Instructions, instructions
from config.merchant_file.processors import AttributionRule, Processor, attribution_rules, processors
from config.toml_reader import EMAIL, SHA256, SHA256_WORDS, Report, Table, label, read

SCHEMA = "merchant-config/1"
LEGAL_FORMS = ("proprietorship", "partnership", "llp", "company", "unknown")
_SHOP = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com")
_YEAR_H, _TEN_YEARS_D = 24 * 366, 3660  # bounds that catch a slipped digit, not opinions about the law


@dataclass(frozen=True, kw_only=True, slots=True)
class Contact:
    """The grievance officer: the contact block of every letter (DPDP Rules r.9, E-Commerce Rules r.4(4))."""

    name: str
    designation: str
    email: str
    phone: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ClockRules:
    """Hours and days the merchant promises or owes; names are those of `[clocks]`."""

    ack_hours_policy: int
    ack_hours_law: int
    resolve_days_policy: int
    resolve_months_law: int
    resolve_days_shopify: int
    timezone: str
    ack_hours_target: int = 24
    dpdp_grievance_days_cap: int = 90
    warn_at_percent: tuple[int, ...] = (50, 75, 90)
    pause_while_identity_pending: tuple[str, ...] = ()
    gdpr_extension_months: int = 2
    consent_withdrawal_hours: int = 24
    certin_report_hours: int = 6
    board_report_hours: int = 72
    gdpr_report_hours: int = 72


@dataclass(frozen=True, kw_only=True, slots=True)
class Merchant:
    """Everything of the merchant's file that the bridge uses. `unset` names what still has to be filled in.

    `shops` are the known `*.myshopify.com` domains; empty (development only) means: any shop is known.
    `sha256` is of the file's bytes. `legal_entity_type` is `unknown` until set. `warnings` are sentences
    about what does not keep production from starting: conflicts, reviews, missing contract references.
    """

    shops: tuple[str, ...]
    trading_name: str
    legal_name: str
    legal_entity_type: str
    website_url: str
    policy_url: str
    policy_last_updated: str
    policy_sha256: str
    address: str
    officer: Contact
    clocks: ClockRules
    complaint_route: dict[str, tuple[str, ...]]
    processors: tuple[Processor, ...]
    unset: tuple[str, ...]
    sha256: str
    warnings: tuple[str, ...] = ()
    gstin: str = ""
    eu_representative: str = ""
    uk_representative: str = ""
    intake_addresses: tuple[str, ...] = ()
    domain_control_verified: bool = False
    attribution: tuple[AttributionRule, ...] = ()
    instructions: Instructions = field(default_factory=Instructions)


def load_merchant(path: Path) -> Merchant:
    """Read the merchant's file.

    Raises SettingsInvalid with every fault of the file at once. What is only unset or in doubt does not
    raise: it stands in `unset` and `warnings`.
    """
    data, digest = read(path)
    report = Report(file=label(path))
    top = Table(data, "", report)
    top.one_of("schema", (SCHEMA,))
    about = top.table("merchant", must=True)
    officer = top.table("grievance_officer", must=True)
    clocks = top.table("clocks", must=True)
    intake, notices = top.table("intake"), top.table("notices")
    route = notices.table("complaint_route", must=True)
    fields: dict[str, Any] = {
        **_about(about),
        **_intake(intake),
        "officer": Contact(
            name=officer.text("name", "", needed=True),
            designation=officer.text("designation", "", needed=True),
            email=officer.shaped("email", EMAIL, "must be an e-mail address", needed=True),
            phone=officer.text("phone", "", needed=True),
        ),
        "clocks": _clocks(clocks),
        "complaint_route": {key: route.texts(key) for key in route.names()},
        "processors": processors(top),
        "attribution": attribution_rules(top),
        "instructions": instructions(notices),
    }
    for table in (about, officer, clocks, intake, notices, top):
        table.close()
    if report.faults:
        raise SettingsInvalid(report.faults)
    return Merchant(
        **fields, sha256=digest, unset=tuple(dict.fromkeys(report.unset)), warnings=tuple(report.warnings)
    )


def _about(about: Table) -> dict[str, Any]:
    form = about.one_of("legal_entity_type", LEGAL_FORMS, "unknown")
    if form == "unknown":
        about.unset("legal_entity_type")
    return {
        "shops": _shops(about),
        "trading_name": about.text("trading_name"),
        "legal_name": about.text("legal_name", "", needed=True),
        "legal_entity_type": form,
        "website_url": about.text("website_url", "", needed=True),
        "policy_url": about.text("policy_url", "", wanted=True),
        "policy_last_updated": about.text("policy_last_updated", "", needed=True),
        "policy_sha256": about.shaped("policy_sha256", SHA256, SHA256_WORDS, needed=True),
        "address": about.text("address"),
        "gstin": about.text("gstin", "", wanted=True),
        "eu_representative": about.text("eu_representative", "", wanted=True),
        "uk_representative": about.text("uk_representative", "", wanted=True),
    }


def _shops(about: Table) -> tuple[str, ...]:
    """`shops = […]`, or `shop_domain` for a merchant with one."""
    key = "shops" if about.has("shops") else "shop_domain"
    if about.has("shops") and about.has("shop_domain"):
        about.fault("shop_domain", "must go: shops lists every shop")
        about.raw("shop_domain")
    shops = about.texts(key) if key == "shops" else tuple(filter(None, [about.text(key, "")]))
    if not shops:
        about.unset(key)
    if not all(_SHOP.fullmatch(shop) for shop in shops):
        about.fault(key, "must be of the form name.myshopify.com, in lower case")
    return tuple(dict.fromkeys(shops))


def _intake(intake: Table) -> dict[str, Any]:
    """Every address the policy publishes: a door through which a clock can start."""
    single = (intake.text("rights_email", ""), intake.text("correction_email", ""))
    addresses = (*filter(None, single), *intake.texts("grievance_emails"))
    intake.texts("shopify_webhooks")
    return {
        "intake_addresses": tuple(dict.fromkeys(addresses)),
        "domain_control_verified": intake.flag("domain_control_verified", default=False),
    }


def _clocks(clocks: Table) -> ClockRules:
    return ClockRules(
        ack_hours_policy=clocks.whole("ack_hours_policy", 1, _YEAR_H),
        ack_hours_law=clocks.whole("ack_hours_law", 1, _YEAR_H),
        resolve_days_policy=clocks.whole("resolve_days_policy", 1, _TEN_YEARS_D),
        resolve_months_law=clocks.whole("resolve_months_law", 1, 120),
        resolve_days_shopify=clocks.whole("resolve_days_shopify", 1, _TEN_YEARS_D),
        timezone=clocks.zone("timezone", "Asia/Kolkata"),
        ack_hours_target=clocks.whole("ack_hours_target", 1, _YEAR_H, 24),
        dpdp_grievance_days_cap=clocks.whole("dpdp_grievance_days_cap", 1, _TEN_YEARS_D, 90),
        warn_at_percent=clocks.wholes("warn_at_percent", (50, 75, 90)),
        pause_while_identity_pending=clocks.texts("pause_while_identity_pending"),
        gdpr_extension_months=clocks.whole("gdpr_extension_months", 0, 2, 2),
        consent_withdrawal_hours=clocks.whole("consent_withdrawal_hours", 1, _YEAR_H, 24),
        certin_report_hours=clocks.whole("certin_report_hours", 1, _YEAR_H, 6),
        board_report_hours=clocks.whole("board_report_hours", 1, _YEAR_H, 72),
        gdpr_report_hours=clocks.whole("gdpr_report_hours", 1, _YEAR_H, 72),
    )
