"""Invents a small jewellery shop with people who cannot be mistaken for real ones.

Equal arguments give equal worlds. Never reads a clock: `now` is an argument. Waybills carry the check digits
that the real carriers use, so that what recognises a waybill is put to the test.
"""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from zlib import crc32

from bridge.sandbox.schema.personal import canary
from bridge.sandbox.world.factory import (
    NOTE_ID,
    URLS,
    Maker,
    address,
    beside_asha,
    bluedart_waybill,
    delhivery_waybill,
    kept,
    typed,
)
from bridge.sandbox.world.models import (
    BlogComment,
    Checkout,
    DraftOrder,
    GiftCard,
    Happening,
    Line,
    Metafield,
    Order,
    Person,
    Refund,
    World,
)
from bridge.sandbox.world.shipments import MERCHANT, Parcel, Return

__all__ = [
    "DraftOrder",
    "Line",
    "Order",
    "Parcel",
    "Person",
    "World",
    "address",
    "bluedart_waybill",
    "delhivery_waybill",
    "invent",
]

SHOP = "minimiss-demo.myshopify.com"
FIRST_NAMES = ("Testari", "Mocklesh", "Dummika", "Fakira", "Samplesh", "Loremina", "Ipsumit", "Foobari")
LAST_NAMES = ("Placeholderan", "Inventsson", "Nosuchperson", "Zzyzxwala", "Madeupkar", "Exampledar")


def _asha(make: Maker, *, rich: bool) -> tuple[Person, DraftOrder, GiftCard, Checkout, BlogComment]:
    """Asha Qwertzuiop of 7 Nowhere Lane: one of everything that Shopify can hold of a person."""
    mail, now = "asha.qwertzuiop@example.com", make.now
    asha = make.person("Asha", "Qwertzuiop", mail, "+919000000001", "7 Nowhere Lane", 0)
    asha = replace(
        asha,
        rich=rich,
        note="Asha prefers to be called after six",
        tags=("vip", "festival-list"),
        email_consent="SUBSCRIBED",
        sms_consent="SUBSCRIBED",
        metafields=(
            Metafield(id=make.new_id(), namespace="loyalty", key="birthday", type="date", value="1991-02-03"),
            Metafield(
                id=make.new_id(),
                namespace="whatsapp",
                key="number",
                type="single_line_text_field",
                value="+919000000001",
            ),
            *kept(make, rich=rich, note_id=NOTE_ID + asha.id),
        ),
        timeline=(
            Happening(
                id=make.new_id(),
                at=now - timedelta(days=200),
                action="create",
                message="Asha Qwertzuiop was created",
            ),
            Happening(
                id=make.new_id(),
                at=now - timedelta(days=90),
                action="comment",
                message="Asha Qwertzuiop asked for a smaller ring",
                comment=True,
            ),
        ),
    )
    engraved = make.line(1, {"Engraving": "For Asha", "_gift_message": "Happy birthday Asha Qwertzuiop"})
    at = now - timedelta(days=42)
    back = delhivery_waybill(999_999)
    make.order(
        asha,
        days_ago=50,
        carrier="delhivery",
        lines=(engraved, make.line(3)),
        note="Gift: please wrap, and call Asha before delivery",
        attributes=(("gstin", "29ABCDE1234F1Z5"), ("delivery_slot", "after 6pm"), *typed(rich=rich)),
        tags=("gift", canary("Order", "tags")) if rich else ("gift",),
        client_ip="203.0.113.41",
        rich=rich,
        refunds=(
            Refund(
                id=make.new_id(),
                note="Asha Qwertzuiop returned the studs: clasp broke",
                amount=Decimal("899.00"),
                created_at=at,
            ),
        ),
        returns=(
            Return(
                id=make.new_id(),
                name="#1001-R1",
                created_at=at,
                customer_note="The clasp broke, says Asha Qwertzuiop",
                waybill=back,
                company="Delhivery",
                url=URLS["delhivery"].format(back),
            ),
        ),
        metafields=(
            Metafield(
                id=make.new_id(),
                namespace="gift",
                key="card_text",
                type="single_line_text_field",
                value="Love from 7 Nowhere Lane",
            ),
            *kept(make, rich=rich),
        ),
        timeline=(
            Happening(
                id=make.new_id(),
                at=at,
                action="comment",
                message="Asha Qwertzuiop called about the clasp",
                comment=True,
            ),
        ),
    )
    make.order(asha, days_ago=33, carrier="bluedart", gateway="cod", note="Ring twice, Asha is on the roof")
    make.order(asha, days_ago=21, carrier="delhivery", guest=True)
    draft = DraftOrder(
        id=make.new_id(),
        name="#D1",
        person_id=asha.id,
        email=mail,
        phone=asha.phone,
        address=asha.address,
        note="Bespoke ring for Asha Qwertzuiop",
        created_at=now - timedelta(days=12),
        lines=(make.line(1, {"Engraving": "A. Q."}),),
        attributes=(("ring_size", "12"), *typed(rich=rich)),
        metafields=kept(make, rich=rich),
        rich=rich,
    )
    card = GiftCard(
        id=make.new_id(),
        person_id=asha.id,
        last_characters="q7zu",
        note="Goodwill for Asha Qwertzuiop",
        balance=Decimal("500.00"),
        created_at=now - timedelta(days=40),
        recipient_name="Asha's mother",
        message="From Asha",
        rich=rich,
    )
    left = Checkout(
        id=make.new_id(),
        name="#C1",
        person_id=asha.id,
        email=mail,
        address=asha.address,
        note="Is this hallmarked? Asha",
        created_at=now - timedelta(days=9),
        lines=(make.line(2),),
        rich=rich,
    )
    said = BlogComment(
        id=make.new_id(),
        author=asha.name,
        email=mail,
        ip="203.0.113.77",
        body="Lovely, says Asha Qwertzuiop",
        created_at=now - timedelta(days=15),
        rich=rich,
    )
    return asha, draft, card, left, said


def invent(
    *,
    shop: str = SHOP,
    orders: int = 40,
    seed: int = 7,
    now: datetime,
    heavy_orders: int = 0,
    rich: bool = True,
) -> World:
    """Make the world: Asha (3 orders), Bikram (3), others up to `orders` in all, and Heavy with his.

    `rich` plants a value for Asha in every field that Shopify can hold of her, and rows of others beside hers.
    """
    tag = crc32(shop.encode())  # two shops share no id, as at Shopify
    draw = random.Random(f"{shop} {seed}")
    make = Maker(draw=draw, now=now, next_id=5_600_000_000_000 + tag % 1_000 * 100_000_000)
    asha, draft, card, left, said = _asha(make, rich=rich)
    bikram = make.person(
        "Bikram", "Canaryson", "bikram.canaryson@example.in", "+919000000002", "13 Elsewhere Road", 1
    )
    make.order(bikram, days_ago=75, carrier="delhivery", gateway="cod")  # delivered, and the cash handed on
    make.order(bikram, days_ago=58, carrier="bluedart", delivered=False)  # went back
    make.order(  # still moving, and not the merchant's account
        bikram, days_ago=3, carrier="bluedart", gateway="cod", delivered=False, holder="shiprocket"
    )
    beside = beside_asha(make, asha, bikram) if rich else {}
    people = [asha, bikram]
    others = max(0, orders - len(make.orders))
    for number in range((others + 1) // 2):
        first = FIRST_NAMES[number % len(FIRST_NAMES)]
        last = LAST_NAMES[number // len(FIRST_NAMES) % len(LAST_NAMES)]
        host = "example.com" if number % 2 else "example.in"
        people.append(
            make.person(
                first,
                last,
                f"{first}.{last}.{number}@{host}".lower(),
                f"+9190001{number:05d}",
                f"{number + 1} Imaginary Street",
                number,
            )
        )
    for number in range(others):
        make.order(
            people[2 + number // 2],
            days_ago=2 + make.draw.random() * 300,
            carrier=("delhivery", "bluedart", "")[number % 3],
            gateway=make.draw.choice(("cod", "prepaid")),
            delivered=make.draw.random() < 0.8,
            cancelled=number % 11 == 10,
            holder="shiprocket" if number % 12 in (4, 9) else MERCHANT,
        )
    if heavy_orders:
        heavy = make.person(
            "Heavy", "Orderson", "heavy.orderson@example.com", "+919000000009", "1 Bulk Yard", 2
        )
        people.append(heavy)
        for number in range(heavy_orders):
            make.order(
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
        gift_cards=(card, *beside.get("gift_cards", ())),
        checkouts=(left, *beside.get("checkouts", ())),
        comments=(said, *beside.get("comments", ())),
        metaobjects=beside.get("metaobjects", ()),
        disputed=beside.get("disputed", ()),
    )
