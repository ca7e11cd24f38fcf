"""What the calculators are given: moments that say their zone, days, and the file to reckon with."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click

from bridge.rules.retention.holds import local_day
from config.retention_file.retention_model import Calendar

FILE_OPTION = click.option(
    "--file", "path", type=click.Path(path_type=Path), help="Another file than the configured one."
)


class UtcDatetimeParam(click.ParamType[datetime]):
    """A moment with its time zone: near midnight one day more or less is one year more or less of keeping."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read it. A moment without zone is refused: nobody can say which day it is."""
        try:
            moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
            if moment.tzinfo is not None:
                return moment.astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is no moment; write it as 2026-03-31T18:30:00Z", param, ctx)
        said = moment.isoformat(timespec="minutes")
        why = f"{value!r} says no time zone; write {said}+05:30 for India or {said}Z for UTC"
        raise click.BadParameter(why, ctx, param)


class DateParam(click.ParamType[date]):
    """A day."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Read it."""
        try:
            return value if isinstance(value, date) else date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no date; write it as 2027-05-13", param, ctx)


def get_local_today(calendar: Calendar) -> date:
    """The day it is where the merchant keeps its books."""
    return local_day(datetime.now(UTC), calendar)
