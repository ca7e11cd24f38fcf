"""The fields that can hold a customer's personal data, and the unmistakable value of each.

It reads `personal.txt` once. A value names its field (`canary-Order-poNumber`), or is a unique number or time; equal
fields have equal values. It does not assign values to people.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

BASE_TIME: Final = datetime(2026, 2, 1, 3, 7, 11, tzinfo=UTC)
# Too short or too common to identify one customer: seeded, but not required to be found.
INDISTINCT_KINDS: Final = frozenset({"enum", "bool", "month"})
CANARY_MONTH: Final = 11


@dataclass(frozen=True, kw_only=True, slots=True)
class PersonalField:
    """One field: its type and name, the kind of its value, and Shopify's mark of protected data."""

    type_name: str
    field: str
    kind: str
    is_list: bool
    protected_group: str
    index: int
    enum_value: str = ""

    @property
    def name(self) -> str:
        """Return `Type.field`."""
        return f"{self.type_name}.{self.field}"

    @property
    def text(self) -> str:
        """Return the text to search for; empty for an indistinct value (`COMMON`) and for an id, which needs its owner."""
        moment = BASE_TIME + timedelta(days=self.index % 200, seconds=self.index)
        found = {
            "": f"canary-{self.type_name}-{self.field}",
            "num": str(880_000_000_000 + self.index),
            "int": str(7_000 + self.index),
            "float": f"{40 + self.index / 10_000:.4f}",
            "money": f"{4_321 + self.index}.09",
            "at": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "day": moment.strftime("%Y-%m-%d"),
        }
        found |= {"html": found[""], "json": found[""]}
        found["mail"] = f"{found['']}@example.com".lower()
        found["url"] = f"https://example.com/{found['']}"
        return found.get(self.kind, "")

    def make_value(self, owner_id: int) -> Any:
        """Return the value in Shopify's notation. `owner` makes ids, which two shops must not share."""
        text = self.text
        values_by_kind: dict[str, Any] = {
            "enum": self.enum_value,
            "bool": True,
            "month": CANARY_MONTH,
            "id": f"gid://shopify/{self.type_name}/{owner_id + 10 * self.index}",
            "html": f"<p>{text}</p>",
            "json": {"canary": text},
        }
        found = values_by_kind.get(self.kind, text)
        if self.kind in {"int", "float"}:
            found = float(text) if self.kind == "float" else int(text)
        return [found] if self.is_list else found


@cache
def load_personal_fields() -> tuple[PersonalField, ...]:
    """Return every field, by type."""
    lines = (Path(__file__).parent / "personal.txt").read_text(encoding="utf-8").splitlines()
    found: list[PersonalField] = []
    type_name = ""
    for line in lines:
        if line.startswith("#"):
            continue
        words = line.split()
        if not line.startswith(" "):
            type_name = words.pop(0).rstrip(":")
        found += [_parse_personal_field(type_name, word, len(found) + at) for at, word in enumerate(words)]
    return tuple(found)


@cache
def list_personal_fields(type_name: str) -> tuple[PersonalField, ...]:
    """Return the fields of one type. Raises KeyError for a type that has none."""
    found = tuple(one for one in load_personal_fields() if one.type_name == type_name)
    if not found:
        raise KeyError(type_name)
    return found


@cache
def list_protected_fields(group: str) -> frozenset[str]:
    """Return the fields (`Type.field`) that Shopify protects as `name`, `email`, `phone` or `address`."""
    return frozenset(one.name for one in load_personal_fields() if one.protected_group == group)


def get_canary(type_name: str, field: str) -> str:
    """Return one value as text. Raises KeyError for a field that is not personal."""
    for one in list_personal_fields(type_name):
        if one.field == field:
            return one.text
    raise KeyError(field)


def _parse_personal_field(type_name: str, spec: str, index: int) -> PersonalField:
    rest, _, group = spec.partition("!")
    is_list_value = rest.endswith("*")
    name, is_enum, value = rest.rstrip("*").partition("=")
    name, _, kind = name.partition(":")
    return PersonalField(
        type_name=type_name,
        field=name,
        kind="enum" if is_enum else kind,
        is_list=is_list_value,
        protected_group=group,
        index=index,
        enum_value=value,
    )
