"""What changes in one shop of the stand-in: who was redacted, what was written, which erasure is under way.

The world itself stays as it was invented; `reset` brings it back.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from bridge.sandbox.shopify.bulk.state import BulkOperations
from bridge.sandbox.shopify.records.parts import gid
from bridge.sandbox.shopify.records.seeded_data import Planter
from bridge.sandbox.world.models import Person

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bridge.sandbox.world.models import World

APP, MERCHANT = "app", "merchant"


class Shop:
    """One shop, its world and what has happened since."""

    def __init__(self, world: World, now_s: Callable[[], float]) -> None:
        """`now_s` is a monotonic clock: erasures fall due by it."""
        self.world = world
        self.plant = Planter(world)
        self.bulk = BulkOperations(world, now_s)
        self.erasure_delay_s: float | None = None
        self.erasure_fails = False
        self.redacted: set[int] = set()
        self.gone: set[int] = set()
        self.deleted: set[str] = set()
        self.created: list[Person] = []
        self.written: dict[str, dict[str, Any]] = {}
        self.removed: set[tuple[str, str, str]] = set()
        self.cache: dict[str, dict[str, Any]] = {}
        # records name each other: whoever knows all of them ties the knot here (`beside.tie`)
        self.customer_record: Callable[[int], dict[str, Any] | None] = lambda _: None
        self.metaobject_record: Callable[[int], dict[str, Any] | None] = lambda _: None
        self.order_record: Callable[[int], dict[str, Any] | None] = lambda _: None
        self._asked: dict[int, tuple[float, str]] = {}
        self._now_s = now_s
        self._lock = threading.RLock()

    @property
    def people(self) -> list[Person]:
        """Everybody, those included whom a call has created."""
        return [*self.world.people, *self.created]

    def person(self, person_id: int) -> Person:
        """One customer by id. Raises KeyError."""
        made = next((one for one in self.created if one.id == person_id), None)
        return made or self.world.person(person_id)

    def create(self, email: str) -> Person:
        """Add a customer of whom nothing is known but the address."""
        with self._lock:
            number = self.world.shop_id * 100 + len(self.created) + 1
            made = Person(
                id=number, first="", last="", email=email, phone="", address={}, created_at=self.world.now
            )
            self.created.append(made)
            self.cache.clear()
            return made

    def ask_erasure(self, customer_id: int, *, by: str = APP) -> None:
        """Take an erasure request; it is carried out after the delay, or when `redact` says so."""
        with self._lock:
            self._asked.setdefault(customer_id, (self._now_s(), by))

    def erasure_asked_by(self, customer_id: int) -> str:
        """Tell who asked for the erasure that is under way; empty where none is."""
        return self._asked.get(customer_id, (0.0, ""))[1]

    def cancel_erasure(self, customer_id: int) -> None:
        """Withdraw a request."""
        with self._lock:
            self._asked.pop(customer_id, None)

    def redact(self, customer_id: int) -> None:
        """Do what Shopify does ten days later: the customer's personal data is no longer there."""
        with self._lock:
            self._asked.pop(customer_id, None)
            self.redacted.add(customer_id)
            self.cache.clear()

    def forget(self, customer_id: int) -> None:
        """Make the customer unknown, as after a merge or a deletion."""
        with self._lock:
            self.gone.add(customer_id)
            self.cache.clear()

    def delete(self, gid: str) -> None:
        """Take a draft, a comment or the like away."""
        with self._lock:
            self.deleted.add(gid)
            self.cache.clear()

    def left(self, kind: str, things: Iterable[Any]) -> list[Any]:
        """Keep the things that were not deleted."""
        return [one for one in things if gid(kind, one.id) not in self.deleted]

    def write(self, gid: str, values: dict[str, Any]) -> None:
        """Lay what a mutation wrote over a record."""
        with self._lock:
            self.written.setdefault(gid, {}).update(values)
            self.cache.clear()

    def remove_metafield(self, owner: str, namespace: str, key: str) -> None:
        """Delete a metafield of a customer, an order or a draft."""
        with self._lock:
            self.removed.add((owner, namespace, key))
            self.cache.clear()

    def settle(self) -> None:
        """Carry out the erasures that have fallen due."""
        if self.erasure_delay_s is None or not self._asked:
            return
        with self._lock:
            due = [one for one, (at, _) in self._asked.items() if self._now_s() - at >= self.erasure_delay_s]
        for customer_id in due:
            self.redact(customer_id)

    def reset(self) -> None:
        """Bring the invented world back as it was."""
        with self._lock:
            self.erasure_delay_s, self.erasure_fails = None, False
            self._asked.clear()
            self.created.clear()
            self.bulk.reset()
            for memory in (self.redacted, self.gone, self.deleted, self.written, self.removed, self.cache):
                memory.clear()
