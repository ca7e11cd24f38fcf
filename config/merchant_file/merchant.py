"""Read the merchant's file (`config/merchant.toml`): shops, contacts, clocks, processors.

Reports what is unset and what is in doubt; never decides whether a process may start with that (`config/readiness.py`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bridge.errors import SettingsInvalid
from config.merchant_file.access_rules import AccessRules, read_access_rules
from config.merchant_file.approval_rules import ApprovalRules, read_approval_rules
from config.merchant_file.letter_rules import LetterRules, read_letter_rules
from config.merchant_file.notice_rules import NoticeRules, read_notice_rules
from config.merchant_file.processors import AttributionRule, Processor, read_attribution_rules, read_processors
from config.merchant_file.rights_rules import RightsRules, read_rights_rules
from config.toml_reader import PLACEHOLDERS, FileReport, TomlTable, label_file, read_toml

MERCHANT_SCHEMA = "merchant-config/1"
LEGAL_FORMS = ("proprietorship", "partnership", "llp", "company", "unknown")
DEFAULT_PLATFORM_ERASURE_DAYS, DEFAULT_CONSENT_WITHDRAWAL_HOURS = 190, 24
_COUNTRY = re.compile(r"[A-Z]{2}")
PAUSING_REGIMES = frozenset({"UK"})
_SHOP_DOMAIN = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com")
_HOURS_PER_YEAR, _DAYS_IN_TEN_YEARS = 24 * 366, 3660  # bounds that only catch typing errors


@dataclass(frozen=True, kw_only=True, slots=True)
class GrievanceOfficer:
    """The contact block of every letter (DPDP Rules r.9, E-Commerce Rules r.4(4)).

    No letter is sent while `domain_control_verified` is False: letters name `email`, and processors reply to it. None is
    while the contact is not complete.
    """

    name: str
    designation: str
    email: str
    phone: str
    domain_control_verified: bool = False

    @property
    def is_complete(self) -> bool:
        """Return True where no part of the contact is blank."""
        return not any(map(_is_blank, (self.name, self.designation, self.email, self.phone)))


@dataclass(frozen=True, kw_only=True, slots=True)
class ClockRules:
    """Hours, days and months that the merchant promises or owes; names are those of `[clocks]`.

    `platform_erasure_days` after Shopify was asked to erase, a person is asked whether it did. Shopify waits up to 180
    days after the last order, and ten days more. `pause_while_identity_pending` names the regimes whose term stops
    while proof of who asks is awaited: `UK` or none, since no other law stops it.
    """

    ack_hours_policy: int
    ack_hours_law: int
    resolve_days_policy: int
    resolve_months_law: int
    resolve_days_shopify: int
    timezone: str
    platform_erasure_days: int = DEFAULT_PLATFORM_ERASURE_DAYS
    pause_while_identity_pending: tuple[str, ...] = ()
    consent_withdrawal_hours: int = DEFAULT_CONSENT_WITHDRAWAL_HOURS


@dataclass(frozen=True, kw_only=True, slots=True)
class Merchant:
    """The merchant's file as values. `unset` names what still has to be filled in.

    `shops` are the known `*.myshopify.com` domains; empty (development only) means that any shop is known.
    `sha256` is of the file's bytes. `legal_entity_type` is `unknown` until it is set. `warnings` are sentences
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
    officer: GrievanceOfficer
    clocks: ClockRules
    complaint_route: dict[str, tuple[str, ...]]
    processors: tuple[Processor, ...]
    unset: tuple[str, ...]
    sha256: str
    warnings: tuple[str, ...] = ()
    gstin: str = ""
    attribution: tuple[AttributionRule, ...] = ()
    instructions: NoticeRules = field(default_factory=NoticeRules)
    access: AccessRules = field(default_factory=AccessRules)
    rights: RightsRules = field(default_factory=RightsRules)
    letters: LetterRules = field(default_factory=LetterRules)
    approval: ApprovalRules = field(default_factory=ApprovalRules)
    restricted_countries: tuple[str, ...] = ()

    def find_restricted(self, processor_id: str) -> tuple[str, ...]:
        """Return the countries of a processor to which nothing may be sent."""
        countries = {country for each in self.processors if each.id == processor_id for country in each.countries}
        return tuple(sorted(countries & {*self.restricted_countries}))

    def list_blank_contacts(self) -> list[tuple[str, str]]:
        """Return the (table, key) of what every letter to a data subject prints of its sender and nobody has filled in."""
        values = {
            ("merchant", "trading_name"): self.trading_name,
            ("merchant", "legal_name"): self.legal_name,
            ("merchant", "address"): self.address,
            ("merchant", "website_url"): self.website_url,
            ("merchant", "policy_last_updated"): self.policy_last_updated,
            ("grievance_officer", "name"): self.officer.name,
            ("grievance_officer", "designation"): self.officer.designation,
            ("grievance_officer", "email"): self.officer.email,
            ("grievance_officer", "phone"): self.officer.phone,
        }
        return [place for place, value in values.items() if _is_blank(value)]


def _is_blank(text: str) -> bool:
    return not text.strip() or any(placeholder.casefold() in text.casefold() for placeholder in PLACEHOLDERS)


def load_merchant(path: Path, text: str | None = None) -> Merchant:
    """Read the merchant's file.

    Raises SettingsInvalid with every fault of the file at once. What is only unset or in doubt does not
    raise: it stands in `unset` and `warnings`.
    """
    data, digest = read_toml(path, text)
    report = FileReport(file=label_file(path))
    top = TomlTable(data, "", report)
    top.get_choice("schema", (MERCHANT_SCHEMA,))
    merchant_table = top.get_table("merchant", required=True)
    officer = top.get_table("grievance_officer", required=True)
    clocks = top.get_table("clocks", required=True)
    tables = ("notices", "access", "letters", "approval", "transfers")
    notices, access, letters, approval, transfers = known = [top.get_table(name) for name in tables]
    route = notices.get_table("complaint_route", required=True)
    fields: dict[str, Any] = {
        **_read_merchant_table(merchant_table),
        "officer": GrievanceOfficer(
            name=officer.get_text("name", "", required_in_production=True),
            designation=officer.get_text("designation", "", required_in_production=True),
            email=officer.get_email("email", required_in_production=True),
            phone=officer.get_text("phone", "", required_in_production=True),
            domain_control_verified=officer.get_bool("domain_control_verified", default=False),
        ),
        "clocks": _read_clock_rules(clocks),
        "complaint_route": {key: route.get_texts(key) for key in route.list_keys()},
        "processors": read_processors(top),
        "attribution": read_attribution_rules(top),
        "instructions": read_notice_rules(notices),
        "access": read_access_rules(access),
        "letters": read_letter_rules(letters),
        "approval": read_approval_rules(approval),
        "restricted_countries": _read_countries(transfers),
        "rights": read_rights_rules(top.get_table("rights")),
    }
    for table in (merchant_table, officer, clocks, *known, top.get_table("intake"), top):
        table.report_unknown_keys()
    if report.faults:
        raise SettingsInvalid(report.faults)
    return Merchant(**fields, sha256=digest, unset=tuple(dict.fromkeys(report.unset)), warnings=tuple(report.warnings))


def read_legal_form(merchant_table: TomlTable) -> str:
    """Return the merchant's legal form; `unknown` counts as not set."""
    form = merchant_table.get_choice("legal_entity_type", LEGAL_FORMS, "unknown")
    if form == "unknown":
        merchant_table.add_unset("legal_entity_type")
    return form


def _read_merchant_table(merchant_table: TomlTable) -> dict[str, Any]:
    return {
        "shops": _read_shops(merchant_table),
        "trading_name": merchant_table.get_text("trading_name", required_in_production=True),
        "legal_name": merchant_table.get_text("legal_name", "", required_in_production=True),
        "legal_entity_type": read_legal_form(merchant_table),
        "website_url": merchant_table.get_text("website_url", "", required_in_production=True),
        "policy_url": merchant_table.get_text("policy_url", "", recommended=True),
        "policy_last_updated": merchant_table.get_text("policy_last_updated", "", required_in_production=True),
        "policy_sha256": merchant_table.get_sha256("policy_sha256"),
        "address": merchant_table.get_text("address", required_in_production=True),
        "gstin": merchant_table.get_text("gstin", "", recommended=True),
    }


def _read_shops(merchant_table: TomlTable) -> tuple[str, ...]:
    """Return the domains of `shops = […]`, or of `shop_domain` for a merchant with one shop."""
    key = "shops" if merchant_table.has_key("shops") else "shop_domain"
    if merchant_table.has_key("shops") and merchant_table.has_key("shop_domain"):
        merchant_table.add_fault("shop_domain", "must be removed: shops lists every shop")
        merchant_table.get_raw("shop_domain")
    shops = merchant_table.get_texts(key) if key == "shops" else tuple(filter(None, [merchant_table.get_text(key, "")]))
    if not shops:
        merchant_table.add_unset(key)
    if not all(_SHOP_DOMAIN.fullmatch(shop) for shop in shops):
        merchant_table.add_fault(key, "must be of the form name.myshopify.com, in lower case")
    return tuple(dict.fromkeys(shops))


def _read_countries(transfers: TomlTable) -> tuple[str, ...]:
    countries = transfers.get_texts("restricted_countries")
    if not all(_COUNTRY.fullmatch(country) for country in countries):
        transfers.add_fault("restricted_countries", "must list countries by two capital letters, such as XK")
    return countries


def _read_clock_rules(clocks: TomlTable) -> ClockRules:
    return ClockRules(
        ack_hours_policy=clocks.get_int("ack_hours_policy", 1, _HOURS_PER_YEAR),
        ack_hours_law=clocks.get_int("ack_hours_law", 1, _HOURS_PER_YEAR),
        resolve_days_policy=clocks.get_int("resolve_days_policy", 1, _DAYS_IN_TEN_YEARS),
        resolve_months_law=clocks.get_int("resolve_months_law", 1, 120),
        resolve_days_shopify=clocks.get_int("resolve_days_shopify", 1, _DAYS_IN_TEN_YEARS),
        timezone=clocks.get_timezone("timezone", "Asia/Kolkata"),
        platform_erasure_days=clocks.get_int(
            "platform_erasure_days", 1, _DAYS_IN_TEN_YEARS, DEFAULT_PLATFORM_ERASURE_DAYS
        ),
        pause_while_identity_pending=_read_pausing_regimes(clocks),
        # nobody may take longer than a day
        consent_withdrawal_hours=clocks.get_int(
            "consent_withdrawal_hours", 1, DEFAULT_CONSENT_WITHDRAWAL_HOURS, DEFAULT_CONSENT_WITHDRAWAL_HOURS
        ),
    )


def _read_pausing_regimes(clocks: TomlTable) -> tuple[str, ...]:
    key = "pause_while_identity_pending"
    regimes = clocks.get_texts(key) if clocks.has_key(key) else ()
    if not set(regimes) <= PAUSING_REGIMES:
        clocks.add_fault(key, 'can only name "UK": no other law stops a term')
    return tuple(regimes)
