"""Options of commands about answers, and the words in which they refuse."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import click

ANSWER_FAULTS = {
    "request_unknown": "there is no such request; `dsr list` lists them",
    "names_no_person": "the erasure of a shop answers no data subject",
    "not_answered_yet": "the request cannot be answered yet: see `dsr show`",
    "answered_already": "it is recorded already since when the data subject has the answer: see `dsr show`",
    "delivered_in_the_future": "--on must not lie in the future",
    "delivered_before_ready": "--on lies before the answer was ready",
}


class DayOrTimeParam(click.ParamType[date | datetime]):
    """A day, or a time of a day."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date | datetime:
        """Parse it."""
        text = str(value)
        try:
            return datetime.fromisoformat(text) if "T" in text or " " in text else date.fromisoformat(text)
        except ValueError:
            self.fail("give a day such as 2026-11-30, or a time such as 2026-11-30T14:00", param, ctx)
