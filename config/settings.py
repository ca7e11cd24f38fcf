"""Read the environment, alone in the bridge: every variable once, every fault at once.

Never prints a secret. Which variables exist, what each means and its default stand in `Settings`;
`config/env.example` lists the same (tested).
"""

# ruff: noqa: RUF009 - a setting is a frozen field that `_var` makes, never a shared value
from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields, replace
from pathlib import Path
from typing import Any

from bridge.errors import SettingsInvalid
from config import env_parsers
from config.carrier_settings import CarrierSettings
from config.development_keys import DEVELOPMENT_KEYS, load_development_keys
from config.env_parsers import Secret, make_empty_secret
from config.env_parsers import define_setting as _var
from config.ledger_settings import LedgerSettings
from config.readiness import list_startup_blockers

ROOT = Path(__file__).resolve().parent.parent
MERCHANT_FILE, RETENTION_FILE = ROOT / "config" / "merchant.toml", ROOT / "config" / "retention.toml"

__all__ = ["Settings", "list_startup_blockers", "list_variables", "load_settings", "read_environment"]


@dataclass(frozen=True, kw_only=True)
class Settings(LedgerSettings):
    """Every setting, parsed. `required` ones are refused when unset in production."""

    env: str = _var(
        "BRIDGE_ENV",
        "development",
        env_parsers.make_choice_parser("production", "development"),
        meaning="production or development",
    )
    database_url: str = _var(
        "DATABASE_URL",
        "sqlite:///var/bridge.db",
        env_parsers.parse_database_url,
        required=True,
        meaning="the database, where everything is stored",
    )
    redis_url: str = _var(
        "REDIS_URL",
        "",
        env_parsers.make_url_parser("redis", "rediss", "unix"),
        required=True,
        meaning="Redis or Valkey: the queue",
    )
    redis_tls: str = _var(
        "REDIS_TLS",
        "verify",
        env_parsers.make_choice_parser("verify", "no-verify"),
        meaning="no-verify for a rediss:// server with a self-signed certificate (Heroku)",
    )
    shopify_client_id: str = _var("SHOPIFY_CLIENT_ID", "", required=True, meaning="the app's client id")
    shopify_client_secrets: tuple[Secret, ...] = _var(
        "SHOPIFY_CLIENT_SECRETS",
        (),
        env_parsers.parse_secret_list,
        required=True,
        meaning="client secrets, comma-separated: every one verifies webhooks, the first asks for tokens",
    )
    shopify_access_token: Secret = _var(
        "SHOPIFY_ACCESS_TOKEN",
        make_empty_secret,
        Secret,
        meaning="a fixed Admin token instead of the client-credentials grant (older custom apps)",
    )
    shopify_api_version: str = _var(
        "SHOPIFY_API_VERSION", "2026-10", env_parsers.parse_api_version, meaning="version of the Admin API"
    )
    shopify_base_url: str = _var(
        "SHOPIFY_BASE_URL",
        "",
        env_parsers.make_url_parser("https", "http"),
        meaning="replaces https://{shop}; {shop} is filled in",
    )
    shopify_bulk_orders: int = _var(
        "SHOPIFY_BULK_ORDERS",
        5_000,
        env_parsers.make_int_parser(1, 1_000_000_000),
        meaning="orders of one customer above which they are fetched by a bulk operation",
    )
    smtp_url: Secret = _var(
        "SMTP_URL", make_empty_secret, Secret, meaning="smtp://user:pass@host:587 or smtps://; empty: letters wait"
    )
    mail_from: str = _var("MAIL_FROM", "", meaning="sender of letters")
    keys: tuple[tuple[str, Secret], ...] = _var(
        "BRIDGE_KEYS",
        (),
        env_parsers.parse_key_ring,
        required=True,
        meaning="key ring id:base64(32 bytes),…; the first one encrypts",
    )
    pseudonym_key: Secret = _var(
        "BRIDGE_PSEUDONYM_KEY",
        make_empty_secret,
        env_parsers.parse_key,
        required=True,
        meaning="base64 of 32 bytes: key of the HMACs by which persons are looked up",
    )
    evidence_key: Secret = _var(
        "BRIDGE_EVIDENCE_KEY",
        make_empty_secret,
        env_parsers.parse_key,
        required=True,
        meaning="base64 of 32 bytes: seed of the Ed25519 key that signs evidence",
    )
    merchant_file: Path = _var(
        "BRIDGE_MERCHANT_FILE", MERCHANT_FILE, Path, meaning="shops, contacts, clocks, processors"
    )
    retention_file: Path = _var("BRIDGE_RETENTION_FILE", RETENTION_FILE, Path, meaning="laws, holds, categories")
    public_url: str = _var(
        "PUBLIC_URL",
        "",
        env_parsers.make_url_parser("https", "http"),
        meaning="start of the links in letters; empty: http://localhost:$PORT",
    )
    port: int = _var("PORT", 8000, env_parsers.make_int_parser(1, 65535), meaning="port of the web process")
    web_concurrency: int = _var(
        "WEB_CONCURRENCY", 2, env_parsers.make_int_parser(1, 64), meaning="web processes, 32 threads each"
    )
    log_level: str = _var(
        "LOG_LEVEL",
        "INFO",
        env_parsers.make_choice_parser("DEBUG", "INFO", "WARNING", "ERROR"),
        meaning="lowest level that is logged",
    )
    log_format: str = _var("LOG_FORMAT", "json", env_parsers.make_choice_parser("json", "text"), meaning="json or text")
    metrics_token: Secret = _var(
        "METRICS_TOKEN",
        make_empty_secret,
        Secret,
        meaning="bearer token of /metrics; while it is unset, production serves no metrics",
    )
    body_limit_bytes: int = _var(
        "BODY_LIMIT_BYTES",
        5_000_000,
        env_parsers.make_int_parser(1_000, 100_000_000),
        meaning="largest webhook body in bytes; a larger one is answered 413",
    )
    body_deadline_s: float = _var(
        "BODY_DEADLINE_S",
        4.0,
        env_parsers.make_number_parser(0.1, 60),
        meaning="seconds in which a body must arrive; Shopify allows 5 for the whole request",
    )
    dedupe_hours: float = _var(
        "DEDUPE_HOURS",
        4.0,
        env_parsers.make_number_parser(0, 720),
        meaning="hours in which the same topic and body count as one; Shopify retries for 4",
    )
    accept_wait_s: float = _var(
        "ACCEPT_WAIT_S",
        3.0,
        env_parsers.make_number_parser(0.1, 30),
        meaning="seconds to wait for the commit of a webhook; then it is answered 503",
    )
    accept_queue_rows: int = _var(
        "ACCEPT_QUEUE_ROWS",
        2_000,
        env_parsers.make_int_parser(1, 100_000),
        meaning="webhooks per process that may wait for a commit",
    )
    accept_queue_bytes: int = _var(
        "ACCEPT_QUEUE_BYTES",
        64_000_000,
        env_parsers.make_int_parser(1_000, 1_000_000_000),
        meaning="bytes of the webhooks that may wait for a commit",
    )
    lease_s: float = _var(
        "LEASE_S",
        15.0,
        env_parsers.make_number_parser(1, 3600),
        meaning="seconds until another worker takes over a dead worker's row; leases are renewed at a third of it",
    )
    sweep_every_s: float = _var(
        "SWEEP_EVERY_S",
        2.0,
        env_parsers.make_number_parser(0.1, 3600),
        meaning="seconds between two runs of the clock process, which enqueues what is due",
    )
    connector_attempts: int = _var(
        "CONNECTOR_ATTEMPTS",
        6,
        env_parsers.make_int_parser(1, 50),
        meaning="attempts at a system that is down, before its data is reported as missing",
    )

    unset: tuple[str, ...] = ()  # names of required variables that are not set; itself no variable

    @property
    def is_production(self) -> bool:
        """Return True where unset required settings are refused."""
        return self.env == "production"

    @property
    def public_base_url(self) -> str:
        """Return the start of the links in letters."""
        return self.public_url or f"http://localhost:{self.port}"

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """Parse all variables.

        Raises SettingsInvalid with every malformed variable, and in production every unset required one.
        Empty counts as unset.
        """
        parsed: dict[str, Any] = {}
        faults: list[str] = []
        for spec in _list_setting_fields():
            name, given = spec.metadata["name"], environ.get(spec.metadata["name"], "").strip()
            if not given:
                continue
            try:
                parsed[spec.name] = spec.metadata["parse"](given)
            except ValueError as fault:
                reason = str(fault) if isinstance(fault, env_parsers.ParseFault) else "is malformed"
                faults.append(f"{name} {reason}")
        if parsed.get("env") == "production":
            faults += [f"{name} is not set" for name in cls.unset_required(environ)]
            faults += [
                f"{name} must start with https:// in production"
                for spec in _list_setting_fields()
                if (name := spec.metadata["name"]).endswith(("_BASE_URL", "PUBLIC_URL", "TSA_URL"))
                and str(parsed.get(spec.name, "")).startswith("http://")
            ]
        if faults:
            raise SettingsInvalid(faults)
        return cls(**parsed)

    @classmethod
    def unset_required(cls, environ: Mapping[str, str]) -> list[str]:
        """Return the names of required variables without a value."""
        return [
            spec.metadata["name"]
            for spec in _list_setting_fields()
            if spec.metadata["required"] and not environ.get(spec.metadata["name"], "").strip()
        ]


def _list_setting_fields() -> list[Field[Any]]:
    """Return the bridge's own settings first, then those of outside proof, then those of the carriers."""
    parts = [{spec.name for spec in fields(part)} for part in (LedgerSettings, CarrierSettings)]
    named = [spec for spec in fields(Settings) if "name" in spec.metadata]
    return sorted(named, key=lambda spec: sum(spec.name in part for part in parts))


def list_variables() -> list[tuple[str, str, str]]:
    """Return every variable as (name, default as text, meaning), in the order of env.example."""
    rows = []
    for spec in _list_setting_fields():
        shown = "" if spec.default is MISSING or spec.default == () else str(spec.default)
        rows.append((spec.metadata["name"], shown.replace(str(ROOT) + os.sep, ""), spec.metadata["meaning"]))
    return rows


def load_settings(environ: Mapping[str, str] | None = None, *, var_dir: Path | None = None) -> Settings:
    """Return the settings of this process.

    In development, keys that are unset come from `var/development.env`; `unset` names them all the same.
    Raises SettingsInvalid.
    """
    given = read_environment(environ)
    development_keys: dict[str, str] = {}
    if given.get("BRIDGE_ENV", "").strip() != "production" and any(not given.get(name) for name in DEVELOPMENT_KEYS):
        keys = load_development_keys(var_dir or ROOT / "var")
        development_keys = {name: key for name, key in keys.items() if not given.get(name)}
    return replace(Settings.from_env(given | development_keys), unset=tuple(Settings.unset_required(given)))


def read_environment(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the given environment, or the process's own."""
    return dict(os.environ if environ is None else environ)
