"""Invent a small jewellery shop with people who cannot be mistaken for real ones.

Equal arguments give equal worlds. It reads no clock: `now` is an argument. Waybills have the check digits
of the real carriers, so that the recognition of waybills is tested.
"""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from zlib import crc32

from bridge.sandbox.schema.personal import get_canary
from bridge.sandbox.world.factory import (
    CARRIER_TRACKING_URLS,
    NOTE_ID_BASE,
    WorldFactory,
    make_address,
    make_bluedart_waybill,
    make_canary_attributes,
    make_canary_metafields,
    make_delhivery_waybill,
    make_unrelated_records,
)
from bridge.sandbox.world.models import (
    BlogComment,
    Checkout,
    DraftOrder,
    GiftCard,
    LineItem,
    Metafield,
    Order,
    Person,
    Refund,
    TimelineEvent,
    World,
)
from bridge.sandbox.world.shipments import MERCHANT_ACCOUNT, Parcel, Return

__all__ = [
    "DraftOrder",
    "LineItem",
    "Order",
    "Parcel",
    "Person",
    "World",
    "invent_world",
    "make_address",
    "make_bluedart_waybill",
    "make_delhivery_waybill",
]

INVENTED_SHOP = "minimiss-demo.myshopify.com"
FIRST_NAMES = ("Testari", "Mocklesh", "Dummika", "Fakira", "Samplesh", "Loremina", "Ipsumit", "Foobari")
LAST_NAMES = ("Placeholderan", "Inventsson", "Nosuchperson", "Zzyzxwala", "Madeupkar", "Exampledar")


def _make_asha(factory: WorldFactory, *, rich: bool) -> tuple[Person, DraftOrder, GiftCard, Checkout, BlogComment]:
    """Return Asha Qwertzuiop of 7 Nowhere Lane, who has one of everything that Shopify can hold."""
    mail, now = "asha.qwertzuiop@example.com", factory.now
    asha = factory.make_person("Asha", "Qwertzuiop", mail, "+919000000001", "7 Nowhere Lane", 0)
    asha = replace(
        asha,
        rich=rich,
        note="Asha prefers to be called after six",
        tags=("vip", "festival-list"),
        email_consent="SUBSCRIBED",
        sms_consent="SUBSCRIBED",
        metafields=(
            Metafield(id=factory.allocate_id(), namespace="loyalty", key="birthday", type="date", value="1991-02-03"),
            Metafield(
                id=factory.allocate_id(),
                namespace="whatsapp",
                key="number",
                type="single_line_text_field",
                value="+919000000001",
            ),
            *make_canary_metafields(factory, rich=rich, note_id=NOTE_ID_BASE + asha.id),
        ),
        timeline=(
            TimelineEvent(
                id=factory.allocate_id(),
                at=now - timedelta(days=200),
                action="create",
                message="Asha Qwertzuiop was created",
            ),
            TimelineEvent(
                id=factory.allocate_id(),
                at=now - timedelta(days=90),
                action="comment",
                message="Asha Qwertzuiop asked for a smaller ring",
                is_comment=True,
            ),
        ),
    )
    engraved_item = factory.make_line_item(
        1, {"Engraving": "For Asha", "_gift_message": "Happy birthday Asha Qwertzuiop"}
    )
    at = now - timedelta(days=42)
    return_waybill = make_delhivery_waybill(999_999)
    factory.make_order(
        asha,
        days_ago=50,
        carrier="delhivery",
        lines=(engraved_item, factory.make_line_item(3)),
        note="Gift: please wrap, and call Asha before delivery",
        attributes=(("gstin", "29ABCDE1234F1Z5"), ("delivery_slot", "after 6pm"), *make_canary_attributes(rich=rich)),
        tags=("gift", get_canary("Order", "tags")) if rich else ("gift",),
        client_ip="203.0.113.41",
        rich=rich,
        refunds=(
            Refund(
                id=factory.allocate_id(),
                note="Asha Qwertzuiop returned the studs: clasp broke",
                amount=Decimal("899.00"),
                created_at=at,
            ),
        ),
        returns=(
            Return(
                id=factory.allocate_id(),
                name="#1001-R1",
                created_at=at,
                customer_note="The clasp broke, says Asha Qwertzuiop",
                waybill=return_waybill,
                company="Delhivery",
                url=CARRIER_TRACKING_URLS["delhivery"].format(return_waybill),
            ),
        ),
        metafields=(
            Metafield(
                id=factory.allocate_id(),
                namespace="gift",
                key="card_text",
                type="single_line_text_field",
                value="Love from 7 Nowhere Lane",
            ),
            *make_canary_metafields(factory, rich=rich),
        ),
        timeline=(
            TimelineEvent(
                id=factory.allocate_id(),
                at=at,
                action="comment",
                message="Asha Qwertzuiop called about the clasp",
                is_comment=True,
            ),
        ),
    )
    factory.make_order(asha, days_ago=33, carrier="bluedart", gateway="cod", note="Ring twice, Asha is on the roof")
    factory.make_order(asha, days_ago=21, carrier="delhivery", guest=True)
    draft = DraftOrder(
        id=factory.allocate_id(),
        name="#D1",
        person_id=asha.id,
        email=mail,
        phone=asha.phone,
        address=asha.address,
        note="Bespoke ring for Asha Qwertzuiop",
        created_at=now - timedelta(days=12),
        lines=(factory.make_line_item(1, {"Engraving": "A. Q."}),),
        attributes=(("ring_size", "12"), *make_canary_attributes(rich=rich)),
        metafields=make_canary_metafields(factory, rich=rich),
        rich=rich,
    )
    card = GiftCard(
        id=factory.allocate_id(),
        person_id=asha.id,
        last_characters="q7zu",
        note="Goodwill for Asha Qwertzuiop",
        balance=Decimal("500.00"),
        created_at=now - timedelta(days=40),
        recipient_name="Asha's mother",
        message="From Asha",
        rich=rich,
    )
    checkout = Checkout(
        id=factory.allocate_id(),
        name="#C1",
        person_id=asha.id,
        email=mail,
        address=asha.address,
        note="Is this hallmarked? Asha",
        created_at=now - timedelta(days=9),
        lines=(factory.make_line_item(2),),
        rich=rich,
    )
    comment = BlogComment(
        id=factory.allocate_id(),
        author=asha.name,
        email=mail,
        ip="203.0.113.77",
        body="Lovely, says Asha Qwertzuiop",
        created_at=now - timedelta(days=15),
        rich=rich,
    )
    return asha, draft, card, checkout, comment


def invent_world(
    *,
    shop: str = INVENTED_SHOP,
    orders: int = 40,
    seed: int = 7,
    now: datetime,
    heavy_orders: int = 0,
    rich: bool = True,
) -> World:
    """Return the world: Asha (3 orders), Bikram (3), others up to `orders` in all, and Heavy with many.

    `rich` seeds a value for Asha in every personal field of Shopify, and adds rows of other customers.
    """
    tag = crc32(shop.encode())  # two shops share no id, as at Shopify
    rng = random.Random(f"{shop} {seed}")
    make = WorldFactory(rng=rng, now=now, next_id=5_600_000_000_000 + tag % 1_000 * 100_000_000)
    asha, draft, card, checkout, comment = _make_asha(make, rich=rich)
    bikram = make.make_person(
        "Bikram", "Canaryson", "bikram.canaryson@example.in", "+919000000002", "13 Elsewhere Road", 1
    )
    make.make_order(bikram, days_ago=75, carrier="delhivery", gateway="cod")  # delivered, and the cash paid out
    make.make_order(bikram, days_ago=58, carrier="bluedart", delivered=False)  # returned
    make.make_order(  # still moving, on Shiprocket's account
        bikram, days_ago=3, carrier="bluedart", gateway="cod", delivered=False, account_holder="shiprocket"
    )
    unrelated = make_unrelated_records(make, asha, bikram) if rich else {}
    people = [asha, bikram]
    others = max(0, orders - len(make.orders))
    for number in range((others + 1) // 2):
        first = FIRST_NAMES[number % len(FIRST_NAMES)]
        last = LAST_NAMES[number // len(FIRST_NAMES) % len(LAST_NAMES)]
        host = "example.com" if number % 2 else "example.in"
        people.append(
            make.make_person(
                first,
                last,
                f"{first}.{last}.{number}@{host}".lower(),
                f"+9190001{number:05d}",
                f"{number + 1} Imaginary Street",
                number,
            )
        )
    for number in range(others):
        make.make_order(
            people[2 + number // 2],
            days_ago=2 + make.rng.random() * 300,
            carrier=("delhivery", "bluedart", "")[number % 3],
            gateway=make.rng.choice(("cod", "prepaid")),
            delivered=make.rng.random() < 0.8,
            cancelled=number % 11 == 10,
            account_holder="shiprocket" if number % 12 in (4, 9) else MERCHANT_ACCOUNT,
        )
    if heavy_orders:
        heavy = make.make_person("Heavy", "Orderson", "heavy.orderson@example.com", "+919000000009", "1 Bulk Yard", 2)
        people.append(heavy)
        for number in range(heavy_orders):
            make.make_order(
                heavy,
                days_ago=50 - 48 * number / heavy_orders,
                carrier=("delhivery", "bluedart")[number % 2],
                gateway=("prepaid", "cod")[number % 2],
            )
    return World(
        shop=shop,
        shop_id=60_000_000_000 + tag,
        now=now,
        people=tuple(people),
        orders=tuple(make.orders),
        drafts=(draft,),
        gift_cards=(card, *unrelated.get("gift_cards", ())),
        checkouts=(checkout, *unrelated.get("checkouts", ())),
        comments=(comment, *unrelated.get("comments", ())),
        metaobjects=unrelated.get("metaobjects", ()),
        disputed_order_ids=unrelated.get("disputed", ()),
    )
