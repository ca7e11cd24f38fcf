"""The merchant's file: shops, contacts, clocks, processors (`config/merchant.toml`)."""

from __future__ import annotations

from dataclasses import dataclass


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Processor:
    """One recipient of personal data. `named` is False where the policy announces it without a name."""

    id: str
    legal_name: str
    named: bool
    role: str = ""
    services: str = ""
    data: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    safeguard: str = ""
    contract_ref: str = ""
    privacy_contact: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Merchant:
    """Everything of the merchant's file that the bridge uses. `unset` names what still has to be filled in.

    `shops` are the known `*.myshopify.com` domains; empty (development only) means: any shop is known.
    `sha256` is of the file's bytes. `legal_entity_type` is `unknown` until set.
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
