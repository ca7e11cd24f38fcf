"""Where people write at the shop what nobody asked for, and which of it must not stand there.

Pure. Gives places and kinds, never a text. What is asked for at check-out holds no bank particulars; what is found
was written into a note, an attribute or a tag.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bridge.rules import scanner
from bridge.rules.identity import legacy_id
from bridge.rules.reading import mapping, mappings, text, texts


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
    """The places of one delivery that hold numbers of these kinds."""
    found = []
    for place, written in _places(topic, body):
        seen = {hit.kind for hit in scanner.scan(written, kinds)} if written else set()
        if seen:
            order, customer = _ids(topic, body)
            what = f"{place}: {', '.join(sorted(seen))}"
            hers = customer if place.startswith("customer") else ""
            found.append(Spot(what=what, order_id=order, customer_id=hers))
    return found


def _places(topic: str, body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(place, all that stands there): an account in one attribute is known by the bank code in the next."""
    family = topic.partition("/")[0]
    if family == "customers":
        yield from _customer(body)
        return
    yield f"{'order' if family == 'orders' else family.rstrip('s')} note", text(body.get("note"))
    yield "order attributes", _pairs(body.get("note_attributes"))
    lines = mappings(body.get("line_items"))
    lines += [mapping(line.get("line_item")) for line in mappings(body.get("refund_line_items"))]
    yield "line properties", "\n".join(_pairs(line.get("properties")) for line in lines)
    refunds = mappings(body.get("refunds"))
    yield "refund note", "\n".join(text(refund.get("note")) for refund in refunds)
    yield from _customer(mapping(body.get("customer")))


def _customer(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "customer note", text(body.get("note"))
    tags = body.get("tags")
    yield "customer tags", "\n".join(texts(tags)) if isinstance(tags, list) else text(tags)


def _pairs(values: Any) -> str:
    """Attributes and properties, a line each: `name: value`."""
    if isinstance(values, Mapping):  # carts give them as one object
        return "\n".join(f"{name}: {value}" for name, value in values.items())
    return "\n".join(f"{pair.get('name')}: {pair.get('value')}" for pair in mappings(values))


def _ids(topic: str, body: Mapping[str, Any]) -> tuple[str, str]:
    own = legacy_id(body.get("id")) or legacy_id(body.get("admin_graphql_api_id"))
    if topic.startswith("customers/"):
        return "", own
    order = own if topic.startswith("orders/") else legacy_id(body.get("order_id"))
    customer = mapping(body.get("customer"))
    return order, legacy_id(customer.get("id")) or legacy_id(customer.get("admin_graphql_api_id"))
