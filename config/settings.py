"""Read the environment, alone in the bridge: every variable once, every fault at once.

Never prints a secret. Which variables exist, what each means and its default stand in `Settings`;
`config/env.example` lists the same (tested).
"""

# ruff: noqa: RUF009 - a setting is a frozen field that `setting` makes, never a shared value
from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields, replace
from pathlib import Path
from typing import Any

from bridge.errors import SettingsInvalid
from config import env_parsers, hosting
from config.development_keys import DEVELOPMENT_KEYS, load_development_keys
from config.env_file import ENV_FILE_VARIABLE, add_env_file
from config.env_parsers import Secret, choice_setting, int_setting, secret_setting, setting
from config.setting_groups.carriers import CarrierSettings
from config.setting_groups.operations import OperationsSettings
from config.setting_groups.web import WebSettings
from config.shopify_versions import parse_api_version

ROOT = Path(__file__).resolve().parent.parent
ENV_FILE = ROOT / ".env"
MERCHANT_FILE, RETENTION_FILE = ROOT / "config" / "merchant.toml", ROOT / "config" / "retention.toml"
# the names of both files in faults where a variable holds their content
MERCHANT_TEXT, RETENTION_TEXT = Path("BRIDGE_MERCHANT_TOML"), Path("BRIDGE_RETENTION_TOML")


@dataclass(frozen=True, kw_only=True)
class Settings(WebSettings, OperationsSettings, CarrierSettings):
    """Every setting, parsed. `required` ones are refused when unset in production."""

    env: str = choice_setting(
        "BRIDGE_ENV",
        "production or development; empty: production on a host or with a database on another machine",
        "development",
        ("production", "development"),
    )
    database_url: str = setting(
        "DATABASE_URL",
        "the database, where everything is stored",
        "sqlite:///var/bridge.db",
        env_parsers.parse_database_url,
        required=True,
    )
    database_pooling: str = choice_setting(
        "DATABASE_POOLING",
        "transaction where DATABASE_URL is a pool that gives each transaction another connection (pgbouncer)",
        "none",
        ("none", "transaction"),
    )
    database_tls: str = choice_setting(
        "DATABASE_TLS",
        "waive for a Postgres without TLS in a private network; else production requires TLS of another machine",
        "require",
        ("require", "waive"),
    )
    redis_url: str = setting(
        "REDIS_URL",
        "Redis or Valkey: the queue",
        "",
        env_parsers.make_url_parser("redis", "rediss", "unix"),
        required=True,
    )
    redis_tls: str = choice_setting(
        "REDIS_TLS",
        "no-verify for a rediss:// server with a self-signed certificate (Heroku)",
        "verify",
        ("verify", "no-verify"),
    )
    trusted_proxies: tuple[str, ...] = setting(
        "BRIDGE_TRUSTED_PROXIES",
        "private, or networks, whose X-Forwarded-For names the client; empty: private on a known host, else none",
        (),
        env_parsers.parse_proxies,
    )
    shopify_client_id: str = setting("SHOPIFY_CLIENT_ID", "the app's client id", required=True)
    shopify_client_secrets: tuple[Secret, ...] = setting(
        "SHOPIFY_CLIENT_SECRETS",
        "client secrets, comma-separated: every one verifies webhooks, the first asks for tokens",
        (),
        env_parsers.parse_secret_list,
        required=True,
    )
    shopify_access_token: Secret = secret_setting(
        "SHOPIFY_ACCESS_TOKEN", "a fixed Admin token instead of the client-credentials grant (older custom apps)"
    )
    shopify_api_version: str = setting("SHOPIFY_API_VERSION", "version of the Admin API", "2026-10", parse_api_version)
    shopify_base_url: str = setting(
        "SHOPIFY_BASE_URL", "replaces https://{shop}; {shop} is filled in", "", env_parsers.parse_http_url
    )
    shopify_bulk_orders: int = int_setting(
        "SHOPIFY_BULK_ORDERS",
        "orders of one customer above which a bulk operation fetches them; fewer where that is quicker",
        5_000,
        (1, 1_000_000_000),
    )
    smtp_url: Secret = secret_setting("SMTP_URL", "smtp://user:pass@host:587 or smtps://; empty: letters wait")
    mail_from: str = setting("MAIL_FROM", "sender of letters")
    mailbox_url: Secret = secret_setting(
        "MAILBOX_URL",
        "imaps://user:pass@host/INBOX, the mailbox that people write to; empty: mail is not read",
        env_parsers.parse_mailbox_url,
    )
    mail_webhook_token: Secret = secret_setting(
        "MAIL_WEBHOOK_TOKEN", "secret of /inbound/mail, where a mail provider posts mail; empty: none is taken"
    )
    keys: tuple[tuple[str, Secret], ...] = setting(
        "BRIDGE_KEYS",
        "key ring id:base64(32 bytes),…; the first one encrypts",
        (),
        env_parsers.parse_key_ring,
        required=True,
    )
    pseudonym_key: Secret = secret_setting(
        "BRIDGE_PSEUDONYM_KEY",
        "base64 of 32 bytes: key of the HMACs by which persons are looked up",
        env_parsers.parse_key,
        required=True,
    )
    evidence_key: Secret = secret_setting(
        "BRIDGE_EVIDENCE_KEY",
        "base64 of 32 bytes: seed of the Ed25519 key that signs evidence",
        env_parsers.parse_key,
        required=True,
    )
    env_file: Path = setting(
        ENV_FILE_VARIABLE,
        "file of settings that the environment lacks; not read on a host, nor where the environment says production",
        ENV_FILE,
        Path,
    )
    merchant_file: Path = setting("BRIDGE_MERCHANT_FILE", "shops, contacts, clocks, processors", MERCHANT_FILE, Path)
    retention_file: Path = setting("BRIDGE_RETENTION_FILE", "laws, holds, categories", RETENTION_FILE, Path)
    merchant_toml: str = setting(
        MERCHANT_TEXT.as_posix(),
        "the content of the merchant file, for a host without disk: TOML, or base64 of it, gzipped or not",
        "",
        env_parsers.parse_toml_text,
    )
    retention_toml: str = setting(
        RETENTION_TEXT.as_posix(), "the content of the retention file, likewise", "", env_parsers.parse_toml_text
    )
    ledger_url: str = setting(
        "BRIDGE_LEDGER_URL",
        "a second small database outside the backups of the first: it knows after a restore who was erased",
        "",
        env_parsers.parse_database_url,
    )
    migrate_database_url: str = setting(
        "MIGRATE_DATABASE_URL",
        "the same database with its owner's login, for `migrate` only; empty: DATABASE_URL",
        "",
        env_parsers.parse_database_url,
    )
    tsa_url: str = setting(
        "BRIDGE_TSA_URL",
        "timestamp authority (RFC 3161) for each day's signed evidence; empty: none",
        "",
        env_parsers.parse_http_url,
    )
    tsa_roots: str = setting(
        "BRIDGE_TSA_ROOT_FILE",
        "file of the authority's root certificate (PEM; several if it changed); empty: timestamps are not verified",
        "",
        env_parsers.read_certificates,
    )
    storage_region: str = setting(
        "BRIDGE_STORAGE_REGION",
        "country where the database and its backups lie, such as IN; empty: unknown",
        "",
        env_parsers.parse_country,
    )

    # no variables: names of required ones that are not set, why `env` is what it is, and whether a host was recognised
    unset: tuple[str, ...] = ()
    env_reason: str = ""
    is_hosted: bool = False

    @property
    def is_production(self) -> bool:
        """Return True where unset required settings are refused."""
        return self.env == "production"

    @property
    def public_base_url(self) -> str:
        """Return the start of the links in letters."""
        return self.public_url or f"http://localhost:{self.port}"

    @property
    def proxies(self) -> tuple[str, ...]:
        """Return whose X-Forwarded-For is believed."""
        return self.trusted_proxies or (("private",) if self.is_hosted else ())

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
            if parsed.get("database_tls") != "waive":
                names = {spec.name: spec.metadata["name"] for spec in _list_setting_fields()}
                faults += hosting.require_tls_of_databases(parsed, names)
        for name, text in (("merchant", MERCHANT_TEXT), ("retention", RETENTION_TEXT)):
            if not parsed.get(f"{name}_toml"):
                continue
            if f"{name}_file" in parsed:
                faults.append(f"{text} and BRIDGE_{name.upper()}_FILE are both set: remove one")
            parsed[f"{name}_file"] = text
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
    """Return the bridge's own settings first, then those of web, of operations and of the carriers."""
    rooms = [fields(room) for room in (WebSettings, OperationsSettings, CarrierSettings)]
    place = {spec.name: number for number, room in enumerate(rooms, 1) for spec in room}
    return sorted(
        (spec for spec in fields(Settings) if "name" in spec.metadata), key=lambda spec: place.get(spec.name, 0)
    )


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
    given["BRIDGE_ENV"], reason = hosting.decide_environment(given)
    development_keys: dict[str, str] = {}
    if given["BRIDGE_ENV"] != "production" and any(not given.get(name) for name in DEVELOPMENT_KEYS):
        keys = load_development_keys(var_dir or ROOT / "var")
        development_keys = {name: key for name, key in keys.items() if not given.get(name)}
    settings = Settings.from_env(given | development_keys)
    unset, is_hosted = tuple(Settings.unset_required(given)), bool(hosting.find_host_mark(given))
    return replace(settings, unset=unset, env_reason=reason, is_hosted=is_hosted)


def read_environment(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the given environment as it is, or the process's own with what only `.env` sets. Raises SettingsInvalid."""
    return add_env_file(os.environ, ENV_FILE) if environ is None else dict(environ)
