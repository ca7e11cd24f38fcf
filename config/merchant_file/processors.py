"""Read the recipients of personal data from the merchant's file: names, data, and how each is asked to erase.

Reports what is unset; never decides who is notified when.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from config.toml_reader import TomlTable

# email: a letter; portal: a document that a person files by hand; api: the bridge's connector erases;
# platform: erases on its own (Shopify); own: the bridge's own erasure covers it
ERASURE_CHANNELS = ("", "email", "portal", "api", "platform", "own")
NOTICE_CHANNELS = ("email", "portal", "api")  # the channels of an instruction
APPLIES_TO = ("parcels", "orders", "everyone")
DEFAULT_REFERENCE_KINDS = {"parcels": "waybill", "orders": "order", "everyone": "customer"}
REFERENCE_KINDS = ("waybill", "order", "customer", "email_sha256", "phone_sha256")
# the channels of a consent that a processor of messages or of advertising serves, where the file does not say
DEFAULT_CHANNELS: dict[str, tuple[str, ...]] = {
    "messaging": ("email", "sms", "whatsapp"),
    "advertising": ("profiling",),
}
CONSENT_CHANNELS = ("email", "sms", "whatsapp", "profiling")
LETTER_TEMPLATES = ("carrier", "payment", "messaging", "advertising", "general")
_ORDER_DATA_KINDS = {"order_lines", "payment_reference", "invoice_document"}
_PROCESSOR_ID = re.compile(r"[a-z0-9_-]{1,32}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Processor:
    """One recipient of personal data. `named` is False where the policy announces it without a name.

    `applies_to` says whose records it holds (those with parcels on its account, with orders, everybody),
    `names` which reference an instruction uses, `carries` the systems whose parcels are on this account.
    Nothing is sent to `privacy_contact` before `contact_verified_on`. `channels` are those of a consent by which it reaches
    persons. `last_reviewed_on` is when somebody last looked at how it keeps the contract.
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
    channels: tuple[str, ...] = ()
    last_reviewed_on: date | None = None

    @property
    def is_notice_recipient(self) -> bool:
        """Return True where an erasure ends in an instruction to this processor."""
        return self.named and self.erasure_channel in NOTICE_CHANNELS


@dataclass(frozen=True, kw_only=True, slots=True)
class AttributionRule:
    """The merchant's own rule for the carrier of a parcel: all conditions that are given must hold."""

    location: str = ""
    service: str = ""
    company: str = ""
    prefix: str = ""
    carrier: str = ""
    account_holder: str = ""


def read_processors(top: TomlTable) -> tuple[Processor, ...]:
    """Return the `[[processor]]` tables; faults and unset values go into the report."""
    processors: dict[str, Processor] = {}
    for table in top.get_table_list("processor", named_by="id"):
        processor = _read_processor(table)
        if processor.id and not _PROCESSOR_ID.fullmatch(processor.id):
            table.add_fault("id", "must be of small letters, digits, - and _, 32 at most")
        if processor.id and processor.id in processors:
            table.add_fault("id", "is used twice")
        processors[processor.id] = processor
        table.report_unknown_keys()
    return tuple(processors.values())


def _read_processor(table: TomlTable) -> Processor:
    named = table.get_choice("status", ("named", "unnamed"), "named") == "named"
    channel = table.get_choice("erasure_channel", ERASURE_CHANNELS, "")
    data = table.get_texts("data")
    if not named:
        table.add_warning("legal_name", "is not known: the policy announces this recipient without a name")
    return Processor(
        id=table.get_text("id"),
        named=named,
        legal_name=table.get_text("legal_name", "", recommended=named),
        role=table.get_text("role", ""),
        services=table.get_text("services", ""),
        data=data,
        fields=table.get_texts("fields"),
        countries=table.get_texts("countries"),
        safeguard=table.get_text("transfer_safeguard", ""),
        contract_ref=table.get_text("contract_ref", "", recommended=named),
        policy_sections=table.get_texts("policy_sections"),
        last_reviewed_on=table.get_date("last_reviewed_on", optional=True),
        erasure_channel=channel,
        **_read_notice_fields(table, channel, data),
    )


def _read_notice_fields(table: TomlTable, channel: str, data: tuple[str, ...]) -> dict[str, Any]:
    """Return the fields for notices; a processor that gets letters needs an address."""
    default = "parcels" if "shipment" in data else "orders" if _ORDER_DATA_KINDS.intersection(data) else "everyone"
    applies_to = table.get_choice("applies_to", APPLIES_TO, default)
    verified = table.get_date("contact_verified_on", optional=True)
    template = table.get_choice("template", LETTER_TEMPLATES, "carrier" if applies_to == "parcels" else "general")
    channels = table.get_texts("channels") or DEFAULT_CHANNELS.get(template, ())
    if not set(channels) <= set(CONSENT_CHANNELS):
        table.add_fault("channels", f"must be of {', '.join(CONSENT_CHANNELS)}")
    if channel == "email" and verified is None:
        reason = "is not set: instructions wait until somebody made sure of the address"
        table.add_warning("contact_verified_on", reason)
    return {
        "client_code": table.get_text("client_code", ""),
        "privacy_contact": table.get_email("privacy_contact", required_in_production=channel == "email"),
        "contact_verified_on": verified,
        "applies_to": applies_to,
        "names": table.get_choice("names", REFERENCE_KINDS, DEFAULT_REFERENCE_KINDS[applies_to]),
        "carries": table.get_texts("carries"),
        "template": template,
        "channels": channels,
    }


def read_attribution_rules(top: TomlTable) -> tuple[AttributionRule, ...]:
    """Return the `[[attribution]]` tables in their order."""
    rules = []
    for table in top.get_table_list("attribution"):
        values = {name: table.get_text(name, "") for name in AttributionRule.__slots__}
        if not any(values[name] for name in ("location", "service", "company", "prefix")):
            table.add_fault("company", "or location, service, prefix must say which parcels are meant")
        if not values["carrier"] and not values["account_holder"]:
            table.add_fault("account_holder", "or carrier must say whose they are")
        table.report_unknown_keys()
        rules.append(AttributionRule(**values))
    return tuple(rules)
