"""Inputs of the `law` commands: times with their zone, days, and the file to read."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import click

from bridge.cli.files.input_files import INPUT_FILE, find_readable_path
from bridge.rules.retention.statutory_last_days import local_day
from config.retention_file.retention_model import Calendar

FILE_HELP = "Read this file instead of the configured one; - for stdin."
FILE_OPTION = click.option(
    "--file", "path", type=INPUT_FILE, help=FILE_HELP, callback=lambda _, __, path: find_readable_path(path)
)


class UtcDatetimeParam(click.ParamType[datetime]):
    """A time with its zone, because a day more or less can mean a year more or less of retention."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Parse it. A time without zone is refused, because its day is unknown."""
        try:
            time = value if isinstance(value, datetime) else datetime.fromisoformat(value)
            if time.tzinfo is not None:
                return time.astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is not a time; write it as 2026-03-31T18:30:00Z", param, ctx)
        text = time.isoformat(timespec="minutes")
        fault = f"{value!r} has no time zone; write {text}+05:30 for India or {text}Z for UTC"
        raise click.BadParameter(fault, ctx, param)


class DateParam(click.ParamType[date]):
    """A day."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Parse it."""
        try:
            return value if isinstance(value, date) else date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a date; write it as 2027-05-13", param, ctx)


DAY_OPTION = click.option("--on", "day", type=DateParam(), help="Calculate as of this day. [default: today]")


def get_local_today(calendar: Calendar) -> date:
    """Return today's date in the calendar of the books."""
    return local_day(datetime.now(UTC), calendar)
