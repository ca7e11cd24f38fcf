"""What the records amount to: counts, systems, first and last days, carriers, countries, consents.

Fed while the record files are written, asked for the letter and the summaries afterwards. Keeps numbers and
waybills, never a record.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bridge.model import MERCHANT
from bridge.steps.access.package.records.parcels import unknown_there
from bridge.steps.access.package.records.tables import BY_NAME
from bridge.steps.access.package.text import day, items, pick

if TYPE_CHECKING:
    from datetime import date, tzinfo

# names of carriers as shops write them: `Blue Dart`, `BlueDart Express`, `DELHIVERY SURFACE`
_NOT_LETTERS = re.compile(r"[\W_]")
_DATES = ("createdAt", "processedAt", "created_at", "at", "status_at", "processed_at")
_AT_CARRIER_TOO_MUCH = ("email", "line_items", "items", "products", "products_desc")
_ORDERS = frozenset({"order", "draft_order"})


@dataclass(slots=True)
class Tally:
    """Records of one kind: how many, from which systems, from which day to which."""

    records: int = 0
    systems: set[str] = field(default_factory=set)
    first: date | None = None
    last: date | None = None

    def add(self, system: str, when: date | None) -> None:
        """One more."""
        self.records += 1
        self.systems.add(system)
        self.saw(when)

    def saw(self, when: date | None) -> None:
        """Widen the span to this day."""
        if when is not None:
            self.first = min(self.first or when, when)
            self.last = max(self.last or when, when)


@dataclass(slots=True)
class Parcels:
    """What one carrier got of the person: how many waybills, when, and its name as the shop wrote it."""

    name: str
    waybills: set[str] = field(default_factory=set)
    span: Tally = field(default_factory=Tally)


class Survey:
    """The running account of one package."""

    def __init__(self, zone: tzinfo) -> None:
        """Begin with nothing counted. Days are those of `zone`."""
        self.zone = zone
        self.findings = 0
        self.found = 0
        self.kinds: Counter[str] = Counter()
        self.tables: Counter[str] = Counter()
        self.masks: Counter[str] = Counter()
        self.categories: dict[str, Tally] = {}
        self.systems: dict[str, Tally] = {}
        self.carriers: dict[str, Parcels] = {}
        self._waybills: set[str] = set()
        self.countries: set[str] = set()
        self.consents: list[dict[str, str]] = []
        self.scored_orders = 0
        self.first_name = ""
        self.beyond_policy: Counter[str] = Counter()

    def record(self, system: str, kind: str, body: Mapping[str, Any]) -> None:
        """Take one finding into account."""
        self.findings += 1
        if unknown_there(body):
            return
        when = self._when(body)
        self.found += 1
        self.kinds[kind] += 1
        self.systems.setdefault(system, Tally()).add(system, when)
        for category in _categories_of(kind, body):
            self._tally(category).add(system, when)
        if kind == "order" and (pick(body, "risk.recommendation") or pick(body, "risk.assessments")):
            self.scored_orders += 1
        if kind == "customer" and not self.first_name:
            self.first_name = str(body.get("firstName") or "")
        if kind == "shipment":
            consignee = body.get("consignee")
            parts = [body, consignee] if isinstance(consignee, Mapping) else [body]
            if any(part.get(key) for part in parts for key in _AT_CARRIER_TOO_MUCH):
                self.beyond_policy[carrier_key(str(body.get("carrier") or system))] += 1

    def row(self, system: str, table: str, row: Mapping[str, str]) -> None:
        """Take one line of a flat table into account."""
        self.tables[table] += 1
        if row.get("not_found"):
            # that the carrier forgot the parcel does not undo that it had it: since when, the shop may know
            self._parcel(row)
            return
        when = next(filter(None, (day(row.get(name), self.zone) for name in _DATES)), None)
        self._tally(BY_NAME[table].category).add(system, when)
        if table == "shipments":
            self._parcel(row)
        elif table == "addresses":
            self.countries.add(row["country_code"].upper())
        elif table == "consents":
            self.consents.append(dict(row))

    @property
    def waybills(self) -> int:
        """Parcels told apart by number, whoever told of them."""
        return len(self._waybills)

    def span(self) -> Tally:
        """From the first to the last day of anything found."""
        whole = Tally()
        for tally in self.systems.values():
            whole.saw(tally.first)
            whole.saw(tally.last)
        return whole

    def _parcel(self, row: Mapping[str, str]) -> None:
        carrier, holder = row["carrier_id"] or row["carrier"], row["account_holder"]
        if carrier or row["waybill"]:
            self._given_to(carrier, row["carrier"], row)
        if holder not in ("", MERCHANT):
            # an aggregator books the parcel in its own name, so it got the address as well
            self._given_to(holder, holder, row)

    def _given_to(self, key: str, name: str, row: Mapping[str, str]) -> None:
        parcels = self.carriers.setdefault(carrier_key(key), Parcels(name))
        for edge in ("shipped_on", "last_on"):
            parcels.span.saw(day(row.get(edge), self.zone))
        if row["waybill"]:
            number = "".join(row["waybill"].split()).upper()
            parcels.waybills.add(number)
            self._waybills.add(number)

    def _tally(self, category: str) -> Tally:
        return self.categories.setdefault(category, Tally())

    def _when(self, body: Mapping[str, Any]) -> date | None:
        return next(filter(None, (day(body.get(name), self.zone) for name in _DATES)), None)


def carrier_key(name: str) -> str:
    """Strip a carrier's name of blanks, case and signs: two spellings may be one."""
    return _NOT_LETTERS.sub("", name).casefold()


def _categories_of(kind: str, body: Mapping[str, Any]) -> list[str]:
    """Categories that have no table of their own, by the fields that show them."""
    found = []
    holds_contact = ("email", "phone", "defaultEmailAddress", "defaultPhoneNumber")
    if kind in _ORDERS | {"customer"} and any(body.get(name) for name in holds_contact):
        found.append("contact")
    if kind in _ORDERS and (
        any(body.get(name) for name in ("note", "note2", "customAttributes"))
        or any(line.get("customAttributes") for line in items(body, "lineItems"))
    ):
        found.append("order_free_text")
    if body.get("clientIp") or pick(body, "customerJourneySummary.firstVisit"):
        found.append("usage_cookies")
    if pick(body, "risk.recommendation") or pick(body, "risk.assessments") or body.get("statistics"):
        found.append("cod_risk")
    return found
