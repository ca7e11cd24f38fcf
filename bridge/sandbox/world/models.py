"""The nouns of the invented world: people, orders, parcels and their parts.

All values are frozen. The module reads no clock, draws no random number and knows no wire format.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from bridge.sandbox.world.shipments import Parcel, Return

Address = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Metafield:
    """A value that another app wrote for a customer or an order."""

    id: int
    namespace: str
    key: str
    type: str
    value: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TimelineEvent:
    """One event of a timeline; `comment` marks a staff comment."""

    id: int
    at: datetime
    action: str
    message: str
    is_comment: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """A customer; `id` 0 is a guest or consignee without a record. `rich`, here and below: with seeded values."""

    id: int
    first: str
    last: str
    email: str
    phone: str
    address: Address
    created_at: datetime | None = None
    note: str = ""
    tags: tuple[str, ...] = ()
    email_consent: str = "NOT_SUBSCRIBED"
    sms_consent: str = "NOT_SUBSCRIBED"
    metafields: tuple[Metafield, ...] = ()
    timeline: tuple[TimelineEvent, ...] = ()
    rich: bool = False

    @property
    def name(self) -> str:
        """Return first and last name in one."""
        return f"{self.first} {self.last}".strip()


@dataclass(frozen=True, kw_only=True, slots=True)
class LineItem:
    """One line item; `properties` are the buyer's entries (engraving, gift message)."""

    id: int
    title: str
    sku: str
    quantity: int
    price: Decimal
    properties: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Transaction:
    """One payment transaction."""

    id: int
    kind: str
    gateway: str
    amount: Decimal
    processed_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Refund:
    """A refund, with the note of the staff."""

    id: int
    note: str
    amount: Decimal
    created_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """One order. `person_id` None is a guest, with e-mail, phone and address."""

    id: int
    name: str
    person_id: int | None
    first: str
    last: str
    email: str
    phone: str
    address: Address
    created_at: datetime
    updated_at: datetime
    lines: tuple[LineItem, ...]
    total: Decimal
    tax: Decimal
    gateway: str
    note: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    tags: tuple[str, ...] = ()
    client_ip: str = "203.0.113.7"
    cancelled: bool = False
    parcels: tuple[Parcel, ...] = ()
    refunds: tuple[Refund, ...] = ()
    returns: tuple[Return, ...] = ()
    transactions: tuple[Transaction, ...] = ()
    metafields: tuple[Metafield, ...] = ()
    timeline: tuple[TimelineEvent, ...] = ()
    rich: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class DraftOrder:
    """A draft order that staff never completed."""

    id: int
    name: str
    person_id: int | None
    email: str
    phone: str
    address: Address
    note: str
    created_at: datetime
    lines: tuple[LineItem, ...]
    attributes: tuple[tuple[str, str], ...] = ()
    metafields: tuple[Metafield, ...] = ()
    rich: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class GiftCard:
    """A gift card bought by a customer, given to `recipient_id`, or to the buyer if that is 0."""

    id: int
    person_id: int
    last_characters: str
    note: str
    balance: Decimal
    created_at: datetime
    recipient_name: str = ""
    message: str = ""
    recipient_id: int = 0
    rich: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Checkout:
    """An abandoned checkout."""

    id: int
    name: str
    person_id: int | None
    email: str
    address: Address
    note: str
    created_at: datetime
    lines: tuple[LineItem, ...] = ()
    rich: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class BlogComment:
    """A comment on an article."""

    id: int
    author: str
    email: str
    ip: str
    body: str
    created_at: datetime
    rich: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Metaobject:
    """A record of an app that names a customer."""

    id: int
    type: str
    handle: str
    person_id: int
    words: str
    created_at: datetime
    rich: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """Everything about one shop that the stand-ins know."""

    shop: str
    shop_id: int
    now: datetime
    people: tuple[Person, ...]
    orders: tuple[Order, ...]
    drafts: tuple[DraftOrder, ...] = ()
    gift_cards: tuple[GiftCard, ...] = ()
    checkouts: tuple[Checkout, ...] = ()
    comments: tuple[BlogComment, ...] = ()
    metaobjects: tuple[Metaobject, ...] = ()
    disputed_order_ids: tuple[int, ...] = ()  # orders with a tender transaction and a dispute
    _by_id: dict[int, Any] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Build the index by id once: the heavy customer makes a scan per look-up too slow."""
        self._by_id.update({person.id: person for person in self.people})
        self._by_id.update({order.id: order for order in self.orders})

    @property
    def asha(self) -> Person:
        """Return the customer with data in every place."""
        return self.people[0]

    @property
    def bikram(self) -> Person:
        """Return the customer who asks for erasure in the demo."""
        return self.people[1]

    @property
    def heavy_customer(self) -> Person:
        """Return the customer with very many orders; only if `heavy_orders` is above 0."""
        return next(person for person in self.people if person.last == "Orderson")

    @property
    def parcels(self) -> tuple[Parcel, ...]:
        """Return every parcel of every order."""
        return tuple(parcel for order in self.orders for parcel in order.parcels)

    def get_person(self, person_id: int) -> Person:
        """Return one customer by id. Raises KeyError."""
        found: Person = self._by_id[person_id]
        return found

    def get_order(self, order_id: int) -> Order:
        """Return one order by id. Raises KeyError."""
        found: Order = self._by_id[order_id]
        return found

    def list_orders(self, person: Person, *, with_guests: bool = True) -> tuple[Order, ...]:
        """Return the orders of a customer; with `with_guests` also guest orders with the same e-mail."""
        return tuple(
            order
            for order in self.orders
            if order.person_id == person.id or (with_guests and order.person_id is None and order.email == person.email)
        )

    def list_parcels(self, person: Person) -> tuple[Parcel, ...]:
        """Return every parcel of the customer's orders, guest orders included."""
        return tuple(parcel for order in self.list_orders(person) for parcel in order.parcels)
