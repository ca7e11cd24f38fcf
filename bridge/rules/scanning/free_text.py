"""Where people write at the shop what nobody asked for, and which of it must not stand there.

Pure. Gives places and kinds, never a text. What is asked for at check-out holds no bank particulars; what is found
was written into a note, an attribute or a tag.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bridge.rules.index.identity import legacy_id
from bridge.rules.index.json_values import mapping, mappings, text, texts
from bridge.rules.scanning import context_words, scanner

# Characters that are looked at. A buyer's note has 5,000 at most: a longer text is an app's, or an attack.
# https://shopify.dev/changelog/note-length-is-now-validated-5000-char
# Of all places of a delivery: 500 lines with an engraving each have less
LONGEST = 20_000
LONGEST_OF_ALL = 200_000
TOO_LONG = "too long to look at whole"

# Numbers that Shopify gives to what it keeps, today of 13 and 14 digits. One in ten passes a card's check
_NUMBERED = re.compile(r"[4-9]\d{12,13}")
_OF_A_THING = re.compile(r"(?<![a-z])(?i:ids?)(?![a-z])|(?<=[a-z])Ids?\b|(?i:product|variant)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Spot:
    """One place that holds what it should not: `what` names place and kinds, the ids say whose it is."""

    what: str
    order_id: str = ""
    customer_id: str = ""

    @property
    def once(self) -> str:
        """What makes two of them the same: a customer's note comes again with each of her orders."""
        return once(self.what, customer_id=self.customer_id) if self.customer_id else ""


def once(what: str, *, customer_id: str) -> str:
    """The name under which a place of a customer is told once."""
    return f"{what}|customer {customer_id}"


def spots(topic: str, body: Mapping[str, Any], kinds: Collection[str]) -> list[Spot]:
    """The places of one delivery that hold numbers of these kinds, and those that were too long to look at whole."""
    if not kinds:
        return []
    order, customer = _ids(topic, body)
    found, left = [], LONGEST_OF_ALL
    for place, written in _places(topic, body):
        joined = "\n".join(one[:LONGEST] for one in written)
        looked_at = joined[:left]
        left -= len(looked_at)
        seen = {hit.kind for hit in scanner.scan(looked_at, kinds)} if looked_at else set()
        said = [", ".join(sorted(seen))] if seen else []
        if len(looked_at) < len(joined) or any(len(one) > LONGEST for one in written):
            said.append(TOO_LONG)
        hers = customer if place.startswith("customer") else ""
        found += [Spot(what=f"{place}: {what}", order_id=order, customer_id=hers) for what in said]
    return found


def _places(topic: str, body: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """(place, all that stands there): an account in one attribute is known by the bank code in the next."""
    family = topic.partition("/")[0]
    if family == "customers":
        yield from _customer(body)
        return
    yield f"{'order' if family == 'orders' else family.rstrip('s')} note", [text(body.get("note"))]
    yield "order attributes", list(_pairs(body.get("note_attributes")))
    lines = mappings(body.get("line_items"))
    lines += [mapping(line.get("line_item")) for line in mappings(body.get("refund_line_items"))]
    yield "line properties", [pair for line in lines for pair in _pairs(line.get("properties"))]
    yield "refund note", [text(refund.get("note")) for refund in mappings(body.get("refunds"))]
    yield from _customer(mapping(body.get("customer")))


def _customer(body: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    yield "customer note", [text(body.get("note"))]
    tags = body.get("tags")
    yield "customer tags", texts(tags) if isinstance(tags, list) else [text(tags)]


def _pairs(values: Any) -> Iterator[str]:
    """Attributes and properties, `name: value`; without the numbers of products that apps put there."""
    if isinstance(values, Mapping):  # carts give them as one object
        pairs = [(str(name), str(value)) for name, value in values.items()]
    else:
        pairs = [(str(pair.get("name")), str(pair.get("value"))) for pair in mappings(values)]
    return (f"{name}: {value}" for name, value in pairs if not _of_an_app(name, value))


def _of_an_app(name: str, value: str) -> bool:
    """A name with `_` before it is hidden from the buyer: apps write those."""
    if not _NUMBERED.fullmatch(value) or context_words.BANK.search(name.replace("_", " ")):
        return False
    return name.startswith("_") or _OF_A_THING.search(name) is not None


def _ids(topic: str, body: Mapping[str, Any]) -> tuple[str, str]:
    own = legacy_id(body.get("id")) or legacy_id(body.get("admin_graphql_api_id"))
    if topic.startswith("customers/"):
        return "", own
    order = own if topic.startswith("orders/") else legacy_id(body.get("order_id"))
    customer = mapping(body.get("customer"))
    return order, legacy_id(customer.get("id")) or legacy_id(customer.get("admin_graphql_api_id"))
