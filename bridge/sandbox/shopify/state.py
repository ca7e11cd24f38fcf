"""The changes in one shop of the stand-in: redacted customers, writes, and pending erasures.

The invented world itself stays unchanged; `reset` restores it.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from bridge.sandbox.shopify.bulk.state import BulkOperations
from bridge.sandbox.shopify.records.parts import make_gid
from bridge.sandbox.shopify.records.seeded_data import RecordSeeder
from bridge.sandbox.world.models import Person

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bridge.sandbox.world.models import World

APP_REQUESTER, MERCHANT_REQUESTER = "app", "merchant"


class Shop:
    """One shop: its world and the changes since."""

    def __init__(self, world: World, now_s: Callable[[], float]) -> None:
        """Prepare the shop. `now_s` is a monotonic clock that decides when erasures are due."""
        self.world = world
        self.seeder = RecordSeeder(world)
        self.bulk_operations = BulkOperations(world, now_s)
        self.erasure_delay_s: float | None = None
        self.erasure_fails = False
        self.redacted_customer_ids: set[int] = set()
        self.unknown_customer_ids: set[int] = set()
        self.deleted_gids: set[str] = set()
        self.created_people: list[Person] = []
        self.written_fields: dict[str, dict[str, Any]] = {}
        self.removed_metafields: set[tuple[str, str, str]] = set()
        self.subscriptions: list[dict[str, Any]] = []
        self.cache: dict[str, dict[str, Any]] = {}
        # records refer to each other: `shop_extras.link_records` sets this function
        self.find_customer_record: Callable[[int], dict[str, Any] | None] = lambda _: None
        self.find_metaobject_record: Callable[[int], dict[str, Any] | None] = lambda _: None
        self.find_order_record: Callable[[int], dict[str, Any] | None] = lambda _: None
        self._erasure_requests: dict[int, tuple[float, str]] = {}
        self._now_s = now_s
        self._lock = threading.RLock()

    @property
    def people(self) -> list[Person]:
        """Return all customers, including those that calls created."""
        return [*self.world.people, *self.created_people]

    def get_person(self, person_id: int) -> Person:
        """Return one customer by id. Raises KeyError."""
        created = next((one for one in self.created_people if one.id == person_id), None)
        return created or self.world.get_person(person_id)

    def read_contact(self, person: Person, field: str) -> str:
        """Return the `email` or `phone` of a customer: as a mutation wrote it, else the world's."""
        written = self.written_fields.get(make_gid("Customer", person.id), {})
        return str(written.get(field, getattr(person, field)) or "")

    def create_person(self, email: str) -> Person:
        """Add a customer of which only the address is known."""
        with self._lock:
            number = self.world.shop_id * 100 + len(self.created_people) + 1
            created = Person(id=number, first="", last="", email=email, phone="", address={}, created_at=self.world.now)
            self.created_people.append(created)
            self.cache.clear()
            return created

    def request_erasure(self, customer_id: int, *, requester: str = APP_REQUESTER) -> None:
        """Accept an erasure request; it is carried out after the delay, or at a `redact` control call."""
        with self._lock:
            self._erasure_requests.setdefault(customer_id, (self._now_s(), requester))

    def get_erasure_requester(self, customer_id: int) -> str:
        """Return who requested the pending erasure; empty if there is none."""
        return self._erasure_requests.get(customer_id, (0.0, ""))[1]

    def cancel_erasure(self, customer_id: int) -> None:
        """Cancel a request."""
        with self._lock:
            self._erasure_requests.pop(customer_id, None)

    def redact_customer(self, customer_id: int) -> None:
        """Redact a customer, as Shopify does ten days after a request: the personal data no longer exists."""
        with self._lock:
            self._erasure_requests.pop(customer_id, None)
            self.redacted_customer_ids.add(customer_id)
            self.cache.clear()

    def forget_customer(self, customer_id: int) -> None:
        """Make the customer unknown, as after a merge or a deletion."""
        with self._lock:
            self.unknown_customer_ids.add(customer_id)
            self.cache.clear()

    def delete_record(self, global_id: str) -> None:
        """Delete a draft, a comment or a similar record."""
        with self._lock:
            self.deleted_gids.add(global_id)
            self.cache.clear()

    def exclude_deleted(self, kind: str, items: Iterable[Any]) -> list[Any]:
        """Return the objects that were not deleted."""
        return [one for one in items if make_gid(kind, one.id) not in self.deleted_gids]

    def write_fields(self, global_id: str, values: dict[str, Any]) -> None:
        """Store what a mutation wrote, on top of a record."""
        with self._lock:
            self.written_fields.setdefault(global_id, {}).update(values)
            self.cache.clear()

    def remove_metafield(self, owner: str, namespace: str, key: str) -> None:
        """Delete a metafield of a customer, an order or a draft."""
        with self._lock:
            self.removed_metafields.add((owner, namespace, key))
            self.cache.clear()

    def subscribe(self, topic: str, uri: str, *, api_version: str = "2026-10") -> None:
        """Add a subscription to webhooks as the API makes it: `topic` in its form, such as ORDERS_CREATE."""
        number = len(self.subscriptions) + 1
        version = {"handle": api_version, "displayName": api_version, "supported": True}
        gid = make_gid("WebhookSubscription", self.world.shop_id + number)
        self.subscriptions.append({"id": gid, "topic": topic, "uri": uri, "apiVersion": version})

    def complete_due_erasures(self) -> None:
        """Carry out the erasures that are due."""
        if self.erasure_delay_s is None or not self._erasure_requests:
            return
        with self._lock:
            due = [one for one, (at, _) in self._erasure_requests.items() if self._now_s() - at >= self.erasure_delay_s]
        for customer_id in due:
            self.redact_customer(customer_id)

    def reset(self) -> None:
        """Restore the invented world."""
        with self._lock:
            self.erasure_delay_s, self.erasure_fails = None, False
            self._erasure_requests.clear()
            self.created_people.clear()
            self.bulk_operations.reset()
            self.subscriptions.clear()
            for memory in (
                self.redacted_customer_ids,
                self.unknown_customer_ids,
                self.deleted_gids,
                self.written_fields,
                self.removed_metafields,
                self.cache,
            ):
                memory.clear()
