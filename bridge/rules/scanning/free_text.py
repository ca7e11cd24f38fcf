"""Find sensitive numbers in the free text of a delivery: notes, attributes, tags.

Pure. Returns locations and kinds, never a text. No field of the check-out asks for bank particulars; what is found
was written into a note, an attribute or a tag.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bridge.rules.index.identity import legacy_id, read_record_id
from bridge.rules.index.json_values import read_object, read_objects, read_text, read_texts
from bridge.rules.scanning import context_words, scanner

# Characters that are scanned. A buyer's note has 5,000 at most: a longer text is an app's, or an attack.
# https://shopify.dev/changelog/note-length-is-now-validated-5000-char
# Of all fields of a delivery: 500 lines with an engraving each have less
MAX_TEXT_CHARS = 20_000
MAX_DELIVERY_CHARS = 200_000
TEXT_TOO_LONG = "too long to look at whole"

# Shopify's ids, today of 13 and 14 digits. One in ten passes a card's check
_SHOPIFY_ID_FORMAT = re.compile(r"[4-9]\d{12,13}")
_ID_NAME_PATTERN = re.compile(r"(?<![a-z])(?i:ids?)(?![a-z])|(?<=[a-z])Ids?\b|(?i:product|variant)")


@dataclass(frozen=True, kw_only=True, slots=True)
class SensitiveTextLocation:
    """One field that holds sensitive numbers: `what` names field and kinds, the ids say of which order and customer."""

    what: str
    order_id: str = ""
    customer_id: str = ""

    @property
    def review_key(self) -> str:
        """Return what makes two locations the same: a customer's note comes again with each order of that customer."""
        return build_review_key(self.what, customer_id=self.customer_id) if self.customer_id else ""


def build_review_key(what: str, *, customer_id: str) -> str:
    """Return the key under which a field of a customer is reported once."""
    return f"{what}|customer {customer_id}"


def find_sensitive_text(topic: str, body: Mapping[str, Any], kinds: Collection[str]) -> list[SensitiveTextLocation]:
    """Return the fields of one delivery that hold numbers of these kinds, and those too long to read completely."""
    if not kinds:
        return []
    locations, remaining_chars = [], MAX_DELIVERY_CHARS
    for field_name, texts in _list_text_fields(topic, body):
        if len(texts) < 2 and not any(texts):  # most fields are blank
            continue
        joined = "\n".join(text[:MAX_TEXT_CHARS] for text in texts)
        scanned = joined[:remaining_chars]
        remaining_chars -= len(scanned)
        found_kinds = {hit.kind for hit in scanner.scan_text(scanned, kinds)} if scanned else set()
        descriptions = [", ".join(sorted(found_kinds))] if found_kinds else []
        if len(scanned) < len(joined) or any(len(text) > MAX_TEXT_CHARS for text in texts):
            descriptions.append(TEXT_TOO_LONG)
        if not descriptions:
            continue
        order, customer = _get_record_owner_ids(topic, body)
        customer_id = customer if field_name.startswith("customer") else ""
        for what in descriptions:
            location = SensitiveTextLocation(what=f"{field_name}: {what}", order_id=order, customer_id=customer_id)
            locations.append(location)
    return locations


def _list_text_fields(topic: str, body: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Yield (field, all its texts): an account in one attribute is recognised by the bank code in the next."""
    family = topic.partition("/")[0]
    if family == "customers":
        yield from _list_customer_text_fields(body)
        return
    yield f"{'order' if family == 'orders' else family.rstrip('s')} note", [read_text(body.get("note"))]
    yield "order attributes", _format_attributes(body.get("note_attributes"))
    lines = read_objects(body.get("line_items"))
    lines += [read_object(line.get("line_item")) for line in read_objects(body.get("refund_line_items"))]
    yield "line properties", [pair for line in lines for pair in _format_attributes(line.get("properties"))]
    yield "refund note", [read_text(refund.get("note")) for refund in read_objects(body.get("refunds"))]
    yield from _list_customer_text_fields(read_object(body.get("customer")))


def _list_customer_text_fields(body: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    yield "customer note", [read_text(body.get("note"))]
    tags = body.get("tags")
    yield "customer tags", read_texts(tags) if isinstance(tags, list) else [read_text(tags)]


def _format_attributes(values: Any) -> list[str]:
    """Return attributes and properties as `name: value`, without the numbers of products that apps write."""
    if not values:
        return []
    if isinstance(values, Mapping):  # carts send them as one object
        pairs = [(str(name), str(value)) for name, value in values.items()]
    else:
        pairs = [(str(pair.get("name")), str(pair.get("value"))) for pair in read_objects(values)]
    return [f"{name}: {value}" for name, value in pairs if not _is_app_identifier(name, value)]


def _is_app_identifier(name: str, value: str) -> bool:
    """Return True for a Shopify id written by an app: a name that starts with `_` is hidden from the buyer."""
    if not _SHOPIFY_ID_FORMAT.fullmatch(value) or context_words.BANK_WORDS.search(name.replace("_", " ")):
        return False
    return name.startswith("_") or _ID_NAME_PATTERN.search(name) is not None


def _get_record_owner_ids(topic: str, body: Mapping[str, Any]) -> tuple[str, str]:
    own_id = read_record_id(body)
    if topic.startswith("customers/"):
        return "", own_id
    order = own_id if topic.startswith("orders/") else legacy_id(body.get("order_id"))
    return order, read_record_id(read_object(body.get("customer")))
