"""Load what a process starts with: the environment and the merchant's two files. Reports the faults of all at once.

Production does not start while anything is missing. Development starts with what it has; the caller prints `missing`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bridge.errors import SettingsInvalid
from config.hosting import SET_REASON, decide_environment
from config.merchant_file.merchant import Merchant, load_merchant
from config.readiness import list_file_blockers, list_startup_blockers
from config.retention_file.retention import Retention, load_retention
from config.settings import MERCHANT_FILE, RETENTION_FILE, Settings, load_settings, read_environment

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
    # the files are read even where Settings cannot be made: their faults belong to the same list
    merchant_file, retention_file = find_config_files(environ)
    settings = _load_or_collect_faults(lambda: load_settings(environ, var_dir=var_dir), faults)
    merchant = _load_or_collect_faults(lambda: load_merchant(merchant_file), faults)
    retention = _load_or_collect_faults(lambda: load_retention(retention_file), faults)
    env, reason = decide_environment(read_environment(environ))
    assumed = [f"production is assumed: {reason}"] if env == "production" and reason != SET_REASON else []
    if settings is None or merchant is None or retention is None:
        faults += assumed
        if env == "production":
            faults += list_file_blockers(merchant, retention, merchant_file, retention_file)
        raise SettingsInvalid(faults)
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


def find_config_files(environ: Mapping[str, str] | None = None) -> tuple[Path, Path]:
    """Return the paths of the merchant's file and the retention file, whatever else the environment lacks."""
    given = read_environment(environ)
    merchant_file, retention_file = (given.get(f"BRIDGE_{each}_FILE", "").strip() for each in ("MERCHANT", "RETENTION"))
    return Path(merchant_file or MERCHANT_FILE), Path(retention_file or RETENTION_FILE)


def _load_or_collect_faults(read: Callable[[], T], faults: list[str]) -> T | None:
    try:
        return read()
    except SettingsInvalid as invalid:
        faults += invalid.faults
        return None
