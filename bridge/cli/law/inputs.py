"""Inputs of the `law` commands: the day, the file to read, and the merchant's zone."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from bridge.cli.shared.dates import When, when_option
from bridge.rules.retention.statutory_last_days import local_day
from config.load import find_config_files
from config.merchant_file.merchant import load_merchant
from config.retention_file.retention_model import Calendar

FILE_HELP = "Read this file instead of the configured one."
FILE_OPTION = click.option("--file", "path", type=click.Path(path_type=Path), help=FILE_HELP)
DAY_OPTION = when_option("--on", "day", ahead=True, meaning="Calculate as of this day. [default: today]")


def read_merchant_zone() -> ZoneInfo:
    """Return the zone of the merchant file. Raises SettingsInvalid."""
    return ZoneInfo(load_merchant(find_config_files()[0]).clocks.timezone)


def choose_day(day: When | None, calendar: Calendar) -> date:
    """Return the given day, or today in the calendar of the books."""
    return day.resolve_day(read_merchant_zone()) if day else local_day(datetime.now(UTC), calendar)
