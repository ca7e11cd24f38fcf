"""Count the records of a package: by system, category, carrier and country, with first and last days and consents.

Filled while the record files are built and read for the letter and the summaries. Holds numbers and waybills, never
a record.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, tzinfo
from typing import Any

from bridge.model import MERCHANT_ACCOUNT
from bridge.rules.consents.consent_data import find_meaning
from bridge.rules.requests.lifecycle import PLATFORM
from bridge.steps.access.package.records.own_tables import OWN_TABLES_BY_KIND, REQUEST_TRACE_KINDS, OwnKind
from bridge.steps.access.package.records.parcels import is_unknown_at_carrier
from bridge.steps.access.package.records.tables import FLAT_TABLES_BY_NAME
from bridge.steps.access.package.text import get_nested_value, iter_objects, parse_local_date

# shops write carriers as `Blue Dart`, `BlueDart Express`, `DELHIVERY SURFACE`
_NON_ALPHANUMERIC_PATTERN = re.compile(r"[\W_]")
_DATE_KEYS = (
    "createdAt",
    "processedAt",
    "created_at",
    "at",
    "status_at",
    "processed_at",
    "issued_at",
    "opened_at",
    "received_at",
)
_FIELD_KEYS = {
    "delivery_address": ("address_lines", "address", "pin", "postal_code"),
    "phone": ("phones", "phone"),
    "order_invoice_value": ("invoice_value", "cod_amount"),
    "email": ("emails", "email"),
    "items": ("items", "line_items", "products", "products_desc"),
}
LABEL_FIELDS = frozenset({"name", "delivery_address", "phone", "order_invoice_value"})
SHIPMENT_CATEGORY = "shipment"
MAX_OWN_ROWS = 10
_OWN_TABLE_NAMES = frozenset(table.name for table in OWN_TABLES_BY_KIND.values())
_DISCLOSURES = OWN_TABLES_BY_KIND[OwnKind.DISCLOSURE].name
_ORDER_KINDS = frozenset({"order", "draft_order"})


@dataclass(slots=True)
class RecordTally:
    """Records of one kind: their number, systems, first and last day."""

    records: int = 0
    systems: set[str] = field(default_factory=set)
    first_date: date | None = None
    last_date: date | None = None

    def add_record(self, system: str, on_date: date | None) -> None:
        """Count one record of that system and day."""
        self.records += 1
        self.systems.add(system)
        self.include_date(on_date)

    def include_date(self, on_date: date | None) -> None:
        """Extend the first and last day to include this day."""
        if on_date is not None:
            self.first_date = min(self.first_date or on_date, on_date)
            self.last_date = max(self.last_date or on_date, on_date)


@dataclass(slots=True)
class CarrierParcels:
    """The parcels of one carrier: waybills, first and last day. `name` is as the shop wrote it.

    `label_fields` is what its parcels were sent with, `records` what the records that it gave us hold: both in the words of
    a processor's `fields`.
    """

    name: str
    waybills: set[str] = field(default_factory=set)
    span: RecordTally = field(default_factory=RecordTally)
    label_fields: set[str] = field(default_factory=set)
    records: Counter[frozenset[str]] = field(default_factory=Counter)


class PackageStatistics:
    """The counts of one package."""

    def __init__(self, zone: tzinfo) -> None:
        """Start with nothing counted. Days are those of `zone`."""
        self.zone = zone
        self.found_count = 0
        self.records_by_kind: Counter[str] = Counter()
        self.rows_by_table: Counter[str] = Counter()
        self.mask_counts: Counter[str] = Counter()
        self.other_person_places = 0
        self.tallies_by_category: dict[str, RecordTally] = defaultdict(RecordTally)
        # by system and category
        self.tallies_by_origin: dict[tuple[str, str], RecordTally] = defaultdict(RecordTally)
        self.tallies_by_gateway: dict[str, RecordTally] = defaultdict(RecordTally)
        self._gateway_names: dict[str, str] = {}  # as first written, for each spelling
        self.left_by_erasure_count = 0
        self.first_own_rows: dict[str, list[dict[str, str]]] = {}  # as many as the letter lists
        self._label_fields: frozenset[str] = frozenset()
        self.tallies_by_system: dict[str, RecordTally] = defaultdict(RecordTally)
        self.last_days_by_category: dict[str, Counter[date]] = defaultdict(Counter)
        self.parcels_by_carrier: dict[str, CarrierParcels] = {}
        self._waybill_numbers: set[str] = set()
        self.countries: set[str] = set()
        self.consents: list[dict[str, str]] = []
        self.disclosures: list[dict[str, str]] = []
        self.scored_order_count = 0
        self.first_name = ""

    def count_finding(self, system: str, kind: str, body: Mapping[str, Any]) -> None:
        """Count one finding, masked already."""
        self._label_fields = frozenset()
        if is_unknown_at_carrier(body) or kind in REQUEST_TRACE_KINDS:
            return
        record_date = self._find_record_date(body)
        self.found_count += 1
        self.left_by_erasure_count += bool(body.get("left_by_erasure"))
        self.records_by_kind[kind] += 1
        self.tallies_by_system[system].add_record(system, record_date)
        for category in _find_extra_categories(kind, body):
            self._count_category(category, system, record_date)
        self.scored_order_count += kind == "order" and _is_risk_scored(body)
        if kind == "customer" and not self.first_name:
            self.first_name = str(body.get("firstName") or "")
        if kind == "order":
            self._label_fields = find_label_fields(body)
        if kind == "shipment":
            self._label_fields = find_consignee_fields(body)
            self._get_carrier(system, system).records[self._label_fields] += 1  # it holds what it showed us

    def count_table_row(self, system: str, table: str, row: Mapping[str, str]) -> None:
        """Count one row of a flat table."""
        self.rows_by_table[table] += 1
        if table in _OWN_TABLE_NAMES and self.rows_by_table[table] <= MAX_OWN_ROWS:
            self.first_own_rows.setdefault(table, []).append(dict(row))
        if row.get("not_found"):
            # a carrier that no longer knows the parcel still received it; the shop may know when
            self._count_parcel(row)
            return
        record_date = self._find_record_date(row)
        if (last_day := parse_local_date(row.get("kept_until"), self.zone)) is not None:
            self.last_days_by_category[FLAT_TABLES_BY_NAME[table].category][last_day] += 1
        self._count_category(FLAT_TABLES_BY_NAME[table].category, system, record_date)
        if table == "shipments" or (table == "order_index" and row.get("waybill")):
            self._count_parcel(row)
            if table == "shipments" and system != PLATFORM:
                self._count_carrier_parcel(system, system, row)
        elif table == "payments" and row.get("gateway"):
            key = normalize_carrier_name(row["gateway"])
            name = self._gateway_names.setdefault(key, row["gateway"].strip())
            self.tallies_by_gateway[name].add_record(system, record_date)
        elif table == "addresses":
            self.countries.add(row["country_code"].upper())
        elif table == "consents":
            self.consents.append(dict(row))
        elif table == _DISCLOSURES:
            self.disclosures.append(dict(row))

    @property
    def waybill_count(self) -> int:
        """Return the number of distinct waybills, from whichever system."""
        return len(self._waybill_numbers)

    def build_date_span(self) -> RecordTally:
        """Return the first and last day of all records."""
        span = RecordTally()
        for tally in self.tallies_by_system.values():
            span.include_date(tally.first_date)
            span.include_date(tally.last_date)
        return span

    def _count_parcel(self, row: Mapping[str, str]) -> None:
        carrier, holder = row["carrier_id"] or row["carrier"], row["account_holder"]
        if carrier or row["waybill"]:
            self._count_carrier_parcel(carrier, row["carrier"], row)
        if holder not in ("", MERCHANT_ACCOUNT):
            # an aggregator books the parcel in its own name, so it received the address too
            self._count_carrier_parcel(holder, holder, row)

    def _count_carrier_parcel(self, carrier_id: str, carrier_name: str, row: Mapping[str, str]) -> None:
        parcels = self._get_carrier(carrier_id, carrier_name)
        parcels.label_fields |= self._label_fields & LABEL_FIELDS
        for date_key in ("shipped_on", "last_on"):
            parcels.span.include_date(parse_local_date(row.get(date_key), self.zone))
        if row["waybill"]:
            number = "".join(row["waybill"].split()).upper()
            parcels.waybills.add(number)
            self._waybill_numbers.add(number)

    def _get_carrier(self, carrier_id: str, carrier_name: str) -> CarrierParcels:
        return self.parcels_by_carrier.setdefault(normalize_carrier_name(carrier_id), CarrierParcels(carrier_name))

    def _count_category(self, category: str, system: str, on_date: date | None) -> None:
        self.tallies_by_category[category].add_record(system, on_date)
        self.tallies_by_origin[system, category].add_record(system, on_date)

    def count_system_records(self, system: str) -> int:
        """Return how many records a system gave; one that says that it knows nothing is no record."""
        return self.tallies_by_system.get(system, RecordTally()).records

    def count_category_records(self, category: str) -> int:
        """Return how many records of the category are held; of shipments, how many parcels."""
        if category == SHIPMENT_CATEGORY:
            return self.waybill_count
        return self.tallies_by_category.get(category, RecordTally()).records

    def _find_record_date(self, body: Mapping[str, Any]) -> date | None:
        for name in _DATE_KEYS:
            if name in body and (day := parse_local_date(body[name], self.zone)):
                return day
        return None


def normalize_carrier_name(name: str) -> str:
    """Return a carrier's name in lower case without blanks and punctuation, so that spellings compare equal."""
    return _NON_ALPHANUMERIC_PATTERN.sub("", name).casefold()


def find_label_fields(order: Mapping[str, Any]) -> frozenset[str]:
    """Return what a parcel of this order is sent with, in the words of a processor's `fields`."""
    address = order.get("shippingAddress")
    label = address if isinstance(address, Mapping) else {}
    fields = {
        "name": any(label.get(key) for key in ("name", "firstName", "lastName")),
        "delivery_address": any(label.get(key) for key in ("address1", "address2", "city", "zip")),
        "phone": bool(label.get("phone")),
        "order_invoice_value": bool(get_nested_value(order, "totalPriceSet.shopMoney.amount")),
    }
    return frozenset(name for name, is_there in fields.items() if is_there)


def find_consignee_fields(body: Mapping[str, Any]) -> frozenset[str]:
    """Return what the record of a parcel holds of the data subject, in the words of a processor's `fields`."""
    consignee = body.get("consignee")
    person = consignee if isinstance(consignee, Mapping) else {}
    fields = {name: any(part.get(key) for part in (body, person) for key in keys) for name, keys in _FIELD_KEYS.items()}
    return frozenset(name for name, is_there in (fields | {"name": bool(person.get("name"))}).items() if is_there)


def _find_extra_categories(kind: str, body: Mapping[str, Any]) -> list[str]:
    """Return the categories without a table of their own that the record's fields belong to."""
    categories = []
    holds_contact = ("email", "phone", "defaultEmailAddress", "defaultPhoneNumber")
    if kind in _ORDER_KINDS | {"customer"} and any(body.get(name) for name in holds_contact):
        categories.append("contact")
    if kind in _ORDER_KINDS and (
        any(body.get(name) for name in ("note", "note2", "customAttributes"))
        or any(line.get("customAttributes") for line in iter_objects(body, "lineItems"))
    ):
        categories.append("order_free_text")
    if body.get("clientIp") or get_nested_value(body, "customerJourneySummary.firstVisit"):
        categories.append("usage_cookies")
    if _is_risk_scored(body) or body.get("statistics"):
        categories.append("cod_risk")
    metafields = iter_objects(body, "metafields") if kind == "customer" else ()
    if any(find_meaning(str(each.get("key") or "")) for each in metafields):
        categories.append("greetings")
    return categories


def _is_risk_scored(body: Mapping[str, Any]) -> bool:
    return bool(get_nested_value(body, "risk.recommendation") or get_nested_value(body, "risk.assessments"))
