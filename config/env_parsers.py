"""Convert the text of a variable into a value: one parser for each kind.

A parser raises ParseFault, whose text completes "NAME …" and never repeats the value, or any other ValueError.
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from collections.abc import Callable
from dataclasses import field
from typing import Any

KEY_BYTES = 32


class ParseFault(ValueError):
    """A malformed value, described in our words. A foreign ValueError may quote the value; this never does."""


class Secret:
    """A value that is never printed: `repr` and `str` are `***`."""

    __slots__ = ("_value",)

    def __init__(self, value: str | bytes) -> None:
        self._value = value.encode() if isinstance(value, str) else value

    def reveal(self) -> str:
        """Return the secret as text."""
        return self._value.decode()

    def reveal_bytes(self) -> bytes:
        """Return the secret as bytes."""
        return self._value

    def __bool__(self) -> bool:
        """Return True where a value is set."""
        return bool(self._value)

    def __repr__(self) -> str:
        """Return `***`, never the value."""
        return "***"

    def __eq__(self, other: object) -> bool:
        """Compare in constant time."""
        return isinstance(other, Secret) and secrets.compare_digest(self._value, other._value)

    def __hash__(self) -> int:
        """Return the identity: two equal secrets have different hashes on purpose."""
        return id(self)


def parse_text(value: str) -> str:
    """Return the text unchanged."""
    return value


def make_number_parser(low: float, high: float) -> Callable[[str], float]:
    """Return a parser of numbers within bounds."""

    def parse(value: str) -> float:
        fault = f"must be a number between {low:g} and {high:g}"
        try:
            parsed = float(value)
        except ValueError:
            raise ParseFault(fault) from None
        if not low <= parsed <= high:
            raise ParseFault(fault)
        return parsed

    return parse


def make_int_parser(low: int, high: int) -> Callable[[str], int]:
    """Return a parser of whole numbers within bounds."""

    def parse(value: str) -> int:
        fault = f"must be a whole number between {low} and {high}"
        try:
            parsed = int(value)
        except ValueError:
            raise ParseFault(fault) from None
        if not low <= parsed <= high:
            raise ParseFault(fault)
        return parsed

    return parse


def make_choice_parser(*allowed: str) -> Callable[[str], str]:
    """Return a parser that accepts these words only."""

    def parse(value: str) -> str:
        if value not in allowed:
            raise ParseFault("must be one of " + ", ".join(allowed))
        return value

    return parse


def make_url_parser(*schemes: str) -> Callable[[str], str]:
    """Return a parser of URLs with one of the schemes; it removes a slash at the end."""

    def parse(value: str) -> str:
        if not value.startswith(tuple(f"{scheme}://" for scheme in schemes)):
            raise ParseFault("must start with " + " or ".join(f"{scheme}://" for scheme in schemes))
        return value.rstrip("/")

    return parse


def parse_api_version(value: str) -> str:
    """Return a dated version of the Admin API."""
    if not re.fullmatch(r"20\d\d-(01|04|07|10)", value):
        raise ParseFault("must be a dated version such as 2026-10")
    return value


def parse_country(value: str) -> str:
    """Return a country code of ISO 3166-1: two capital letters."""
    if not re.fullmatch("[A-Z]{2}", value):
        raise ParseFault("must be a country of two capital letters such as IN")
    return value


def parse_secret_list(value: str) -> tuple[Secret, ...]:
    """Return comma-separated secrets."""
    return tuple(Secret(part.strip()) for part in value.split(",") if part.strip())


def parse_key(value: str) -> Secret:
    """Return a key of 32 bytes from base64."""
    try:
        raw = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise ParseFault("must be base64 of 32 random bytes: `openssl rand -base64 32` makes one") from None
    if len(raw) != KEY_BYTES:
        raise ParseFault(f"must be base64 of {KEY_BYTES} random bytes: `openssl rand -base64 {KEY_BYTES}` makes one")
    return Secret(raw)


def parse_key_ring(value: str) -> tuple[tuple[str, Secret], ...]:
    """Return the keys of `id:base64(32 bytes),…` in the given order."""
    ring = []
    for part in filter(None, (part.strip() for part in value.split(","))):
        name, colon, encoded = part.partition(":")
        if not colon or not re.fullmatch(r"[A-Za-z0-9_-]{1,32}", name):
            raise ParseFault("must be id:base64(32 bytes), comma-separated")
        ring.append((name, parse_key(encoded)))
    if len({name for name, _ in ring}) != len(ring):
        raise ParseFault("names a key id twice: give each key an id of its own")
    return tuple(ring)


def parse_database_url(value: str) -> str:
    """Return the URL with its driver: hosts give `postgres://`, SQLAlchemy wants `postgresql+psycopg://`."""
    for prefix in ("postgres://", "postgresql://"):
        if value.startswith(prefix):
            return "postgresql+psycopg://" + value.removeprefix(prefix)
    if not value.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise ParseFault("must start with postgres://, postgresql:// or sqlite:///")
    return value


def make_empty_secret() -> Secret:
    """Return the default of a secret."""
    return Secret("")


def define_setting(
    name: str, default: Any, parse: Callable[[str], Any] = parse_text, *, meaning: str, required: bool = False
) -> Any:
    """Return a field of Settings: its variable, default (or the function that makes it), parser and meaning."""
    meta = {"name": name, "parse": parse, "required": required, "meaning": meaning}
    if callable(default):
        return field(default_factory=default, metadata=meta)
    return field(default=default, metadata=meta)
