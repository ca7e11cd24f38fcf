"""Make single objects of the invented world: ids, addresses, waybills, orders with their parcel.

It is repeatable: the only randomness is the given generator. It does not decide who exists.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bridge.sandbox.schema.personal import get_canary
from bridge.sandbox.world.models import (
    BlogComment,
    Checkout,
    GiftCard,
    LineItem,
    Metafield,
    Metaobject,
    Order,
    Person,
    Transaction,
)
from bridge.sandbox.world.shipments import MERCHANT_ACCOUNT, Parcel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

NOTE_TYPE = "customer_note"  # the type of the invented shop's metaobjects
NOTE_ID_BASE = 1_000_000_000  # added to the customer's own number
MANY_ORDERS = 1_000  # first serial number
GST_RATE = Decimal("0.03")  # jewellery in India; prices include it

CITIES = (
    ("Bengaluru", "Karnataka", "KA", "560001"),
    ("Mumbai", "Maharashtra", "MH", "400001"),
    ("Delhi", "Delhi", "DL", "110001"),
    ("Chennai", "Tamil Nadu", "TN", "600001"),
)
PRODUCTS = (
    ("Peacock Jhumka", "MM-JHU-01", "1499.00"),
    ("Kundan Ring", "MM-RIN-02", "2350.00"),
    ("Temple Bangle", "MM-BAN-03", "4999.00"),
    ("Pearl Studs", "MM-STU-04", "899.00"),
)
COMPANY_NAMES = {"delhivery": ("Delhivery", "Delhivery Surface"), "bluedart": ("Blue Dart", "BlueDart", "Bluedart")}
# An aggregator names its own products, and tracks on its own pages.
AGGREGATOR_PRODUCT_NAMES = {"delhivery": "Delhivery Surface", "bluedart": "Blue Dart Surface"}
AGGREGATOR_TRACKING_URLS = {"shiprocket": "https://minimissdemo.shiprocket.co/tracking/{}"}
CARRIER_TRACKING_URLS = {
    "delhivery": "https://www.delhivery.com/track/package/{}",
    "bluedart": "https://www.bluedart.com/tracking?awb={}",
}


def make_delhivery_waybill(serial: int) -> str:
    """Return fourteen digits: client prefix, serial, and a check digit over the serial only."""
    return f"1490810{serial % 1_000_000:06d}{serial % 1_000_000 % 7}"


def make_bluedart_waybill(serial: int) -> str:
    """Return eleven digits, the last of which is the others modulo seven."""
    body = 6_981_000_000 + serial % 1_000_000
    return f"{body}{body % 7}"


def make_address(first: str, last: str, street: str, city: int, phone: str) -> dict[str, Any]:
    """Return a postal address in the notation of Shopify's REST bodies."""
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
class WorldFactory:
    """A source of ids and random choices, one per world."""

    rng: Random
    now: datetime
    next_id: int = 5_600_000_000_000
    next_name: int = 1001
    orders: list[Order] = field(default_factory=list)

    def allocate_id(self) -> int:
        """Return a rising number as long as Shopify's."""
        self.next_id += 1_117
        return self.next_id

    def make_person(self, first: str, last: str, email: str, phone: str, street: str, city: int) -> Person:
        """Return a customer since a year and a half."""
        return Person(
            id=7_000_000_000_000 + self.allocate_id() % 1_000_000_000,
            first=first,
            last=last,
            email=email,
            phone=phone,
            address=make_address(first, last, street, city, phone),
            created_at=self.now - timedelta(days=540),
        )

    def make_line_item(self, product_index: int, properties: Mapping[str, str] | None = None) -> LineItem:
        """Return one piece of jewellery."""
        title, sku, price = PRODUCTS[product_index % len(PRODUCTS)]
        return LineItem(
            id=self.allocate_id(),
            title=title,
            sku=sku,
            quantity=1,
            price=Decimal(price),
            properties=tuple((properties or {}).items()),
        )

    def make_order(
        self,
        person: Person,
        *,
        days_ago: float,
        carrier: str = "",
        gateway: str = "prepaid",
        delivered: bool = True,
        account_holder: str = MERCHANT_ACCOUNT,
        guest: bool = False,
        lines: tuple[LineItem, ...] = (),
        **fields: Any,
    ) -> Order:
        """Return an order, with its parcel if `carrier` is named."""
        at = self.now - timedelta(days=days_ago)
        lines = lines or (self.make_line_item(self.rng.randrange(len(PRODUCTS))),)
        total = sum((line.price * line.quantity for line in lines), Decimal(0))
        order = Order(
            id=self.allocate_id(),
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
            tax=(total * GST_RATE / (1 + GST_RATE)).quantize(Decimal("0.01")),
            gateway=gateway,
            **fields,
        )
        self.next_name += 1
        kind = "PENDING" if gateway == "cod" else "SALE"
        paid = Transaction(id=self.allocate_id(), kind=kind, gateway=gateway, amount=total, processed_at=at)
        parcels = (
            (self.make_parcel(order, person, carrier, delivered=delivered, account_holder=account_holder),)
            if carrier
            else ()
        )
        order = replace(order, transactions=(paid,), parcels=parcels)
        self.orders.append(order)
        return order

    def make_parcel(
        self, order: Order, person: Person, carrier: str, *, delivered: bool, account_holder: str = MERCHANT_ACCOUNT
    ) -> Parcel:
        """Return the parcel of an order, sent a day after it; delivered three days later or still on its way."""
        serial = self.rng.randrange(500) * 1_000 + len(self.orders) % 1_000
        if len(self.orders) >= MANY_ORDERS:  # a heavy customer: rising serials never collide
            serial = 500_000 + len(self.orders)
        waybill = make_delhivery_waybill(serial) if carrier == "delhivery" else make_bluedart_waybill(serial)
        company, url = self.rng.choice(COMPANY_NAMES[carrier]), CARRIER_TRACKING_URLS[carrier]
        if account_holder in AGGREGATOR_TRACKING_URLS:
            company, url = AGGREGATOR_PRODUCT_NAMES[carrier], AGGREGATOR_TRACKING_URLS[account_holder]
        return Parcel(
            id=self.allocate_id(),
            waybill=waybill,
            carrier=carrier,
            company=company,
            url=url.format(waybill),
            account_holder=account_holder,
            order_id=order.id,
            order_name=order.name,
            shipped_at=order.created_at + timedelta(days=1),
            delivered_at=order.created_at + timedelta(days=4) if delivered else None,
            cod_amount=order.total if order.gateway == "cod" else Decimal("0.00"),
            invoice_value=order.total,
            consignee=replace(person, id=order.person_id or 0, metafields=(), timeline=(), note="", tags=()),
        )


def make_canary_metafields(factory: WorldFactory, *, rich: bool, note_id: int = 0) -> tuple[Metafield, ...]:
    """Return seeded metafields; one of them refers to the metaobject `note_id`."""
    if not rich:
        return ()
    namespace, key = get_canary("Metafield", "namespace"), get_canary("Metafield", "key")
    text, value = "single_line_text_field", get_canary("Metafield", "value")
    found = [Metafield(id=factory.allocate_id(), namespace=namespace, key=key, type=text, value=value)]
    if note_id:
        metaobject_gid = f"gid://shopify/Metaobject/{note_id}"
        kind = "metaobject_reference"
        found.append(
            Metafield(id=factory.allocate_id(), namespace="notes", key="about", type=kind, value=metaobject_gid)
        )
    return tuple(found)


def make_canary_attributes(*, rich: bool) -> tuple[tuple[str, str], ...]:
    """Return a seeded attribute, such as a buyer or an app enters for an order."""
    return ((get_canary("Attribute", "key"), get_canary("Attribute", "value")),) if rich else ()


def make_unrelated_records(factory: WorldFactory, asha: Person, bikram: Person) -> dict[str, tuple[Any, ...]]:
    """Return rows of other customers for the lists that Shopify cannot search by customer."""
    at = factory.now - timedelta(days=11)
    first_order, other = factory.orders[0], next(one for one in factory.orders if one.person_id == bikram.id)
    comments = tuple(
        BlogComment(id=factory.allocate_id(), author=name, email=mail, ip=ip, body=body, created_at=at)
        for name, mail, ip, body in (
            (bikram.name, bikram.email, "203.0.113.78", "Too heavy for every day, says Bikram Canaryson"),
            ("Nemo Strangerson", "nemo.strangerson@example.in", "203.0.113.79", "First!"),
        )
    )
    checkout = Checkout(
        id=factory.allocate_id(),
        name="#C2",
        person_id=bikram.id,
        email=bikram.email,
        address=bikram.address,
        note=f"Bikram Canaryson was sent by {asha.email}",  # a search for Asha finds it, but it belongs to Bikram
        created_at=at,
        lines=(factory.make_line_item(0),),
    )
    gift_card = GiftCard(
        id=factory.allocate_id(),
        person_id=bikram.id,
        last_characters="k7br",
        note="",
        balance=Decimal("750.00"),
        created_at=at,
        recipient_id=asha.id,
        recipient_name=get_canary("GiftCardRecipient", "preferredName"),
        message=get_canary("GiftCardRecipient", "message"),
        rich=True,
    )
    notes = tuple(
        Metaobject(
            id=NOTE_ID_BASE + one.id,
            type=NOTE_TYPE,
            handle=f"note-{one.first}".lower(),
            person_id=one.id,
            words=f"{one.name} likes silver",
            created_at=at,
            rich=one.rich,
        )
        for one in (asha, bikram)
    )
    return {
        "comments": comments,
        "checkouts": (checkout,),
        "gift_cards": (gift_card,),
        "metaobjects": notes,
        "disputed": (first_order.id, other.id),
    }
