"""Define the settings of systems outside the bridge's own database: ledger, owner's login, timestamps, storage region.

They are a part of `Settings`, which alone reads the environment.
"""

from __future__ import annotations

from dataclasses import dataclass

from config import env_parsers
from config.carrier_settings import CarrierSettings
from config.env_parsers import define_setting as _var


@dataclass(frozen=True, kw_only=True)
class LedgerSettings(CarrierSettings):
    """Settings of outside proof; each may be unset, and `doctor` reports what that costs."""

    ledger_url: str = _var(
        "BRIDGE_LEDGER_URL",
        "",
        env_parsers.parse_database_url,
        meaning="a second small database outside the backups of the first: it knows after a restore who was erased",
    )
    migrate_database_url: str = _var(
        "MIGRATE_DATABASE_URL",
        "",
        env_parsers.parse_database_url,
        meaning="the same database with its owner's login, for `migrate` only; empty: DATABASE_URL",
    )
    tsa_url: str = _var(
        "BRIDGE_TSA_URL",
        "",
        env_parsers.make_url_parser("https", "http"),
        meaning="timestamp authority (RFC 3161) for each day's signed evidence; empty: none",
    )
    storage_region: str = _var(
        "BRIDGE_STORAGE_REGION",
        "",
        env_parsers.parse_country,
        meaning="country where the database and its backups lie, such as IN; empty: unknown",
    )
