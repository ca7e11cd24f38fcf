"""Settings: the only reader of the environment.

Reads every variable once, reports every fault at once, and never prints a secret. Which variables exist,
what each means and its default is the table `VARIABLES`; `config/env.example` lists the same (tested).
"""

from __future__ import annotations

import base64
import os
import secrets
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any

from bridge.errors import SettingsInvalid
from config import values
from config.values import Secret

ROOT = Path(__file__).resolve().parent.parent


def _var(
    name: str,
    default: Any,
    parse: Callable[[str], Any] = values.text,
    *,
    meaning: str,
    required: bool = False,
) -> Any:
    meta = {"name": name, "parse": parse, "required": required, "meaning": meaning}
    if callable(default):
        return field(default_factory=default, metadata=meta)
    return field(default=default, metadata=meta)


def _no_secret() -> Secret:
    return Secret("")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every setting, parsed. `required` ones are refused when unset in production."""

    env: str = _var(
        "BRIDGE_ENV",
        "development",
        values.one_of("production", "development"),
        meaning="production or development",
    )
    database_url: str = _var(
        "DATABASE_URL",
        "sqlite:///var/bridge.db",
        values.database,
        required=True,
        meaning="the database: the memory",
    )
    redis_url: str = _var(
        "REDIS_URL",
        "",
        values.url("redis", "rediss", "unix"),
        required=True,
        meaning="Redis or Valkey: the bell",
    )
    shopify_client_id: str = _var("SHOPIFY_CLIENT_ID", "", required=True, meaning="the app's client id")
    shopify_client_secrets: tuple[Secret, ...] = _var(
        "SHOPIFY_CLIENT_SECRETS",
        (),
        values.secret_list,
        required=True,
        meaning="client secrets, comma-separated: every one verifies webhooks, the first asks for tokens",
    )
    shopify_access_token: Secret = _var(
        "SHOPIFY_ACCESS_TOKEN",
        _no_secret,
        Secret,
        meaning="a fixed Admin token instead of the client-credentials grant (older custom apps)",
    )
    shopify_api_version: str = _var(
        "SHOPIFY_API_VERSION", "2026-10", values.version, meaning="version of the Admin API"
    )
    shopify_base_url: str = _var(
        "SHOPIFY_BASE_URL",
        "",
        values.url("https", "http"),
        meaning="replaces https://{shop}; {shop} is filled in",
    )
    delhivery_base_url: str = _var(
        "DELHIVERY_BASE_URL",
        "https://track.delhivery.com",
        values.url("https", "http"),
        meaning="Delhivery's API host",
    )
    delhivery_token: Secret = _var(
        "DELHIVERY_TOKEN", _no_secret, Secret, meaning="API token of the client account"
    )
    bluedart_base_url: str = _var(
        "BLUEDART_BASE_URL",
        "https://apigateway.bluedart.com/in/transportation",
        values.url("https", "http"),
        meaning="Blue Dart's API gateway",
    )
    bluedart_client_id: str = _var("BLUEDART_CLIENT_ID", "", meaning="gateway client id")
    bluedart_client_secret: Secret = _var(
        "BLUEDART_CLIENT_SECRET", _no_secret, Secret, meaning="gateway secret"
    )
    bluedart_login_id: str = _var("BLUEDART_LOGIN_ID", "", meaning="login id of the account")
    bluedart_licence_key: Secret = _var(
        "BLUEDART_LICENCE_KEY", _no_secret, Secret, meaning="shipping licence key"
    )
    bluedart_tracking_key: Secret = _var(
        "BLUEDART_TRACKING_KEY", _no_secret, Secret, meaning="tracking licence key: not the shipping one"
    )
    bluedart_tracking_path: str = _var(
        "BLUEDART_TRACKING_PATH",
        "/tracking/v1/shipment",
        meaning="path of tracking; some accounts: /tracking/v1",
    )
    bluedart_tracking_verno: str = _var(
        "BLUEDART_TRACKING_VERNO", "1", meaning="verno of tracking: 1, 1.3, or empty to leave it out"
    )
    smtp_url: Secret = _var(
        "SMTP_URL", _no_secret, Secret, meaning="smtp://user:pass@host:587 or smtps://; empty: letters wait"
    )
    mail_from: str = _var("MAIL_FROM", "", meaning="sender of letters")
    keys: tuple[tuple[str, Secret], ...] = _var(
        "BRIDGE_KEYS",
        (),
        values.key_ring,
        required=True,
        meaning="key ring id:base64(32 bytes),…; the first seals",
    )
    pseudonym_key: Secret = _var(
        "BRIDGE_PSEUDONYM_KEY",
        _no_secret,
        values.key,
        required=True,
        meaning="base64 of 32 bytes: keyed HMAC of lookups",
    )
    evidence_key: Secret = _var(
        "BRIDGE_EVIDENCE_KEY",
        _no_secret,
        values.key,
        required=True,
        meaning="base64 of 32 bytes: Ed25519 seed",
    )
    merchant_file: Path = _var(
        "BRIDGE_MERCHANT_FILE",
        ROOT / "config" / "merchant.toml",
        Path,
        meaning="shops, contacts, clocks, processors",
    )
    retention_file: Path = _var(
        "BRIDGE_RETENTION_FILE", ROOT / "config" / "retention.toml", Path, meaning="laws, holds, categories"
    )
    public_url: str = _var(
        "PUBLIC_URL",
        "",
        values.url("https", "http"),
        meaning="for links in letters; empty: http://localhost:$PORT",
    )
    port: int = _var("PORT", 8000, values.whole(1, 65535), meaning="port of the web process")
    web_concurrency: int = _var(
        "WEB_CONCURRENCY", 2, values.whole(1, 64), meaning="web processes, 32 threads each"
    )
    log_level: str = _var(
        "LOG_LEVEL",
        "INFO",
        values.one_of("DEBUG", "INFO", "WARNING", "ERROR"),
        meaning="least level that is logged",
    )
    log_format: str = _var("LOG_FORMAT", "json", values.one_of("json", "text"), meaning="json or text")
    metrics_token: Secret = _var(
        "METRICS_TOKEN",
        _no_secret,
        Secret,
        meaning="bearer token of /metrics; unset in production: no metrics",
    )
    body_limit_bytes: int = _var(
        "BODY_LIMIT_BYTES",
        5_000_000,
        values.whole(1_000, 100_000_000),
        meaning="largest webhook body; beyond: 413",
    )
    body_deadline_s: float = _var(
        "BODY_DEADLINE_S",
        4.0,
        values.number(0.1, 60),
        meaning="seconds for a whole body; Shopify gives 5 in all",
    )
    dedupe_hours: float = _var(
        "DEDUPE_HOURS",
        4.0,
        values.number(0, 720),
        meaning="hours in which the same topic and body count as one; Shopify retries for 4",
    )
    accept_wait_s: float = _var(
        "ACCEPT_WAIT_S",
        3.0,
        values.number(0.1, 30),
        meaning="longest wait for the commit of a webhook; beyond: 503",
    )
    accept_queue_rows: int = _var(
        "ACCEPT_QUEUE_ROWS",
        2_000,
        values.whole(1, 100_000),
        meaning="webhooks of a process that may wait for a commit",
    )
    accept_queue_bytes: int = _var(
        "ACCEPT_QUEUE_BYTES", 64_000_000, values.whole(1_000, 1_000_000_000), meaning="and their bytes"
    )
    lease_s: float = _var(
        "LEASE_S",
        15.0,
        values.number(1, 3600),
        meaning="seconds until a dead worker's row is taken over; renewed at a third",
    )
    sweep_every_s: float = _var(
        "SWEEP_EVERY_S", 2.0, values.number(0.1, 3600), meaning="seconds between two sweeps of the clock"
    )
    connector_attempts: int = _var(
        "CONNECTOR_ATTEMPTS",
        6,
        values.whole(1, 50),
        meaning="how often the database's schedule asks a system that is down, before the gap stays",
    )

    @property
    def production(self) -> bool:
        """True where unset required settings are refused."""
        return self.env == "production"

    @property
    def link_base(self) -> str:
        """What links in letters start with, without a slash at the end."""
        return self.public_url or f"http://localhost:{self.port}"

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """Parse all variables.

        Raises SettingsInvalid with every malformed variable, and in production every unset required one.
        Empty counts as unset.
        """
        parsed: dict[str, Any] = {}
        faults: list[str] = []
        for spec in fields(cls):
            name, given = spec.metadata["name"], environ.get(spec.metadata["name"], "").strip()
            if not given:
                continue
            try:
                parsed[spec.name] = spec.metadata["parse"](given)
            except ValueError as fault:
                reason = str(fault) if "must" in str(fault) or "names" in str(fault) else "is malformed"
                faults.append(f"{name} {reason}")
        if parsed.get("env") == "production":
            faults += [f"{name} is not set" for name in cls.unset_required(environ)]
            if str(parsed.get("shopify_base_url", "https")).startswith("http://"):
                faults.append("SHOPIFY_BASE_URL must start with https:// in production")
        if faults:
            raise SettingsInvalid(faults)
        return cls(**parsed)

    @classmethod
    def unset_required(cls, environ: Mapping[str, str]) -> list[str]:
        """Names of required variables without a value."""
        return [
            spec.metadata["name"]
            for spec in fields(cls)
            if spec.metadata["required"] and not environ.get(spec.metadata["name"], "").strip()
        ]


def variables() -> list[tuple[str, str, str]]:
    """Every variable as (name, default as text, meaning), in the order of env.example."""
    rows = []
    for spec in fields(Settings):
        default = spec.default
        shown = "" if default is MISSING or default == () else str(default)
        rows.append((spec.metadata["name"], shown.replace(str(ROOT) + os.sep, ""), spec.metadata["meaning"]))
    return rows


DEVELOPMENT_KEYS = ("BRIDGE_KEYS", "BRIDGE_PSEUDONYM_KEY", "BRIDGE_EVIDENCE_KEY", "SHOPIFY_CLIENT_SECRETS")


def load(environ: Mapping[str, str] | None = None, *, var: Path | None = None) -> Settings:
    """The settings of this process.

    In development, keys that are unset come from `var/development.env`, made on first use (mode 600) so
    that every process of the same folder shares them. Raises SettingsInvalid.
    """
    given = dict(os.environ if environ is None else environ)
    if given.get("BRIDGE_ENV", "").strip() != "production" and any(
        not given.get(n) for n in DEVELOPMENT_KEYS
    ):
        made = _development_keys(var or ROOT / "var")
        given |= {name: value for name, value in made.items() if not given.get(name)}
    return Settings.from_env(given)


def _development_keys(var: Path) -> dict[str, str]:
    path = var / "development.env"
    if not path.exists():
        var.mkdir(parents=True, exist_ok=True)

        def key() -> str:
            return base64.b64encode(secrets.token_bytes(values.KEY_BYTES)).decode()

        made = dict(
            zip(DEVELOPMENT_KEYS, (f"dev1:{key()}", key(), key(), secrets.token_hex(16)), strict=True)
        )
        handle, draft = tempfile.mkstemp(dir=var)
        with os.fdopen(handle, "w") as out:
            out.writelines(f"{name}={value}\n" for name, value in made.items())
        try:
            os.link(draft, path)  # first process wins; the others read its file
        except FileExistsError:
            pass
        finally:
            Path(draft).unlink()
    return dict(line.partition("=")[::2] for line in path.read_text().split())
