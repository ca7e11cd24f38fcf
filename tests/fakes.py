"""Fakes of the ports with memory: a queue that records its jobs, a connector that returns prepared pages.

Real objects, not mocks: `tests/test_fakes.py` holds their signatures to those of `bridge/ports`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bridge.errors import BridgeError, ConnectorUnavailable
from bridge.model import (
    Balance,
    CheckResult,
    ConsentReading,
    CorrectableOrder,
    CorrectableRecord,
    CustomerConsents,
    ErasureState,
    Finding,
    FindingPage,
    Gap,
    Letter,
    Outcome,
    ParcelStatus,
    PlatformCustomer,
    Principal,
    Residue,
    Sale,
    ShopIdentity,
    SignedTimestamp,
    TrackingResult,
    Waybill,
)
from bridge.ports import PointsReport
from bridge.rules.requests.same_person import list_contacts

if TYPE_CHECKING:
    from collections.abc import Callable


class FakeQueue:
    """Records every job in order. `is_down`: it takes none, like a Redis that cannot be reached."""

    def __init__(self, *, waiting: int | None = 0) -> None:
        self.jobs: list[tuple[str, str, bool]] = []
        self.waiting = waiting
        self.is_down = False

    def enqueue(self, job: str, row_id: str, *, at_front: bool = False) -> bool:
        return self.enqueue_all([(job, row_id, at_front)])

    def enqueue_all(self, jobs: Sequence[tuple[str, str, bool]]) -> bool:
        if not self.is_down:
            self.jobs.extend(jobs)
        return not self.is_down

    def depth(self) -> int | None:
        return self.waiting


class FakeCallLimits:
    """What workers know of systems: `waits` are the answers to who takes points, `silences` those about a system."""

    def __init__(self) -> None:
        self.waits: list[float | None] = []
        self.silences: dict[str, tuple[float, float]] = {}
        self.taken: list[tuple[str, float, bool]] = []
        self.reports: list[tuple[str, float, PointsReport]] = []
        self.answered: list[str] = []

    def take_points(self, shop: str, price: float, *, has_begun: bool) -> float | None:
        self.taken.append((shop, price, has_begun))
        return self.waits.pop(0) if self.waits else 0.0

    def report_points(self, shop: str, taken: float, report: PointsReport) -> None:
        self.reports.append((shop, taken, report))

    def find_silence(self, system: str) -> tuple[float, float] | None:
        return self.silences.get(system)

    def report_silence(self, system: str) -> None:
        self.silences[system] = (60.0, 0.0)

    def report_answer(self, system: str) -> None:
        self.answered.append(system)


class FakeCarrier:
    """A carrier that knows parcels by number. Records what it was asked.

    Each call raises the first of `faults`, before it returns anything, until none is left.
    """

    def __init__(self, system: str, *, knows: Sequence[str] = ()) -> None:
        self.system = system
        self.knows = set(knows)
        self.faults: list[BridgeError] = []
        self.asked: list[tuple[Principal, tuple[str, ...], str]] = []

    def run_checks(self, shop: str) -> Sequence[CheckResult]:
        return [CheckResult(name=f"{self.system} for {shop}", ok=True, detail="a stand-in")]

    def gather(
        self, principal: Principal, *, shop: str, parcels: Sequence[Waybill], cursor: str = ""
    ) -> Iterator[FindingPage]:
        self.asked.append((principal, tuple(parcel.number for parcel in parcels), cursor))
        if self.faults:
            raise self.faults.pop(0)
        for parcel in parcels:
            found = Finding(kind="shipment", ref=parcel.number, matched_by="waybill", body={"AWB": parcel.number})
            yield FindingPage(findings=(found,) if parcel.number in self.knows else (), cursor=parcel.number)


class FakeTracker(FakeCarrier):
    """A carrier that also tracks parcels. `parcels` maps numbers to tracking results.

    Records each batch it was asked for, and whether consignees were asked for too.
    """

    def __init__(self, system: str, *, batch: int = 50) -> None:
        super().__init__(system)
        self.configured = True
        self.batch = batch
        self.parcels: dict[str, TrackingResult] = {}
        self.tracked: list[tuple[tuple[str, ...], bool]] = []

    def track_parcels(
        self, numbers: Sequence[str], *, include_consignees: bool = False
    ) -> Iterator[Sequence[TrackingResult]]:
        for first in range(0, len(numbers), self.batch):
            part = numbers[first : first + self.batch]
            self.tracked.append((tuple(part), include_consignees))
            if self.faults:
                raise self.faults.pop(0)
            unknown = (TrackingResult(number=number, status=ParcelStatus.NOT_FOUND) for number in part)
            known = [self.parcels.get(one.number, one) for one in unknown]
            yield [one if include_consignees else replace(one, consignee=None) for one in known]


class FakeEraser(FakeCarrier):
    """A system that erases at once what it `knows`."""

    def __init__(self, system: str, *, knows: Sequence[str] = ()) -> None:
        super().__init__(system, knows=knows)
        self.configured = True
        self.erased: list[str] = []

    def erase_waybills(self, numbers: Sequence[str]) -> Iterator[tuple[str, Outcome]]:
        for number in numbers:
            if self.faults:
                raise self.faults.pop(0)
            self.erased.append(number)
            yield number, Outcome.ERASED if number in self.knows else Outcome.ABSENT
            self.knows.discard(number)


class FakePlatform:
    """A platform that returns prepared pages; `cursor` is the number of the last page that was stored.

    `dies_before` maps a page's number to the fault that is raised once instead of it, and `meanwhile` is
    called before each page is returned: what happens while the platform works. `marks_last_page` as a connector may or may not.
    """

    system = "shopify"
    marks_last_page = True

    def __init__(self, *pages: FindingPage) -> None:
        self.pages = list(pages)
        self.dies_before: dict[int, Exception] = {}
        self.meanwhile: Callable[[], None] | None = None
        self.given: list[int] = []
        self.installed: set[str] = set()  # shops whose token it accepts
        self.installed_asked: list[str] = []
        self.installed_faults: list[BridgeError] = []  # each call raises the first, before it returns anything
        self.asked: list[tuple[Principal, str]] = []
        self.erasures: list[ErasureState | BridgeError] = []
        self.erasure_asked: list[Principal] = []
        self.customers: dict[str, str] = {}  # e-mail or phone to id
        self.records: dict[str, PlatformCustomer] = {}  # id to name and contacts; blank for any other
        self.customer_faults: list[BridgeError] = []  # each search raises the first, before it returns anything
        self.owes: list[Balance] = []
        self.balance_faults: list[BridgeError] = []  # each call raises the first, before it returns anything
        self.consents = ConsentReading()
        self.consent_faults: list[BridgeError] = []  # each call raises the first, before it returns anything
        self.consents_asked: list[Principal] = []
        self.customer_consents: list[CustomerConsents] = []  # of whoever is asked for
        self.unchangeable: set[str] = set()  # channels on which it changes nothing
        self.taken_back: list[tuple[str, frozenset[str]]] = []
        self.stop_faults: list[BridgeError] = []  # each call that takes back raises the first, before it does
        self.requested: list[str] = []
        self.answers: list[ErasureState | BridgeError] = []
        self.sent: list[Mapping[str, Any]] = []  # orders with their parcels
        self.located: list[Principal] = []
        self.locate_faults: list[BridgeError] = []
        self.left_by_others: list[Residue] = []
        self.sticks: list[str] = []  # what cannot be removed, by its name
        self.residue_faults: list[BridgeError] = []  # each call raises the first, before it returns anything
        self.residue_asked: list[Principal] = []
        self.removed: list[Residue] = []
        self.sold: dict[str, Sequence[Sale] | BridgeError] = {}  # by order id; any other was never invoiced
        self.forgets: set[str] = set()  # orders that it does not know
        self.sales_asked: list[list[str]] = []

    def list_sales(self, order_ids: Sequence[str], *, shop: str) -> Iterator[tuple[str, Sequence[Sale]]]:
        self.sales_asked.append(list(order_ids))
        for order_id in order_ids:
            sold = self.sold.get(order_id, ())
            if isinstance(sold, BridgeError):
                raise sold
            if order_id not in self.forgets:
                yield order_id, sold

    def run_checks(self, shop: str) -> Sequence[CheckResult]:
        return [CheckResult(name=f"{self.system} for {shop}", ok=True, detail="a stand-in")]

    def gather(
        self, principal: Principal, *, shop: str, parcels: Sequence[Waybill], cursor: str = ""
    ) -> Iterator[FindingPage]:
        self.asked.append((principal, cursor))
        for number in range(int(cursor or 0) + 1, len(self.pages) + 1):
            if self.meanwhile is not None:
                self.meanwhile()
            if number in self.dies_before:
                raise self.dies_before.pop(number)
            self.given.append(number)
            page = self.pages[number - 1]
            yield replace(page, cursor=str(number), is_last=self.marks_last_page and number == len(self.pages))

    def is_app_installed(self, shop: str) -> bool:
        self.installed_asked.append(shop)
        if self.installed_faults:
            raise self.installed_faults.pop(0)
        return shop in self.installed

    def list_customer_consents(
        self, principal: Principal, channels: Collection[str], *, shop: str
    ) -> Sequence[CustomerConsents]:
        if self.consent_faults:
            raise self.consent_faults.pop(0)
        return [
            replace(one, events=tuple(event for event in one.events if event.channel in channels))
            for one in self.customer_consents
        ]

    def take_back_consents(self, customer_id: str, channels: Collection[str], *, shop: str) -> set[str]:
        if self.stop_faults:
            raise self.stop_faults.pop(0)
        self.taken_back.append((customer_id, frozenset(channels)))
        return self.unchangeable & set(channels)

    def find_customer(self, principal: Principal, *, shop: str) -> str:
        found = (number for email, number in self.customers.items() if email in principal.email)
        return principal.customer_id or next(found, "")

    def list_customers(self, principal: Principal, *, shop: str) -> Sequence[PlatformCustomer]:
        if self.customer_faults:
            raise self.customer_faults.pop(0)
        found: dict[str, list[tuple[str, str]]] = {one: [] for one in principal.customer_ids if one in self.records}
        for contact in list_contacts(principal):
            if number := self.customers.get(contact[1]):
                found.setdefault(number, []).append(contact)
        return [
            replace(self.records.get(number, PlatformCustomer(id=number)), found_by=tuple(contacts))
            for number, contacts in found.items()
        ]

    def read_consents(self, principal: Principal, *, shop: str) -> ConsentReading:
        self.consents_asked.append(principal)
        if self.consent_faults:
            raise self.consent_faults.pop(0)
        return self.consents

    def list_shipped_orders(self, principal: Principal, *, shop: str) -> Iterator[Mapping[str, Any]]:
        self.located.append(principal)
        if self.locate_faults:
            raise self.locate_faults.pop(0)
        yield from self.sent

    def balances(self, customer_id: str, *, shop: str) -> Sequence[Balance]:
        if self.balance_faults:
            raise self.balance_faults.pop(0)
        return list(self.owes)

    def request_erasure(self, customer_id: str, *, shop: str) -> ErasureState:
        self.requested.append(customer_id)
        answer = self.answers.pop(0) if self.answers else ErasureState(outcome=Outcome.UNCONFIRMED, reason="asked")
        if isinstance(answer, BridgeError):
            raise answer
        return answer

    def cancel_erasure(self, customer_id: str, *, shop: str) -> ErasureState:
        self.requested.remove(customer_id)
        return ErasureState(outcome=Outcome.RETAINED, reason="cancelled")

    def read_erasure_state(self, principal: Principal, *, shop: str) -> ErasureState:
        self.erasure_asked.append(principal)
        if not self.erasures:
            return ErasureState(outcome=Outcome.UNCONFIRMED, reason="readable")
        answer = self.erasures.pop(0)
        if isinstance(answer, BridgeError):
            raise answer
        return answer

    def list_platform_residue(self, principal: Principal, *, shop: str) -> Sequence[Residue]:
        self.residue_asked.append(principal)
        if self.residue_faults:
            raise self.residue_faults.pop(0)
        return list(self.left_by_others)

    def list_customer_residue(self, customer_id: str, *, shop: str) -> Sequence[Residue]:
        if self.residue_faults:
            raise self.residue_faults.pop(0)
        return [item for item in self.left_by_others if item.ref == customer_id]

    def remove_platform_residue(self, items: Sequence[Residue], *, shop: str) -> Sequence[Residue]:
        gone = [item for item in items if item.what not in self.sticks and not item.hold_reason]
        self.removed += gone
        self.left_by_others = [item for item in self.left_by_others if item not in gone]
        return [item for item in items if item not in gone]


class FakeChangingPlatform(FakePlatform):
    """A platform whose customers can be corrected: `values` by customer id, `orders` on their way, `refuses` codes by field.

    `dies_after_write` is raised once after a customer was written.
    """

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, dict[str, str]] = {}
        self.orders: list[CorrectableOrder] = []
        self.refuses: dict[str, str] = {}
        self.change_faults: list[BridgeError] = []  # each call raises the first, before it does anything
        self.dies_after_write: BaseException | None = None
        self.written: list[dict[str, str]] = []

    def read_correctable_record(self, customer_id: str, *, shop: str) -> CorrectableRecord | None:
        if self.change_faults:
            raise self.change_faults.pop(0)
        values = self.values.get(customer_id)
        return CorrectableRecord(values=dict(values), orders=tuple(self.orders)) if values is not None else None

    def correct_customer(
        self, customer_id: str, record: CorrectableRecord, values: Mapping[str, str], *, shop: str
    ) -> Mapping[str, str]:
        accepted = {field: value for field, value in values.items() if field not in self.refuses}
        self.written.append(accepted)
        self.values[customer_id] |= accepted
        if self.dies_after_write is not None:
            death, self.dies_after_write = self.dies_after_write, None
            raise death
        return {field: code for field, code in self.refuses.items() if field in values}

    def correct_order(self, order: CorrectableOrder, values: Mapping[str, str], *, shop: str) -> str:
        changed = replace(order, values={**order.values, **values})
        self.orders = [changed if one.id == order.id else one for one in self.orders]
        return ""


class FakeNamingPlatform(FakePlatform):
    """A platform that knows shops by number: `shops` maps domains to their identity, all others cannot be asked."""

    def __init__(self) -> None:
        super().__init__()
        self.shops: dict[str, ShopIdentity] = {}
        self.named: list[str] = []

    def read_shop_identity(self, domain: str) -> ShopIdentity:
        self.named.append(domain)
        if domain not in self.shops:
            raise ConnectorUnavailable("no answer")
        return self.shops[domain]


class FakeMailer:
    """Records the letters that it sends. Each call raises the first of `faults`, until none is left."""

    def __init__(self) -> None:
        self.configured = True
        self.letters: list[Letter] = []
        self.faults: list[BridgeError] = []

    def send_letter(self, letter: Letter) -> None:
        if self.faults:
            raise self.faults.pop(0)
        self.letters.append(letter)

    def check_server(self) -> None:
        if self.faults:
            raise self.faults.pop(0)


class FakeAlertReceiver:
    """Records what it is posted, as it arrives. Each call raises the first of `faults`, until none is left."""

    def __init__(self) -> None:
        self.bodies: list[Any] = []
        self.faults: list[BridgeError] = []

    def post_alert(self, body: Mapping[str, Any]) -> None:
        if self.faults:
            raise self.faults.pop(0)
        self.bodies.append(json.loads(json.dumps(body)))


class FakeTimestampAuthority:
    """Stamps each content at one moment. `faults` are raised first; `meanwhile` is called before the answer."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
        self.asked: list[bytes] = []
        self.faults: list[BridgeError] = []
        self.meanwhile: Callable[[], object] | None = None

    def request_timestamp(self, content: bytes) -> SignedTimestamp:
        self.asked.append(content)
        if self.meanwhile is not None:
            self.meanwhile()
        if self.faults:
            raise self.faults.pop(0)
        return SignedTimestamp(token=b"token of " + content, at=self.at, verified=False)


def page(*findings: Finding, gaps: tuple[Gap, ...] = ()) -> FindingPage:
    """Make a page of findings."""
    return FindingPage(findings=findings, cursor="", gaps=gaps)
