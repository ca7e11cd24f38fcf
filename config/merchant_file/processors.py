"""Recipients of personal data in the merchant's file: who they are, what they hold, how they are told to erase.

Says what is still to be filled in; never decides who is told when.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from config.toml_reader import EMAIL, Table

# email: a letter; portal: a paper that somebody files by hand; api: the bridge's connector erases;
# platform: erases on its own (Shopify); own: the bridge's own erasure covers it
CHANNELS = ("", "email", "portal", "api", "platform", "own")
TOLD = ("email", "portal", "api")  # the channels of an instruction
APPLIES_TO = ("parcels", "orders", "everyone")
NAMES = {"parcels": "waybill", "orders": "order", "everyone": "customer"}
NAME_KINDS = ("waybill", "order", "customer", "email_sha256")
TEMPLATES = ("carrier", "payment", "messaging", "advertising", "general")
_ORDER_DATA = {"order_lines", "payment_reference", "invoice_document"}
_ID = re.compile(r"[a-z0-9_-]{1,32}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Processor:
    """One recipient of personal data. `named` is False where the policy announces it without a name.

    `applies_to` says whose records it holds (those with parcels on its account, with orders, everybody),
    `names` what an instruction names them by, `carries` the systems whose parcels are on this account.
    Nothing is sent to `privacy_contact` before `contact_verified_on`.
    """

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
    client_code: str = ""
    privacy_contact: str = ""
    contact_verified_on: date | None = None
    erasure_channel: str = ""
    applies_to: str = "everyone"
    names: str = "customer"
    carries: tuple[str, ...] = ()
    template: str = "general"
    policy_sections: tuple[str, ...] = ()

    @property
    def is_told(self) -> bool:
        """True where an erasure ends in an instruction to this processor."""
        return self.named and self.erasure_channel in TOLD


@dataclass(frozen=True, kw_only=True, slots=True)
class AttributionRule:
    """The merchant's own word about a parcel: all conditions that are given must hold; an empty one asks nothing."""

    location: str = ""
    service: str = ""
    company: str = ""
    prefix: str = ""
    carrier: str = ""
    account_holder: str = ""


def processors(top: Table) -> tuple[Processor, ...]:
    """The `[[processor]]` tables, faults and what is unset into the report."""
    found: dict[str, Processor] = {}
    for number, data in enumerate(top.tables("processor"), start=1):
        known = data.get("id")
        table = Table(data, f"processor.{known if isinstance(known, str) and known else number}", top.report)
        processor = _processor(table)
        if processor.id and not _ID.fullmatch(processor.id):
            table.fault("id", "must be of small letters, digits, - and _, 32 at most")
        if processor.id and processor.id in found:
            table.fault("id", "is used twice")
        found[processor.id] = processor
        table.close()
    return tuple(found.values())


def _processor(table: Table) -> Processor:
    named = table.one_of("status", ("named", "unnamed"), "named") == "named"
    channel = table.one_of("erasure_channel", CHANNELS, "")
    data = table.texts("data")
    if not named:
        table.warn("legal_name", "is not known: the policy announces this recipient without a name")
    return Processor(
        id=table.text("id"),
        named=named,
        legal_name=table.text("legal_name", "", wanted=named),
        role=table.text("role", ""),
        services=table.text("services", ""),
        data=data,
        fields=table.texts("fields"),
        countries=table.texts("countries"),
        safeguard=table.text("transfer_safeguard", ""),
        contract_ref=table.text("contract_ref", "", wanted=named),
        policy_sections=table.texts("policy_sections"),
        erasure_channel=channel,
        **_told(table, channel, data),
    )


def _told(table: Table, channel: str, data: tuple[str, ...]) -> dict[str, Any]:
    """How it is told: an erasure instruction by letter needs somebody to write to."""
    default = "parcels" if "shipment" in data else "orders" if _ORDER_DATA.intersection(data) else "everyone"
    applies_to = table.one_of("applies_to", APPLIES_TO, default)
    verified = table.day("contact_verified_on", optional=True)
    if channel == "email" and verified is None:
        table.warn(
            "contact_verified_on", "is not set: instructions wait until somebody made sure of the address"
        )
    return {
        "client_code": table.text("client_code", ""),
        "privacy_contact": table.shaped(
            "privacy_contact", EMAIL, "must be an e-mail address", needed=channel == "email"
        ),
        "contact_verified_on": verified,
        "applies_to": applies_to,
        "names": table.one_of("names", NAME_KINDS, NAMES[applies_to]),
        "carries": table.texts("carries"),
        "template": table.one_of("template", TEMPLATES, "carrier" if applies_to == "parcels" else "general"),
    }


def attribution_rules(top: Table) -> tuple[AttributionRule, ...]:
    """The `[[attribution]]` tables, in their order."""
    rules = []
    for number, data in enumerate(top.tables("attribution"), start=1):
        table = Table(data, f"attribution.{number}", top.report)
        told = {name: table.text(name, "") for name in AttributionRule.__slots__}
        if not any(told[name] for name in ("location", "service", "company", "prefix")):
            table.fault("company", "or location, service, prefix must say which parcels are meant")
        if not told["carrier"] and not told["account_holder"]:
            table.fault("account_holder", "or carrier must say whose they are")
        table.close()
        rules.append(AttributionRule(**told))
    return tuple(rules)
