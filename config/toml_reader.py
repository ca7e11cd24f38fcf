"""A table of a TOML file, read key by key: wrong types, missing and unknown keys become faults in words.

Collects; never raises for a single key, so that one start names every fault of a file. No fault repeats a
value. A value may be plain or `{ value = …, status = …, note = … }`, where `unset`, `conflict` and `review`
say how sure the merchant is of it and `confirmed` settles what would otherwise count as empty.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bridge.errors import SettingsInvalid

ROOT = Path(__file__).resolve().parent.parent
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
SHA256 = re.compile(r"[0-9a-f]{64}")
SHA256_WORDS = "must be a SHA-256 in lower-case hex"
MOST_DAYS = 36_500  # a century: catches a slipped digit, is no opinion about the law
STATUSES = ("unset", "conflict", "review", "confirmed")
PLACEHOLDERS = ("[Insert", "REPLACE_WITH")
_WRAPPER = {"value", "status", "note", "policy"}


def label(path: Path) -> str:
    """The file as faults name it: from the project's folder on, where it lies inside."""
    full = path.resolve()
    return full.relative_to(ROOT).as_posix() if full.is_relative_to(ROOT) else path.as_posix()


def place(file: str, table: str, key: str) -> str:
    """Where a value stands, the way every fault begins: `file: [table] key`."""
    return f"{file}: [{table}] {key}" if table else f"{file}: {key}"


def read(path: Path) -> tuple[dict[str, Any], str]:
    """The file's top table and the SHA-256 of its bytes. Raises SettingsInvalid naming file and line."""
    try:
        raw = path.read_bytes()
        return tomllib.loads(raw.decode()), sha256(raw).hexdigest()
    except OSError:
        raise SettingsInvalid([f"{label(path)}: cannot be read"]) from None
    except UnicodeDecodeError:
        raise SettingsInvalid([f"{label(path)}: must be UTF-8"]) from None
    except tomllib.TOMLDecodeError as fault:
        raise SettingsInvalid([f"{label(path)}: is not TOML: {fault}"]) from None


@dataclass(kw_only=True)
class Report:
    """What reading a file brought up: faults in sentences, unset as dotted names, warnings in sentences."""

    file: str
    faults: list[str] = field(default_factory=list)
    unset: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


class Table:
    """One table. Every getter marks its key as known; `close` reports the rest.

    `needed` keys are unset when empty: production refuses. `wanted` keys are a warning when empty.
    """

    def __init__(self, data: dict[str, Any], name: str, report: Report) -> None:
        self._data = data
        self._known: set[str] = set()
        self.name = name
        self.report = report

    def fault(self, key: str, why: str) -> None:
        """Report one key."""
        self.report.faults.append(f"{place(self.report.file, self.name, key)} {why}")

    def warn(self, key: str, why: str) -> None:
        """Report what does not keep production from starting."""
        self.report.warnings.append(f"{place(self.report.file, self.name, key)} {why}")

    def unset(self, key: str) -> None:
        """Report what production cannot start without."""
        self.report.unset.append(self._dotted(key))

    def close(self) -> None:
        """Report every key nobody asked for: a misspelt key must not pass for an absent one."""
        for key in sorted(self._data.keys() - self._known):
            self.fault(key, "is not a known key")

    def has(self, key: str) -> bool:
        """True where the key is written, whatever its value."""
        return key in self._data

    def text(
        self, key: str, default: str | None = None, *, needed: bool = False, wanted: bool = False
    ) -> str:
        """A string without placeholder. Without a default the key must be there and hold something."""
        value, status = self._take(key, default)
        if not isinstance(value, str):
            self._wrong(key, value, "must be text")
            return default or ""
        held = any(placeholder in value for placeholder in PLACEHOLDERS)
        empty = status == "unset" or not value.strip()
        if held or (empty and needed):
            self.unset(key)  # a placeholder anywhere would end up in a letter, so no key is exempt
        elif empty and wanted:
            self.warn(key, "is not set")
        elif default is None and not value.strip():
            self.fault(key, "must not be empty")
        return (default or "") if held else value.strip()

    def shaped(self, key: str, shape: re.Pattern[str], why: str, *, needed: bool = False) -> str:
        """A string of one shape, where it is given at all."""
        value = self.text(key, "", needed=needed)
        if value and not shape.fullmatch(value):
            self.fault(key, why)
        return value

    def zone(self, key: str, default: str) -> str:
        """The name of a time zone this machine knows."""
        value = self.text(key, default)
        try:
            ZoneInfo(value)
        except (KeyError, OSError, ValueError):
            self.fault(key, "must be a time zone such as Asia/Kolkata")
        return value

    def one_of(self, key: str, allowed: tuple[str, ...], default: str | None = None) -> str:
        """A word of a closed set."""
        value, status = self._take(key, default)
        if value is not None and value not in allowed:
            self.fault(key, "must be one of " + ", ".join(allowed))
        elif status == "unset":
            self.unset(key)
        return value if value in allowed else default or allowed[0]

    def whole(self, key: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number within bounds."""
        value, _ = self._take(key, default)
        if not isinstance(value, int) or isinstance(value, bool):
            self._wrong(key, value, "must be a whole number")
        elif not low <= value <= high:
            self.fault(key, f"must be between {low} and {high}")
        else:
            return value
        return default if default is not None else low

    def days(self, key: str) -> int | None:
        """A number of days the merchant has to decide; 0 counts as undecided unless it is `confirmed`."""
        value, status = self._take(key, 0)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST_DAYS:
            self.fault(key, f"must be a whole number between 0 and {MOST_DAYS}")
            return None
        if status == "unset" or (value == 0 and status != "confirmed"):
            self.unset(key)
            return None
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        """True or false."""
        value, status = self._take(key, default)
        if not isinstance(value, bool):
            self.fault(key, "must be true or false")
            return default
        if status == "unset":
            self.warn(key, "is not decided")
        return value

    def day(self, key: str, *, optional: bool = False, needed: bool = False) -> date | None:
        """A TOML date; an empty string counts as not set."""
        value, _ = self._take(key, "" if optional or needed else None)
        if value == "" and (optional or needed):
            if needed:
                self.unset(key)
        elif not isinstance(value, date) or isinstance(value, datetime):
            self._wrong(key, value, "must be a date such as 2026-11-22")
        else:
            return value
        return None

    def texts(self, key: str, *, must: bool = False) -> tuple[str, ...]:
        """A list of strings."""
        value, _ = self._take(key, None if must else [])
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            self._wrong(key, value, "must be a list of text")
            return ()
        if any(placeholder in each for each in value for placeholder in PLACEHOLDERS):
            self.unset(key)
            return ()
        return tuple(value)

    def number(self, key: str, low: float, high: float, default: float) -> float:
        """A number within bounds, whole or not."""
        value, _ = self._take(key, default)
        if not isinstance(value, int | float) or isinstance(value, bool):
            self.fault(key, "must be a number")
        elif not low <= value <= high:
            self.fault(key, f"must be between {low:g} and {high:g}")
        else:
            return value
        return default

    def numbers(self, key: str, default: tuple[float, ...]) -> tuple[float, ...]:
        """A list of numbers that rise and are not negative."""
        value, _ = self._take(key, list(default))
        good = isinstance(value, list) and all(type(each) in (int, float) and each >= 0 for each in value)
        if not good or value != sorted(value):
            self.fault(key, "must be a list of rising numbers")
            return default
        return tuple(value)

    def wholes(self, key: str, default: tuple[int, ...]) -> tuple[int, ...]:
        """A list of whole numbers."""
        value, _ = self._take(key, list(default))
        if not isinstance(value, list) or not all(type(each) is int for each in value):
            self.fault(key, "must be a list of whole numbers")
            return default
        return tuple(value)

    def table(self, key: str, *, must: bool = False, name: str = "") -> Table:
        """A table inside this one; an absent one is empty, and a fault where it must be there."""
        self._known.add(key)
        value = self._data.get(key)
        if value is None and must:
            self.fault(key, "is missing")
        elif value is not None and not isinstance(value, dict):
            self.fault(key, "must be a table")
        return Table(value if isinstance(value, dict) else {}, name or self._dotted(key), self.report)

    def tables(self, key: str) -> list[dict[str, Any]]:
        """The tables of a `[[list]]`, still raw: they are named by what stands inside."""
        value, _ = self._take(key, [])
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            self.fault(key, "must be a list of tables")
            return []
        return value

    def names(self) -> list[str]:
        """The keys as written, for tables whose keys are the merchant's own names."""
        return list(self._data)

    def raw(self, key: str) -> Any:
        """Whatever stands there, for the caller to judge; None where nothing does."""
        return self._take(key, "")[0]

    def _dotted(self, key: str) -> str:
        return f"{self.name}.{key}" if self.name else key

    def _take(self, key: str, default: Any) -> tuple[Any, str]:
        """The value with its status. A missing key without default is a fault, once, and None."""
        self._known.add(key)
        if key not in self._data:
            if default is None:
                self.fault(key, "is missing")
            return default, ""
        value = self._data[key]
        if not (isinstance(value, dict) and "value" in value):
            return value, ""
        status = value.get("status", "")
        if value.keys() - _WRAPPER or status not in ("", *STATUSES):
            self.fault(key, "must have only value, status, note; status one of " + ", ".join(STATUSES))
        elif status in {"conflict", "review"}:
            self.warn(key, f"is marked {status}" + (f": {value['note']}" if value.get("note") else ""))
        return value["value"], status

    def _wrong(self, key: str, value: Any, why: str) -> None:
        if value is not None:  # None was reported as missing
            self.fault(key, why)
