"""Read a table of a TOML file key by key, and report wrong types, missing and unknown keys in sentences.

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
from config.removed_settings import explain_unknown_key

ROOT = Path(__file__).resolve().parent.parent
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_SHA256 = re.compile(r"[0-9a-f]{64}")
MAX_DAYS = 36_500  # a century: the bound only catches typing errors
STATUSES = ("unset", "conflict", "review", "confirmed")
PLACEHOLDERS = ("[Insert", "REPLACE_WITH")
_WRAPPER_KEYS = {"value", "status", "note", "policy"}


def label_file(path: Path) -> str:
    """Return the file's name for faults: relative to the project's folder where it lies inside."""
    full = path.resolve()
    return full.relative_to(ROOT).as_posix() if full.is_relative_to(ROOT) else path.as_posix()


def format_key_location(file: str, table: str, key: str) -> str:
    """Return where a value stands, the way every fault begins: `file: [table] key`."""
    return f"{file}: [{table}] {key}" if table else f"{file}: {key}"


def read_toml(path: Path, text: str | None = None) -> tuple[dict[str, Any], str]:
    """Return the file's top table and the SHA-256 of its bytes. Raises SettingsInvalid naming file and line.

    With `text` the file is not read: `path` is only the name of the text in faults.
    """
    try:
        raw = path.read_bytes() if text is None else text.encode()
        return tomllib.loads(raw.decode()), sha256(raw).hexdigest()
    except OSError:
        raise SettingsInvalid(
            [f"{label_file(path)}: cannot be read: check that the file exists and that the bridge may read it"]
        ) from None
    except UnicodeDecodeError:
        raise SettingsInvalid([f"{label_file(path)}: must be UTF-8: save it in that encoding"]) from None
    except tomllib.TOMLDecodeError as fault:
        raise SettingsInvalid([f"{label_file(path)}: is not TOML: {fault}"]) from None


@dataclass(kw_only=True)
class FileReport:
    """The result of reading a file: faults in sentences, unset as dotted names, warnings in sentences."""

    file: str
    faults: list[str] = field(default_factory=list)
    unset: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def add_fault(self, table: str, key: str, reason: str) -> None:
        """Report one key of a table."""
        self.faults.append(f"{format_key_location(self.file, table, key)} {reason}")


class TomlTable:
    """One table. Every getter marks its key as known; `report_unknown_keys` reports the others.

    Keys that are `required_in_production` are unset when empty: production refuses. `recommended` keys are a warning.
    """

    def __init__(self, data: dict[str, Any], name: str, report: FileReport) -> None:
        self._data = data
        self._known_keys: set[str] = set()
        self.name = name
        self.report = report

    def add_fault(self, key: str, reason: str) -> None:
        """Report one key."""
        self.report.add_fault(self.name, key, reason)

    def add_warning(self, key: str, reason: str) -> None:
        """Report what does not keep production from starting."""
        self.report.warnings.append(f"{format_key_location(self.report.file, self.name, key)} {reason}")

    def add_unset(self, key: str) -> None:
        """Report what production cannot start without."""
        self.report.unset.append(self._dotted_key(key))

    def report_unknown_keys(self) -> None:
        """Report every key nobody asked for: a misspelt key must not pass for an absent one."""
        for key in sorted(self._data.keys() - self._known_keys):
            self.add_fault(key, explain_unknown_key(self.name, key))

    def has_key(self, key: str) -> bool:
        """Return True where the key is written, whatever its value."""
        return key in self._data

    def get_text(
        self, key: str, default: str | None = None, *, required_in_production: bool = False, recommended: bool = False
    ) -> str:
        """Return a string without placeholder. Without a default the key must be there and not be empty."""
        value, status = self._get_value(key, default)
        if not isinstance(value, str):
            self._add_type_fault(key, value, "must be text in quotation marks")
            return default or ""
        has_placeholder = any(placeholder in value for placeholder in PLACEHOLDERS)
        is_empty = status == "unset" or not value.strip()
        if default is None and not value.strip():
            self.add_fault(key, "must not be empty: write a text")
        elif has_placeholder or (is_empty and required_in_production):
            self.add_unset(key)  # a placeholder would be printed in a letter, so no key is exempt
        elif is_empty and recommended:
            self.add_warning(key, "is not set")
        return (default or "") if has_placeholder else value.strip()

    def get_email(self, key: str, *, required_in_production: bool = False) -> str:
        """Return an e-mail address; '' where it is not given."""
        value = self.get_text(key, "", required_in_production=required_in_production)
        if value and not _EMAIL.fullmatch(value):
            self.add_fault(key, "must be an e-mail address")
        return value

    def get_sha256(self, key: str) -> str:
        """Return a digest that production requires; '' where it is not given."""
        value = self.get_text(key, "", required_in_production=True)
        if value and not _SHA256.fullmatch(value):
            self.add_fault(key, "must be a SHA-256 in lower-case hex")
        return value

    def get_timezone(self, key: str, default: str) -> str:
        """Return the name of a time zone that this machine knows."""
        value = self.get_text(key, default)
        try:
            ZoneInfo(value)
        except (KeyError, OSError, ValueError):
            self.add_fault(key, "must be a time zone such as Asia/Kolkata")
        return value

    def get_choice(self, key: str, allowed: tuple[str, ...], default: str | None = None) -> str:
        """Return one of the allowed words."""
        value, status = self._get_value(key, default)
        if value is not None and value not in allowed:
            self.add_fault(key, "must be one of " + ", ".join(allowed))
        elif status == "unset":
            self.add_unset(key)
        return value if value in allowed else default or allowed[0]

    def get_int(self, key: str, low: int, high: int, default: int | None = None) -> int:
        """Return a whole number within bounds."""
        value, _ = self._get_value(key, default)
        if not isinstance(value, int) or isinstance(value, bool):
            self._add_type_fault(key, value, "must be a whole number")
        elif not low <= value <= high:
            self.add_fault(key, f"must be between {low} and {high}")
        else:
            return value
        return default if default is not None else low

    def get_days(self, key: str) -> int | None:
        """Return a number of days; None while the merchant has not decided. 0 counts only when `confirmed`."""
        value, status = self._get_value(key, 0)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_DAYS:
            self.add_fault(key, f"must be a whole number between 0 and {MAX_DAYS}")
            return None
        if status == "unset" or (value == 0 and status != "confirmed"):
            self.add_unset(key)
            return None
        return value

    def get_bool(self, key: str, *, default: bool) -> bool:
        """Return true or false."""
        value, status = self._get_value(key, default)
        if not isinstance(value, bool):
            self.add_fault(key, "must be true or false")
            return default
        if status == "unset":
            self.add_warning(key, "is not decided")
        return value

    def get_date(self, key: str, *, optional: bool = False, required_in_production: bool = False) -> date | None:
        """Return a TOML date; an empty string counts as not set."""
        value, _ = self._get_value(key, "" if optional or required_in_production else None)
        if value == "" and (optional or required_in_production):
            if required_in_production:
                self.add_unset(key)
        elif not isinstance(value, date) or isinstance(value, datetime):
            self._add_type_fault(key, value, "must be a date such as 2026-11-22")
        else:
            return value
        return None

    def get_texts(self, key: str, *, required: bool = False) -> tuple[str, ...]:
        """Return a list of strings."""
        value, _ = self._get_value(key, None if required else [])
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            self._add_type_fault(key, value, 'must be a list of texts such as ["a", "b"]')
            return ()
        if any(placeholder in each for each in value for placeholder in PLACEHOLDERS):
            self.add_unset(key)
            return ()
        return tuple(value)

    def get_number(self, key: str, low: float, high: float, default: float) -> float:
        """Return a number within bounds, whole or not."""
        value, _ = self._get_value(key, default)
        if not isinstance(value, int | float) or isinstance(value, bool):
            self.add_fault(key, "must be a number")
        elif not low <= value <= high:
            self.add_fault(key, f"must be between {low:g} and {high:g}")
        else:
            return value
        return default

    def get_rising_numbers(self, key: str, default: tuple[float, ...]) -> tuple[float, ...]:
        """Return a list of numbers that rise and are not negative."""
        value, _ = self._get_value(key, list(default))
        is_list_of_numbers = isinstance(value, list) and all(type(each) in (int, float) and each >= 0 for each in value)
        if not is_list_of_numbers or value != sorted(value):
            self.add_fault(key, "must be a list of rising numbers such as [10, 16, 23]")
            return default
        return tuple(value)

    def get_table(self, key: str, *, required: bool = False, name: str = "") -> TomlTable:
        """Return a table inside this one; an absent one is empty, and a fault where it is required."""
        self._known_keys.add(key)
        value = self._data.get(key)
        if value is None and required:
            self.add_fault(key, f"is missing: add the table [{self._dotted_key(key)}]")
        elif value is not None and not isinstance(value, dict):
            self.add_fault(key, f"must be a table: write [{self._dotted_key(key)}]")
        return TomlTable(value if isinstance(value, dict) else {}, name or self._dotted_key(key), self.report)

    def get_table_list(self, key: str, *, named_by: str = "") -> list[TomlTable]:
        """Return the tables of a `[[list]]`, each named by its key `named_by`, or by its number where it has none."""
        value, _ = self._get_value(key, [])
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            self.add_fault(key, f"must be a list of tables: write [[{self._dotted_key(key)}]]")
            return []
        tables = []
        for number, data in enumerate(value, start=1):
            name = data.get(named_by)
            label = name if isinstance(name, str) and name else number
            tables.append(TomlTable(data, f"{self._dotted_key(key)}.{label}", self.report))
        return tables

    def list_keys(self) -> list[str]:
        """Return the keys as written, for tables whose keys are the merchant's own names."""
        return list(self._data)

    def get_raw(self, key: str) -> Any:
        """Return the value unchecked, for the caller to judge; '' where there is none."""
        return self._get_value(key, "")[0]

    def _dotted_key(self, key: str) -> str:
        return f"{self.name}.{key}" if self.name else key

    def _get_value(self, key: str, default: Any) -> tuple[Any, str]:
        """Return the value with its status. A missing key without default is reported once and gives None."""
        self._known_keys.add(key)
        if key not in self._data:
            if default is None:
                self.add_fault(key, "is missing: add a line for it")
            return default, ""
        value = self._data[key]
        if not (isinstance(value, dict) and "value" in value):
            return value, ""
        status = value.get("status", "")
        if value.keys() - _WRAPPER_KEYS or status not in ("", *STATUSES):
            self.add_fault(key, "must have only value, status, note; status one of " + ", ".join(STATUSES))
        elif status in {"conflict", "review"}:
            self.add_warning(key, f"is marked {status}" + (f": {value['note']}" if value.get("note") else ""))
        return value["value"], status

    def _add_type_fault(self, key: str, value: Any, reason: str) -> None:
        if value is not None:  # None was reported as missing
            self.add_fault(key, reason)
