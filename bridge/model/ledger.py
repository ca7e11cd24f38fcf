"""What is recorded outside the database's backups: erasures, destroyed records, and the head of the evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

ORDER_FIELD = "order"  # of a tombstone or a suppression key: it names an order, any other field the data subject


@dataclass(frozen=True, kw_only=True, slots=True)
class Tombstone:
    """A suppression key: `key` is a keyed HMAC of a customer's id, e-mail, phone or order (`field`)."""

    shop: str
    field: str
    key: str
    erased_at: datetime
    request_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ErasureRecord:
    """An erasure of one data subject, from its suppression keys: its request, and when the last key was written.

    `order_keys` are the pseudonyms of the orders that were erased with it, `key_counts` how many suppression keys there
    are of each field.
    """

    request_id: str
    erased_at: datetime
    order_keys: tuple[str, ...] = ()
    key_counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Destruction:
    """A record that was destroyed, by its id.

    `kind` is `document` (sealed copies), `refund_account`, `shop`, whose `ref` is the request that erased it, or
    `suppression`, whose `ref` is a suppression key that was taken back.
    """

    kind: str
    ref: str
    shop: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerHead:
    """The end of the evidence chain at one time, signed.

    `signature` is Ed25519 over `hash` (base64). `restored_from` is `seq:hash` of the head before a backup was restored; ''
    where the chain continued.
    """

    at: datetime
    seq: int
    hash: str
    signature: str
    restored_from: str = ""
