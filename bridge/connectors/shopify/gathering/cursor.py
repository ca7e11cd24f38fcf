"""How far a gathering has come: the cursor of a page, as JSON.

Holds what the next step needs and no step before it may be asked for again. It names the person: the port
promises that cursors are sealed at rest.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from bridge.connectors.shopify.gathering.date_windows import TimeWindows
from bridge.errors import ConnectorRefused

CURSOR_VERSION = 2


class GatherStage(StrEnum):
    """What is read next."""

    CUSTOMER = "customer"
    BULK = "bulk"
    ORDERS = "orders"
    SEARCHED_ORDERS = "found"
    RELATED_RECORDS = "beside"
    NAMED_ORDERS = "named"
    LINKED_RECORDS = "trail"
    END = "end"


@dataclass(frozen=True, kw_only=True, slots=True)
class GatherCursor:
    """Where the next step begins.

    `shut` are variables of documents that scopes or refusals have closed, `customer` the gid of who was
    found, `after` Shopify's cursor in the stage, `left` how many orders the customer still has, `start` the
    cursor from which orders are read in halves, `again` whether it is the second half's turn, `beside` the
    cursor of each list that is not at its end, `seen` one bit for each order that the request names,
    `strangers` how many orders were left out because they are another person's or nobody can tell.

    What the trail will follow: `paid` when she paid, `disputes` of her orders (numbers), `checkouts` she left
    (gids), `things` the types of metaobjects that name a customer; `turns` is how many calls it has taken.

    Of a bulk operation: `bulk` its gid, `lines` how many lines of its file are done and
    `rows` how many orders, `met` the number of the order
    up to which all are kept without it, `high` that of the last order kept from it (-1 once they came unsorted),
    `tries` how many operations before it failed, `bulked` whether first halves came that way.
    """

    stage: GatherStage = GatherStage.CUSTOMER
    shut: tuple[str, ...] = ()
    customer: str = ""
    matched_by: str = ""
    emails: tuple[str, ...] = ()
    after: str = ""
    left: int = 0
    start: str | None = None
    again: bool = False
    beside: dict[str, str] = field(default_factory=dict)
    seen: int = 0
    strangers: int = 0
    paid: TimeWindows = ()
    disputes: tuple[str, ...] = ()
    checkouts: tuple[str, ...] = ()
    things: tuple[str, ...] = ()
    turns: int = 0
    bulk: str = ""
    lines: int = 0
    rows: int = 0
    met: int = 0
    high: int = 0
    tries: int = 0
    bulked: bool = False

    def serialize(self, order_ids: tuple[str, ...]) -> str:
        """Write the cursor."""
        words = asdict(self) | {
            "v": CURSOR_VERSION,
            "seen": f"{self.seen:x}",
            "of": _digest_order_ids(order_ids),
        }
        return json.dumps(words, separators=(",", ":"))


def parse_cursor(cursor: str, order_ids: tuple[str, ...]) -> GatherCursor:
    """Read a cursor; an empty one is the beginning. Raises ConnectorRefused for a foreign one."""
    if not cursor:
        return GatherCursor()
    try:
        words: dict[str, Any] = json.loads(cursor)
        if words.pop("v") != CURSOR_VERSION:
            raise ConnectorRefused("shopify: cursor of another edition")
        # other orders are named now than when the bits were set: all of them are looked at again
        seen, of = int(words.pop("seen"), 16), words.pop("of")
        seen = seen if of == _digest_order_ids(order_ids) else 0
        words |= {name: tuple(words[name]) for name in ("shut", "emails", "disputes", "checkouts", "things")}
        words |= {
            "stage": GatherStage(words["stage"]),
            "paid": tuple((one, two) for one, two in words["paid"]),
        }
        return GatherCursor(seen=seen, **words)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ConnectorRefused("shopify: cursor is not ours") from None


def _digest_order_ids(order_ids: tuple[str, ...]) -> str:
    return hashlib.sha256(",".join(order_ids).encode()).hexdigest()[:12]
