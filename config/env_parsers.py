"""Convert the text of a variable into a value: one parser for each kind.

A parser raises ParseFault, whose text completes "NAME …" and never repeats the value, or any other ValueError.
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
import ssl
import zlib
from collections.abc import Callable
from dataclasses import field
from ipaddress import ip_network
from pathlib import Path
from typing import Any, TypeVar

N = TypeVar("N", int, float)
KEY_BYTES = 32
GENERATED_KEY_ID = "k1"  # of a key that a host generated: it comes without one
MAX_TOML_BYTES = 1_000_000
_HEX_KEY = re.compile(r"[0-9a-f]{64}")
_GENERATED_KEY = re.compile(r"[0-9a-f]{64}|[A-Za-z0-9+/]{43}=")


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


def make_url_parser(*schemes: str) -> Callable[[str], str]:
    """Return a parser of URLs with one of the schemes; it removes a slash at the end."""

    def parse(value: str) -> str:
        if not value.startswith(tuple(f"{scheme}://" for scheme in schemes)):
            raise ParseFault("must start with " + " or ".join(f"{scheme}://" for scheme in schemes))
        return value.rstrip("/")

    return parse


def make_pattern_parser(pattern: str, fault: str) -> Callable[[str], str]:
    """Return a parser of texts that match a pattern completely."""

    def parse(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ParseFault(fault)
        return value

    return parse


parse_http_url = make_url_parser("https", "http")
parse_country = make_pattern_parser("[A-Z]{2}", "must be a country of two capital letters such as IN")


def parse_secret_list(value: str) -> tuple[Secret, ...]:
    """Return comma-separated secrets."""
    return tuple(Secret(part.strip()) for part in value.split(",") if part.strip())


def parse_secret_url(value: str) -> Secret:
    """Return an address that may hold a token; http only to this machine."""
    if not re.match(r"https://[^\s/]+|http://(localhost|127\.0\.0\.1)[:/]", value):
        raise ParseFault("must start with https://")
    return Secret(value)


def parse_sentry_dsn(value: str) -> Secret:
    """Return the address of a Sentry project with its key."""
    if not re.fullmatch(r"https?://[^:@/\s]+(:[^@/\s]+)?@[^@/\s]+(/[^@/\s]+)*/\d+", value):
        raise ParseFault("must look like https://key@host/number, as Sentry shows it for a project")
    return Secret(value)


def parse_headers(value: str) -> Secret:
    """Return headers of HTTP with what they hold."""
    if not re.fullmatch(r"\s*[\w.-]+\s*=[^,\s]+(\s*,\s*[\w.-]+\s*=[^,\s]+)*\s*", value):
        raise ParseFault("must be name=value, comma-separated, with a space of a value written as %20")
    return Secret(value)


def parse_mailbox_url(value: str) -> Secret:
    """Return the address of a mailbox with its account."""
    if not re.fullmatch(r"imaps?://[^:@\s]+:\S+@[^@/\s]+(/\S*)?", value):
        raise ParseFault("must look like imaps://user:password@host/INBOX, with an @ of the user written as %40")
    return Secret(value)


def parse_key(value: str) -> Secret:
    """Return a key of 32 bytes from base64, or from the 64 hexadecimal digits that Heroku generates."""
    try:
        raw = bytes.fromhex(value) if _HEX_KEY.fullmatch(value) else base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != KEY_BYTES:
        raise ParseFault(f"must be base64 of {KEY_BYTES} random bytes: `openssl rand -base64 {KEY_BYTES}` makes one")
    return Secret(raw)


def parse_key_ring(value: str) -> tuple[tuple[str, Secret], ...]:
    """Return the keys of `id:base64(32 bytes),…` in the given order. A key without an id is k1."""
    ring = []
    for part in filter(None, (part.strip() for part in value.split(","))):
        name, colon, encoded = part.partition(":")
        if not colon and _GENERATED_KEY.fullmatch(part):
            name, colon, encoded = GENERATED_KEY_ID, ":", part
        if not colon or not re.fullmatch(r"[A-Za-z0-9_-]{1,32}", name):
            raise ParseFault("must be id:base64(32 bytes), comma-separated")
        ring.append((name, parse_key(encoded)))
    if len({name for name, _ in ring}) != len(ring):
        raise ParseFault("names a key id twice: give each key an id of its own")
    return tuple(ring)


def parse_toml_text(value: str) -> str:
    """Return the text of a TOML file, given as it is or as base64 of it, gzipped or not."""
    if "=" in value.rstrip("="):  # no base64 has one before its end, every TOML file with a value has
        return value
    try:
        raw = base64.b64decode("".join(value.split()), validate=True)
        if raw.startswith(b"\x1f\x8b"):
            raw = zlib.decompressobj(wbits=31).decompress(raw, MAX_TOML_BYTES)
        return raw.decode()
    except (binascii.Error, ValueError, zlib.error):
        raise ParseFault("must be TOML, or base64 of it") from None


def parse_database_url(value: str) -> str:
    """Return the URL with its driver: hosts give `postgres://`, SQLAlchemy wants `postgresql+psycopg://`."""
    for prefix in ("postgres://", "postgresql://"):
        if value.startswith(prefix):
            return "postgresql+psycopg://" + value.removeprefix(prefix)
    if not value.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise ParseFault("must start with postgres://, postgresql:// or sqlite:///")
    return value


def parse_proxies(value: str) -> tuple[str, ...]:
    """Return `private` or comma-separated networks."""
    if value == "private":
        return ("private",)
    try:
        return tuple(str(ip_network(part.strip())) for part in value.split(",") if part.strip())
    except ValueError:
        raise ParseFault("must be private, or networks such as 10.1.0.0/16, comma-separated") from None


def read_certificates(value: str) -> str:
    """Return the certificates (PEM) in the file of this name, without the text between them."""
    try:
        text = Path(value).read_text(encoding="ascii", errors="replace")
    except OSError:
        raise ParseFault("names a file that cannot be read") from None
    certificates = "\n".join(re.findall(r"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----", text))
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=certificates)
    except (ssl.SSLError, ValueError):
        raise ParseFault("names a file that holds no certificate in PEM, or a damaged one") from None
    return certificates + "\n"


def parse_operator_name(value: str) -> str:
    """Return the name of an operator, for the evidence. Raises ParseFault."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,47}", value):
        raise ParseFault("must be up to 48 letters, digits and . _ -, such as asha.k, and no address")
    return value


def setting(
    name: str, meaning: str, default: Any = "", parse: Callable[[str], Any] = str, *, required: bool = False
) -> Any:
    """Return a field of Settings: its variable, meaning, default and parser."""
    meta = {"name": name, "parse": parse, "required": required, "meaning": meaning}
    return field(default=default, metadata=meta)


def secret_setting(name: str, meaning: str, parse: Callable[[str], Secret] = Secret, *, required: bool = False) -> Any:
    """Return a field of Settings that is an empty secret where its variable is unset."""
    meta = {"name": name, "parse": parse, "required": required, "meaning": meaning}
    return field(default_factory=lambda: Secret(""), metadata=meta)


def choice_setting(name: str, meaning: str, default: str, allowed: tuple[str, ...]) -> Any:
    """Return a field of Settings that accepts these words only."""

    def parse(value: str) -> str:
        if value not in allowed:
            raise ParseFault("must be one of " + ", ".join(allowed))
        return value

    return setting(name, meaning, default, parse)


def int_setting(name: str, meaning: str, default: int, bounds: tuple[int, int]) -> Any:
    """Return a field of Settings that is a whole number within bounds."""
    fault = f"must be a whole number between {bounds[0]} and {bounds[1]}"
    return setting(name, meaning, default, _make_range_parser(int, bounds, fault))


def number_setting(name: str, meaning: str, default: float, bounds: tuple[float, float]) -> Any:
    """Return a field of Settings that is a number within bounds."""
    fault = f"must be a number between {bounds[0]:g} and {bounds[1]:g}"
    return setting(name, meaning, default, _make_range_parser(float, bounds, fault))


def _make_range_parser(convert: Callable[[str], N], bounds: tuple[float, float], fault: str) -> Callable[[str], N]:
    def parse(value: str) -> N:
        try:
            parsed = convert(value)
        except ValueError:
            raise ParseFault(fault) from None
        if not bounds[0] <= parsed <= bounds[1]:
            raise ParseFault(fault)
        return parsed

    return parse
