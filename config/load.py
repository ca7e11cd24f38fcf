"""Load what a process starts with: the environment and the merchant's two files. Reports the faults of all at once.

Production does not start while anything is missing. Development starts with what it has; the caller prints `missing`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bridge.errors import SettingsInvalid
from config.env_parsers import ParseFault, parse_toml_text
from config.hosting import SET_REASON, decide_environment
from config.merchant_file.merchant import Merchant, load_merchant
from config.readiness import list_file_blockers, list_startup_blockers
from config.retention_file.retention import Retention, load_retention
from config.settings import (
    MERCHANT_FILE,
    MERCHANT_TEXT,
    RETENTION_FILE,
    RETENTION_TEXT,
    Settings,
    load_settings,
    read_environment,
)

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Configuration:
    """What a process starts with. Production refuses to start with anything in `missing`; `warnings` stop nothing."""

    settings: Settings
    merchant: Merchant
    retention: Retention
    missing: tuple[str, ...]
    warnings: tuple[str, ...]


def read_configuration(environ: Mapping[str, str] | None = None, *, var_dir: Path | None = None) -> Configuration:
    """Load everything.

    Raises SettingsInvalid with all faults of the environment and both files together, and in production
    with everything that is missing as well.
    """
    faults: list[str] = []
    environ = read_environment(environ)
    settings = _load_or_collect_faults(lambda: load_settings(environ, var_dir=var_dir), faults)
    # the files are read even where Settings cannot be made: their faults belong to the same list
    merchant = _load_or_collect_faults(lambda: load_merchant_of(environ), faults)
    retention = _load_or_collect_faults(lambda: load_retention_of(environ), faults)
    env, reason = decide_environment(environ)
    assumed = [f"production is assumed: {reason}"] if env == "production" and reason != SET_REASON else []
    if settings is None or merchant is None or retention is None:
        faults += assumed
        if env == "production":
            faults += list_file_blockers(merchant, retention, *find_config_files(environ))
        raise SettingsInvalid(list(dict.fromkeys(faults)))
    missing = list_startup_blockers(settings, merchant, retention)
    if settings.is_production and missing:
        raise SettingsInvalid([*missing, *assumed])
    return Configuration(
        settings=settings,
        merchant=merchant,
        retention=retention,
        missing=tuple(missing),
        warnings=(*merchant.warnings, *retention.warnings),
    )


def load_merchant_of(environ: Mapping[str, str] | None = None) -> Merchant:
    """Load the merchant's file that the environment names or holds. Raises SettingsInvalid."""
    given = read_environment(environ)
    return load_merchant(find_config_files(given)[0], _read_toml_text(given, MERCHANT_TEXT))


def load_retention_of(environ: Mapping[str, str] | None = None) -> Retention:
    """Load the retention file that the environment names or holds. Raises SettingsInvalid."""
    given = read_environment(environ)
    return load_retention(find_config_files(given)[1], _read_toml_text(given, RETENTION_TEXT))


def find_config_files(environ: Mapping[str, str]) -> tuple[Path, Path]:
    """Return the paths of both files; the name of the variable instead of a path where it holds the content."""
    merchant_file, retention_file = (
        text if environ.get(text.as_posix(), "").strip() else Path(environ.get(path, "").strip() or shipped)
        for text, path, shipped in (
            (MERCHANT_TEXT, "BRIDGE_MERCHANT_FILE", MERCHANT_FILE),
            (RETENTION_TEXT, "BRIDGE_RETENTION_FILE", RETENTION_FILE),
        )
    )
    return merchant_file, retention_file


def _read_toml_text(environ: Mapping[str, str], variable: Path) -> str | None:
    """Return the content that the variable holds; None where it is unset. Raises SettingsInvalid."""
    given = environ.get(variable.as_posix(), "").strip()
    try:
        return parse_toml_text(given) if given else None
    except ParseFault as fault:
        raise SettingsInvalid([f"{variable} {fault}"]) from None


def _load_or_collect_faults(read: Callable[[], T], faults: list[str]) -> T | None:
    try:
        return read()
    except SettingsInvalid as invalid:
        faults += invalid.faults
        return None
