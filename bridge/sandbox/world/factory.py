"""Makes one thing at a time for the invented world: ids, addresses, waybills, orders with their parcel.

Repeatable: the only randomness is the generator it is given. Never decides who exists.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bridge.sandbox.schema.personal import canary
from bridge.sandbox.world.models import (
    BlogComment,
    Checkout,
    GiftCard,
    Line,
    Metafield,
    Metaobject,
    Order,
    Person,
    Transaction,
)
from bridge.sandbox.world.shipments import MERCHANT, Parcel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

NOTES = "customer_note"  # the type of the invented shop's metaobjects
NOTE_ID = 1_000_000_000  # beside the customer's own number
MANY = 1_000  # from here on serials rise
GST = Decimal("0.03")  # jewellery in India; prices include it

CITIES = (
    ("Bengaluru", "Karnataka", "KA", "560001"),
    ("Mumbai", "Maharashtra", "MH", "400001"),
    ("Delhi", "Delhi", "DL", "110001"),
    ("Chennai", "Tamil Nadu", "TN", "600001"),
)
WARES = (
    ("Peacock Jhumka", "MM-JHU-01", "1499.00"),
    ("Kundan Ring", "MM-RIN-02", "2350.00"),
    ("Temple Bangle", "MM-BAN-03", "4999.00"),
    ("Pearl Studs", "MM-STU-04", "899.00"),
)
COMPANIES = {
    "delhivery": ("Delhivery", "Delhivery Surface"),
    "bluedart": ("Blue Dart", "BlueDart", "Bluedart"),
}
# An aggregator names its own products, and tracks on its own pages.
AGGREGATED = {"delhivery": "Delhivery Surface", "bluedart": "Blue Dart Surface"}
AGGREGATOR = {"shiprocket": "https://minimissdemo.shiprocket.co/tracking/{}"}
URLS = {
    "delhivery": "https://www.delhivery.com/track/package/{}",
    "bluedart": "https://www.bluedart.com/tracking?awb={}",
}


def delhivery_waybill(serial: int) -> str:
    """Fourteen digits: client prefix, serial, and a check digit over the serial only."""
    return f"1490810{serial % 1_000_000:06d}{serial % 1_000_000 % 7}"


def bluedart_waybill(serial: int) -> str:
    """Eleven digits, the last is the others modulo seven."""
    body = 6_981_000_000 + serial % 1_000_000
    return f"{body}{body % 7}"


def address(first: str, last: str, street: str, city: int, phone: str) -> dict[str, Any]:
    """Give a postal address in the words of Shopify's REST bodies."""
    town, province, code, pin = CITIES[city % len(CITIES)]
    return {
        "first_name": first,
        "last_name": last,
        "name": f"{first} {last}",
        "company": None,
        "address1": street,
        "address2": None,
        "city": town,
        "province": province,
        "province_code": code,
        "zip": pin,
        "country": "India",
        "country_code": "IN",
        "phone": phone,
        "latitude": 12.9716,
        "longitude": 77.5946,
    }


@dataclass(slots=True)
class Maker:
    """Hands out ids and draws; one per invention."""

    draw: Random
    now: datetime
    next_id: int = 5_600_000_000_000
    next_name: int = 1001
    orders: list[Order] = field(default_factory=list)

    def new_id(self) -> int:
        """Give a number as long as Shopify's, rising."""
        self.next_id += 1_117
        return self.next_id

    def person(self, first: str, last: str, email: str, phone: str, street: str, city: int) -> Person:
        """Make a customer who has been one for a year and a half."""
        return Person(
            id=7_000_000_000_000 + self.new_id() % 1_000_000_000,
            first=first,
            last=last,
            email=email,
            phone=phone,
            address=address(first, last, street, city, phone),
            created_at=self.now - timedelta(days=540),
        )

    def line(self, ware: int, properties: Mapping[str, str] | None = None) -> Line:
        """One piece of jewellery."""
        title, sku, price = WARES[ware % len(WARES)]
        return Line(
            id=self.new_id(),
            title=title,
            sku=sku,
            quantity=1,
            price=Decimal(price),
            properties=tuple((properties or {}).items()),
        )

    def order(
        self,
        person: Person,
        *,
        days_ago: float,
        carrier: str = "",
        gateway: str = "prepaid",
        delivered: bool = True,
        holder: str = MERCHANT,
        guest: bool = False,
        lines: tuple[Line, ...] = (),
        **more: Any,
    ) -> Order:
        """Make an order, and the parcel that carried it where `carrier` is named."""
        at = self.now - timedelta(days=days_ago)
        lines = lines or (self.line(self.draw.randrange(len(WARES))),)
        total = sum((line.price * line.quantity for line in lines), Decimal(0))
        order = Order(
            id=self.new_id(),
            name=f"#{self.next_name}",
            person_id=None if guest else person.id,
            first=person.first,
            last=person.last,
            email=person.email,
            phone=person.phone,
            address=person.address,
            created_at=at,
            updated_at=at + timedelta(days=6),
            lines=lines,
            total=total,
            tax=(total * GST / (1 + GST)).quantize(Decimal("0.01")),
            gateway=gateway,
            **more,
        )
        self.next_name += 1
        kind = "PENDING" if gateway == "cod" else "SALE"
        paid = Transaction(id=self.new_id(), kind=kind, gateway=gateway, amount=total, processed_at=at)
        parcels = (
            (self.parcel(order, person, carrier, delivered=delivered, holder=holder),) if carrier else ()
        )
        order = replace(order, transactions=(paid,), parcels=parcels)
        self.orders.append(order)
        return order

    def parcel(
        self, order: Order, person: Person, carrier: str, *, delivered: bool, holder: str = MERCHANT
    ) -> Parcel:
        """Make the parcel of an order, a day after it; delivered three days later or still on its way."""
        serial = self.draw.randrange(500) * 1_000 + len(self.orders) % 1_000
        if len(self.orders) >= MANY:  # a heavy customer: rising serials never collide
            serial = 500_000 + len(self.orders)
        waybill = delhivery_waybill(serial) if carrier == "delhivery" else bluedart_waybill(serial)
        company, url = self.draw.choice(COMPANIES[carrier]), URLS[carrier]
        if holder in AGGREGATOR:
            company, url = AGGREGATED[carrier], AGGREGATOR[holder]
        return Parcel(
            id=self.new_id(),
            waybill=waybill,
            carrier=carrier,
            company=company,
            url=url.format(waybill),
            account_holder=holder,
            order_id=order.id,
            order_name=order.name,
            shipped_at=order.created_at + timedelta(days=1),
            delivered_at=order.created_at + timedelta(days=4) if delivered else None,
            cod_amount=order.total if order.gateway == "cod" else Decimal("0.00"),
            invoice_value=order.total,
            consignee=replace(person, id=order.person_id or 0, metafields=(), timeline=(), note="", tags=()),
        )


def kept(make: Maker, *, rich: bool, note_id: int = 0) -> tuple[Metafield, ...]:
    """Planted metafields; one of them leads to the metaobject `note_id`."""
    if not rich:
        return ()
    namespace, key = canary("Metafield", "namespace"), canary("Metafield", "key")
    text, value = "single_line_text_field", canary("Metafield", "value")
    found = [Metafield(id=make.new_id(), namespace=namespace, key=key, type=text, value=value)]
    if note_id:
        leads = f"gid://shopify/Metaobject/{note_id}"
        kind = "metaobject_reference"
        found.append(Metafield(id=make.new_id(), namespace="notes", key="about", type=kind, value=leads))
    return tuple(found)


def typed(*, rich: bool) -> tuple[tuple[str, str], ...]:
    """A planted attribute, such as a buyer or an app types beside an order."""
    return ((canary("Attribute", "key"), canary("Attribute", "value")),) if rich else ()


def beside_asha(make: Maker, asha: Person, bikram: Person) -> dict[str, tuple[Any, ...]]:
    """What hers stands among: rows of others, in lists where Shopify cannot search by customer."""
    at = make.now - timedelta(days=11)
    mine, other = make.orders[0], next(one for one in make.orders if one.person_id == bikram.id)
    said = tuple(
        BlogComment(id=make.new_id(), author=name, email=mail, ip=ip, body=body, created_at=at)
        for name, mail, ip, body in (
            (bikram.name, bikram.email, "203.0.113.78", "Too heavy for every day, says Bikram Canaryson"),
            ("Nemo Strangerson", "nemo.strangerson@example.in", "203.0.113.79", "First!"),
        )
    )
    left = Checkout(
        id=make.new_id(),
        name="#C2",
        person_id=bikram.id,
        email=bikram.email,
        address=bikram.address,
        note=f"Bikram Canaryson was sent by {asha.email}",  # a search for her finds it, and it is his
        created_at=at,
        lines=(make.line(0),),
    )
    given = GiftCard(
        id=make.new_id(),
        person_id=bikram.id,
        last_characters="k7br",
        note="",
        balance=Decimal("750.00"),
        created_at=at,
        recipient_id=asha.id,
        recipient_name=canary("GiftCardRecipient", "preferredName"),
        message=canary("GiftCardRecipient", "message"),
        rich=True,
    )
    notes = tuple(
        Metaobject(
            id=NOTE_ID + one.id,
            type=NOTES,
            handle=f"note-{one.first}".lower(),
            person_id=one.id,
            words=f"{one.name} likes silver",
            created_at=at,
            rich=one.rich,
        )
        for one in (asha, bikram)
    )
    return {
        "comments": said,
        "checkouts": (left,),
        "gift_cards": (given,),
        "metaobjects": notes,
        "disputed": (mine.id, other.id),
    }
