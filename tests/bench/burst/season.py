"""The webhooks of a season: a thousand shops of very different sizes, a burst for some seconds, deliveries that repeat.

Built and signed before the clock starts. Nobody in it exists.
"""

from __future__ import annotations

import hashlib
import hmac
import random
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from bridge.sandbox import webhooks
from bridge.sandbox.shopify.server import CLIENT_SECRET
from tests.bench.receiver.load import build_request
from tests.bench.shops import NOW, invent_shop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bridge.sandbox.world.models import Person, World

PEOPLE, ORDERS, YOUNGEST_DAYS, OLDEST_DAYS = 3, 1, 2, 50
PARETO = 1.16  # a fifth of the shops have four fifths of the sales
SOLD, FOLLOWING = "orders/create", ("orders/updated", "fulfillments/create", "customers/update")
ACCESS, REDACT, SHOP_REDACT = "customers/data_request", "customers/redact", "shop/redact"
# of a thousand webhooks
TOPICS = {SOLD: 450, **dict(zip(FOLLOWING, (280, 180, 82), strict=True)), ACCESS: 4, REDACT: 3.5, SHOP_REDACT: 0.5}
YESTERDAY = NOW - timedelta(days=1)
REPEATED = 0.03
REPEATED_AFTER_S = (0.2, 8.0)


@dataclass(frozen=True, kw_only=True)
class Season:
    """Seconds from the beginning of the traffic; rates are webhooks a second of all shops together."""

    shops: int
    seconds: float
    per_s: float
    factor: float = 10
    burst_s: float = 10

    @property
    def burst_begins(self) -> float:
        return min(15.0, (self.seconds - self.burst_s) / 3)

    @property
    def burst_ends(self) -> float:
        return self.burst_begins + self.burst_s

    @property
    def sizes(self) -> list[tuple[int, ...]]:
        """The shops, as `invent_shop` takes them."""
        return [(PEOPLE, ORDERS, YOUNGEST_DAYS, OLDEST_DAYS, number + 1) for number in range(self.shops)]

    def moments(self, rng: random.Random) -> Iterator[float]:
        """When a webhook comes: by chance, ten times as often in the burst."""
        at = 0.0
        while at < self.seconds:
            is_burst = self.burst_begins <= at < self.burst_ends
            at += rng.expovariate(self.per_s * (self.factor if is_burst else 1))
            yield at


@dataclass
class Schedule:
    """What is sent when. `unique` are those that are no repetition."""

    season: Season
    seed: int = 1
    timed: list[tuple[float, bytes]] = field(default_factory=list)
    topics: dict[str, int] = field(default_factory=dict)
    unique: int = 0

    def build(self) -> None:
        rng = random.Random(self.seed)  # noqa: S311 - the same season each time
        crowd = [ShopTraffic(invent_shop(*size), number) for number, size in enumerate(self.season.sizes)]
        weights = [rng.paretovariate(PARETO) for _ in crowd]
        moments = list(self.season.moments(rng))
        shops = rng.choices(crowd, weights, k=len(moments))
        topics = rng.choices(list(TOPICS), list(TOPICS.values()), k=len(moments))
        for number, (at, shop, wanted) in enumerate(zip(moments, shops, topics, strict=True)):
            topic, body = shop.next_webhook(wanted, number)
            signature = hmac.digest(CLIENT_SECRET.encode(), body, hashlib.sha256)
            request = build_request(topic, shop.world.shop, body, signature=signature, number=number + 1)
            self.timed.append((at, request))
            self.topics[topic] = self.topics.get(topic, 0) + 1
            if rng.random() < REPEATED:
                self.timed.append((at + rng.uniform(*REPEATED_AFTER_S), request))
        self.unique = len(moments)
        self.timed.sort(key=lambda each: each[0])


class ShopTraffic:
    """One shop's webhooks: orders of ever new customers, what follows them, privacy topics of customers that Shopify knows."""

    def __init__(self, world: World, number: int) -> None:
        self.world = world
        self._number = number
        self._sold = 0
        self._unasked, self._unerased = list(self._known), list(self._known)
        self._is_left = False

    @cached_property
    def _known(self) -> tuple[Person, ...]:
        return self.world.people[-PEOPLE:]

    def next_webhook(self, wanted: str, number: int) -> tuple[str, bytes]:
        """A webhook of the wanted topic; of a sale where the shop has nothing (more) for it."""
        if wanted == SHOP_REDACT and not self._is_left:
            self._is_left = True
            return wanted, webhooks.build_body(wanted, self.world)
        for topic, people in ((ACCESS, self._unasked), (REDACT, self._unerased)):
            if wanted == topic and people:
                return topic, webhooks.build_body(
                    topic, self.world, person=people.pop(), request_id=9_000 + self._number
                )
        if wanted not in FOLLOWING or not self._sold:
            wanted = SOLD
            self._sold += 1
        return wanted, self._renumber(self._templates[wanted], YESTERDAY + timedelta(seconds=number))

    @cached_property
    def _templates(self) -> dict[str, bytes]:
        return {topic: webhooks.build_body(topic, self.world, person=self._known[-1]) for topic in (SOLD, *FOLLOWING)}

    def _renumber(self, body: bytes, updated_at: datetime) -> bytes:
        """The body, about the newest order and its customer. No two have the same bytes: those would be one webhook."""
        person = self._known[-1]
        (order,) = self.world.list_orders(person)
        own = self._number * 100_000 + self._sold
        changes = {
            str(order.id): str(5_000_000_000_000 + own),
            f"{order.id:x}": f"{5_000_000_000_000 + own:x}",
            order.name: f"#{1_000_000 + self._sold}",
            str(person.id): str(4_000_000_000_000 + own),
            person.email: f"buyer{own}@example.com",
            person.phone: f"+9181{own:08d}",
            **{parcel.waybill: f"3{own:013d}" for parcel in order.parcels},
        }
        text = body.decode()
        for old, new in changes.items():
            text = text.replace(old, new)
        return re.sub(r'"updated_at":"[^"]+"', f'"updated_at":"{updated_at.isoformat()}"', text).encode()
