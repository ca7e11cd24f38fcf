"""Posts webhooks as Shopify does while the installation is disturbed: late, twice, out of order, again until answered 200."""

from __future__ import annotations

import http.client
import random
import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from bridge.sandbox import webhooks
from bridge.sandbox.shopify.server import CLIENT_SECRET
from bridge.sandbox.world.models import Person, World
from tests.e2e import processes
from tests.e2e.conftest import Town

RETRY_AFTER_S = 0.3
PAUSE_S = (0.0, 0.12)
COPIES = 2  # requests of each person who wants a copy
WINDOW = 12  # so many deliveries may overtake each other


@dataclass(frozen=True, kw_only=True)
class Post:
    """One delivery to be made. Deliveries of the same bytes have the same `raw`."""

    topic: str
    raw: bytes
    person: Person
    webhook_id: str = field(default_factory=lambda: str(uuid.uuid4()))


class WebhookLoad:
    """Posts in a thread until `stop`. `accepted` are the deliveries that were answered 200, in that order."""

    def __init__(self, town: Town, people: Sequence[Person], *, seed: int) -> None:
        self._town, self._random = town, random.Random(seed)  # noqa: S311 - what is wanted is that it can be repeated
        self.wants_copy = list(people[0::3])
        self.wants_erasure = list(people[1::3])
        self._posts = list(self._shuffle(self._invent_posts(people)))
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="webhook-load", daemon=True)
        self.accepted: list[Post] = []
        self.refused = 0

    def start(self) -> None:
        self._thread.start()

    @property
    def is_done(self) -> bool:
        """Whether every delivery was answered 200."""
        return not self._thread.is_alive()

    def finish(self, timeout_s: float) -> None:
        """Post the rest without pauses; fail where that takes longer than the time given."""
        self._ended.set()
        self._thread.join(timeout_s)
        assert self.is_done, f"{len(self._posts) - len(self.accepted)} webhooks were never answered 200"

    def post_late_webhooks(self) -> None:
        """Post what Shopify may still send about people who were erased."""
        for person in self.wants_erasure:
            for post in self._list_updates(person):
                self._post_until_accepted(post)

    def _run(self) -> None:
        for post in self._posts:
            self._post_until_accepted(post)
            self._ended.wait(self._random.uniform(*PAUSE_S))

    def _post_until_accepted(self, post: Post) -> None:
        while True:
            try:
                answer = processes.post(
                    self._town.bridge.url, post.topic, post.raw,
                    shop=self._town.world.shop, secret=CLIENT_SECRET, webhook_id=post.webhook_id,
                )  # fmt: skip
                if answer.status == 200:
                    self.accepted.append(post)
                    return
            except (OSError, http.client.HTTPException):
                pass
            self.refused += 1
            time.sleep(RETRY_AFTER_S)

    def _invent_posts(self, people: Iterable[Person]) -> Iterator[Post]:
        for number, person in enumerate(people):
            yield self._build_post("customers/create", person)
            for order in self._town.world.list_orders(person):
                yield self._build_post("orders/create", person, order=order)
                for parcel in order.parcels:
                    yield self._build_post("fulfillments/create", person, parcel=parcel)
            if person in self.wants_copy:
                for again in range(COPIES):
                    yield self._build_post("customers/data_request", person, request_id=50_000 + 10 * number + again)
            if person in self.wants_erasure:
                self._town.control("redact", customer_id=person.id)
                yield self._build_post("customers/redact", person)
                yield from self._list_updates(person)

    def _list_updates(self, person: Person) -> Iterator[Post]:
        for order in self._town.world.list_orders(person):
            yield self._build_post("orders/updated", person, order=order)

    def _build_post(self, topic: str, person: Person, **which: object) -> Post:
        world: World = self._town.world
        raw = webhooks.build_body(topic, world, **({"person": person} | which))
        return Post(topic=topic, raw=raw, person=person)

    def _shuffle(self, posts: Iterable[Post]) -> Iterator[Post]:
        """Let deliveries overtake each other, and repeat some: with their id, or as new ones of the same bytes."""
        waiting: list[Post] = []
        for post in posts:
            waiting.append(post)
            kind = self._random.random()
            if kind < 0.1:
                waiting.append(post)
            elif kind < 0.2:
                waiting.append(Post(topic=post.topic, raw=post.raw, person=post.person))
            while len(waiting) > WINDOW:
                yield waiting.pop(self._random.randrange(len(waiting)))
        self._random.shuffle(waiting)
        yield from waiting
