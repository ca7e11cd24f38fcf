"""The persons and records of the package tests: plain values, no store."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from bridge.model import (
    Absence,
    Finding,
    Gap,
    Outcome,
    Principal,
    PrivacyRequest,
    RequestKind,
    RequestSource,
    RequestState,
    Task,
    TaskAction,
    TaskState,
)
from bridge.steps.access.package import PackageInput, PackageManifest, write_access_package
from config.merchant_file.merchant import ClockRules, GrievanceOfficer, Merchant, Processor
from config.retention_file.retention import Category, Law, Retention, RetentionRule, load_retention
from config.settings import RETENTION_FILE

FIXTURES = Path(__file__).parents[2] / "fixtures" / "export"
NOW = datetime(2026, 11, 29, 10, 0, tzinfo=UTC)
GATHERED = datetime(2026, 11, 29, 9, 40, tzinfo=UTC)

REQUEST = PrivacyRequest(
    id="req_01JD6N",
    shop="minimiss.myshopify.com",
    kind=RequestKind.ACCESS,
    source=RequestSource.WEBHOOK,
    state=RequestState.IN_PROGRESS,
    subject="hmac:subject",
    principal=Principal(customer_id="7001", email="asha@qwertzuiop.example"),
    received_at=datetime(2026, 11, 22, 10, 0, tzinfo=UTC),
    received_at_basis="webhook",
    webhook_received_at=datetime(2026, 11, 22, 10, 0, tzinfo=UTC),
    acknowledge_due_at=datetime(2026, 11, 24, 10, 0, tzinfo=UTC),
    due_at=datetime(2026, 12, 22, 10, 0, tzinfo=UTC),
    due_governed_by="policy_30d",
    clocks={},
    policy_sha256="p" * 64,
    retention_sha256="r" * 64,
)

SHOPIFY = Processor(
    id="shopify",
    legal_name="Shopify Example Inc.",
    named=True,
    role="processor",
    services="shop platform",
    data=("customer_profile", "contact"),
    countries=("US", "SG"),
    safeguard="standard clauses (policy s.4)",
)
HOST = Processor(id="bridge_host", legal_name="Host Example Ltd", named=True, data=("access_package",))
_CARRIER_FIELDS = ("name", "delivery_address", "phone", "order_invoice_value")
DELHIVERY = Processor(
    id="delhivery",
    legal_name="Delhivery Limited",
    named=True,
    role="processor",
    services="delivery",
    data=("shipment",),
    fields=_CARRIER_FIELDS,
    countries=("IN",),
)
BLUEDART = replace(DELHIVERY, id="bluedart", legal_name="Blue Dart Express Limited")
RAZORPAY = Processor(
    id="payment_gateway",
    legal_name="Razorpay Software Private Limited",
    named=True,
    role="processor",
    services="payments",
    data=("payment_reference",),
    countries=("IN",),
)
UNNAMED = Processor(id="sms_gateway", legal_name="", named=False)

MERCHANT = Merchant(
    shops=("minimiss.myshopify.com",),
    trading_name="MINI MISS",
    legal_name="",
    legal_entity_type="unknown",
    website_url="https://minimissilver.com/",
    policy_url="",
    policy_last_updated="",
    policy_sha256="q" * 64,
    address="Shop No 15, Agra",
    officer=GrievanceOfficer(
        name="[Insert Name of the Officer]",
        designation="",
        email="privacy@minimiss.com",
        phone="[Insert Contact Number]",
    ),
    clocks=ClockRules(
        ack_hours_policy=72,
        ack_hours_law=48,
        resolve_days_policy=30,
        resolve_months_law=1,
        resolve_days_shopify=30,
        timezone="Asia/Kolkata",
    ),
    complaint_route={
        "before_2027_05_13": ("grievance_officer", "national_consumer_helpline_1915", "it_act_adjudicating_officer"),
        "from_2027_05_13": ("grievance_officer", "data_protection_board_of_india"),
        "eu": ("supervisory_authority",),
        "uk": ("ico",),
    },
    processors=(SHOPIFY, HOST, DELHIVERY, BLUEDART, RAZORPAY),
    unset=(),
    sha256="m" * 64,
)


def category(name: str, **changes: Any) -> Category:
    """Return a category that is erased on request, unless changed."""
    values: dict[str, Any] = {
        "title": name.replace("_", " ").capitalize(),
        "fields": (),
        "personal_data": ("pd:Name",),
        "policy_sections": ("5.i",),
        "purposes": ("i",),
        "basis": {"IN": "s.7(a)", "EU": "Art 6(1)(b)"},
        "on_request": "erase",
        "holds": (),
        "held_action": "restrict",
        "max_age": {},
    }
    return Category(id=name, **values | changes)


def law(name: str, title: str, since: date, until: date | None = None, **applies: Any) -> Law:
    """Return a law with its dates."""
    return Law(id=name, title=title, in_force_from=since, in_force_to=until, applies_if=applies)


def hold(name: str, law_id: str, rule: str, event: str, **args: int) -> RetentionRule:
    """Return a retention rule."""
    return RetentionRule(id=name, law=law_id, last_day_rule=rule, args=args, from_event=event)


_LAWS = (
    law("spdi", "SPDI Rules 2011", date(2011, 4, 11), date(2027, 5, 12)),
    law("dpdp_core", "DPDP Act 2023", date(2027, 5, 13)),
    law("dpdp_r8_3", "DPDP Rules 2025 r.8(3)", date(2027, 5, 13)),
    law("cgst", "CGST Act 2017", date(2017, 7, 1)),
    law("companies", "Companies Act 2013", date(2014, 4, 1), **{"merchant.legal_entity_type": ("company", "unknown")}),
    law("gdpr", "Regulation (EU) 2016/679", date(2018, 5, 25)),
)
_HOLDS = (
    hold("gst_books", "cgst", "gst_annual_return_due_plus_months", "document_issued_at", months=72),
    hold("companies_books", "companies", "fy_end_plus_years", "document_issued_at", years=8),
    hold("dpdp_one_year", "dpdp_r8_3", "event_plus_months", "last_processing_at", months=12),
)
_CATEGORIES = (
    category("customer_profile"),
    category("contact", holds=("dpdp_one_year",)),
    category("address"),
    category("order_lines", on_request="anonymise", holds=("gst_books", "companies_books")),
    category("order_free_text"),
    category("payment_reference"),
    category("shipment"),
    category("cod_risk", purposes=("xv",), max_age={"event": "last_order_at", "months": 24}),
    category("marketing_consent", purposes=("v",)),
    category("usage_cookies", purposes=("iv", "vi"), basis={"IN": "consent", "EU": "Art 6(1)(f)"}),
    category("suppression", on_request="keep", max_age={"event": "created_at", "months": 84}),
)
RETENTION = Retention(
    policy_id="minimiss-2026-11-22",
    laws={each.id: each for each in _LAWS},
    holds={each.id: each for each in _HOLDS},
    categories={each.id: each for each in _CATEGORIES},
    purposes=load_retention(RETENTION_FILE).purposes,
    merchant={"legal_entity_type": "proprietorship"},
    timezone="Asia/Kolkata",
    reviewed_by="",
    unset=(),
    broken=(),
    sha256="s" * 64,
)


def task(system: str, **changes: Any) -> Task:
    """Return the task of a system that answered, unless changed."""
    values: dict[str, Any] = {
        "id": f"tsk_{system}",
        "request_id": REQUEST.id,
        "system": system,
        "action": TaskAction.GATHER,
        "state": TaskState.DONE,
        "outcome": Outcome.FOUND,
        "records": 1,
        "finished_at": GATHERED,
    }
    return Task(**values | changes)


def fixture(name: str) -> dict[str, Any]:
    """Return the body of a fixture."""
    body: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
    return body


GAPS = (
    Gap(system="shopify", absence=Absence.DENIED, what="customer.defaultAddress.phone", reason="not_approved"),
    Gap(system="shopify", absence=Absence.DENIED, what="gift cards", reason="read_gift_cards"),
    Gap(system="delhivery", absence=Absence.UNREACHED, what="2 waybills", reason="source_unavailable"),
    Gap(system="bluedart", absence=Absence.NOT_CONFIGURED, what="1 waybill", reason="no_credentials"),
    Gap(system="delhivery", absence=Absence.UNATTRIBUTED, what="1 waybill", reason="malformed_number"),
)


def found(kind: str, body: dict[str, Any], system: str = "shopify") -> tuple[str, Finding]:
    """Return a finding as the store returns it."""
    ref = str(body.get("id") or body.get("waybill") or "1")
    return system, Finding(kind=kind, ref=ref, matched_by="customer_id", body=body)


def asha() -> list[tuple[str, Finding]]:
    """Return all records that two systems hold of one person."""
    return [
        found("customer", fixture("customer__asha")),
        found("order", fixture("order__cod_delhivery")),
        found("draft_order", fixture("draft_order__note")),
        found("shipment", fixture("shipment__delhivery"), "delhivery"),
    ]


def case(records: list[tuple[str, Finding]] | None = None, **changes: Any) -> PackageInput:
    """Return a complete package input, Asha's unless changed."""
    findings = asha() if records is None else records
    values: dict[str, Any] = {
        "request": REQUEST,
        "tasks": [task("shopify", records=3), task("delhivery")],
        "records": lambda: iter(findings),
        "merchant": MERCHANT,
        "retention": RETENTION,
        "prepared_at": NOW,
    }
    return PackageInput(**values | changes)


class Package:
    """A package that was built and opened again."""

    def __init__(self, inputs: PackageInput) -> None:
        """Build it and open it."""
        out = io.BytesIO()
        self.manifest: PackageManifest = write_access_package(inputs, out)
        self.raw = out.getvalue()
        with zipfile.ZipFile(io.BytesIO(self.raw)) as opened:
            assert opened.testzip() is None
            self.files = {name: opened.read(name) for name in opened.namelist()}

    def text(self, path: str) -> str:
        """Read a payload file as text."""
        return self.files[f"data/{path}"].decode()

    def json(self, path: str) -> Any:
        """Read a payload file as JSON."""
        return json.loads(self.files[f"data/{path}"])

    def table(self, name: str) -> list[dict[str, str]]:
        """Read a table of records, as a spreadsheet would read it."""
        return list(csv.DictReader(io.StringIO(self.text(f"records/{name}.csv"), newline="")))


def test_the_case_itself_is_consistent():
    """The fixtures belong to one person, and the package opens."""
    package = Package(case())
    assert package.manifest.records == 4
    assert package.manifest.complete


def visible(html: str) -> str:
    """Return the words of a page, without its style."""
    return re.sub(r"<[^>]+>", " ", re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL))


def first_page(package: Package) -> str:
    """Return the letter up to the tables."""
    return visible(package.text("00_letter.html").partition('id="looked"')[0])
