"""The retention file: laws, holds, categories (`config/retention.toml`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Law:
    """A law with the days in force; `in_force_to` None means still in force."""

    id: str
    title: str
    in_force_from: date
    in_force_to: date | None
    applies_if: Mapping[str, tuple[Any, ...]]

    def in_force(self, day: date) -> bool:
        """True where the law binds on that day."""
        return self.in_force_from <= day and (self.in_force_to is None or day <= self.in_force_to)


@dataclass(frozen=True, kw_only=True, slots=True)
class HoldRule:
    """Why data must stay: a law, a named rule for the last day of the duty, the event it counts from."""

    id: str
    law: str
    last_day_rule: str
    args: Mapping[str, int]
    from_event: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Category:
    """One kind of data: its fields, basis per regime, what a request does, which holds stop that."""

    id: str
    title: str
    fields: tuple[str, ...]
    personal_data: tuple[str, ...]
    policy_sections: tuple[str, ...]
    basis: Mapping[str, str]
    on_request: str
    holds: tuple[str, ...]
    held_action: str
    max_age: Mapping[str, Any]
    keep_fields: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Retention:
    """The whole file. `unset` names what counsel still has to fill in; `broken` the rules that hold because
    they could not be read. `sha256` is of the file's bytes.
    """

    policy_id: str
    laws: Mapping[str, Law]
    holds: Mapping[str, HoldRule]
    categories: Mapping[str, Category]
    merchant: Mapping[str, Any]
    timezone: str
    reviewed_by: str
    unset: tuple[str, ...]
    broken: tuple[str, ...]
    sha256: str
