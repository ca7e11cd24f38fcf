"""Read the identifiers of a request that was written down by a person: one or several of each kind.

Pure. Several addresses or numbers stand in one field of the principal, which is searched, erased and suppressed by each.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from bridge.errors import PayloadInvalid
from bridge.model import Principal
from bridge.rules.index.identity import is_readable_identifier

MAX_TEXT_CHARS = 20_000
IDENTIFIER_NAMES = ("customer_id", "email", "phone", "order_id")


def build_principal(identifiers: Mapping[str, Iterable[str]]) -> Principal:
    """Return the principal that these identifiers name.

    Raises PayloadInvalid: `email_unreadable`, `phone_unreadable`, `customer_repeated`.
    """
    given = {name: list(dict.fromkeys(identifiers.get(name, ()))) for name in IDENTIFIER_NAMES}
    if len(given["customer_id"]) > 1:
        raise PayloadInvalid("customer_repeated")
    for field in ("email", "phone"):
        # each alone: two halves would read as one when they stand together
        if not all(is_readable_identifier(field, value) for value in given[field]):
            raise PayloadInvalid(f"{field}_unreadable")
    return Principal(
        customer_id="".join(given["customer_id"]),
        email=", ".join(given["email"]),
        phone=", ".join(given["phone"]),
        order_ids=tuple(given["order_id"]),
    )


def parse_identifiers(text: str) -> dict[str, list[str]]:
    """Return identifiers by name from a JSON object, or from lines such as `email: asha@example.com`.

    Raises ValueError or TypeError that repeats nothing of the text.
    """
    if len(text) > MAX_TEXT_CHARS:
        raise ValueError
    pairs = _read_json(text) if text.lstrip().startswith("{") else _read_lines(text)
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        key = name.strip().lower().replace("-", "_")
        if key not in IDENTIFIER_NAMES or not value.strip():
            raise ValueError
        found.setdefault(key, []).append(value.strip())
    return found


def _read_json(text: str) -> list[tuple[str, str]]:
    document: dict[str, Any] = json.loads(text)
    pairs = []
    for name, given in document.items():
        for value in given if isinstance(given, list) else [given]:
            if isinstance(value, bool) or not isinstance(value, str | int):
                raise TypeError
            pairs.append((name, str(value)))
    return pairs


def _read_lines(text: str) -> list[tuple[str, str]]:
    pairs = []
    for line in filter(str.strip, text.splitlines()):
        name, colon, value = line.partition(":")
        if not colon:
            raise ValueError
        pairs.append((name, value))
    return pairs
