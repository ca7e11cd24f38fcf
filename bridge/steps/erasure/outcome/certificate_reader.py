"""Read a certificate of erasure: its days, names and the line about the platform's own erasure. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any

from bridge.model import Outcome, TaskAction
from bridge.rules.erasure.plan import CUSTOMER_MERGED_AWAY
from bridge.rules.index.attribution import UNKNOWN_CARRIER
from bridge.steps.access.package.plain_language import TRADE_NAMES, describe_code
from bridge.steps.access.package.text import format_long_date

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CertificateDays:
    """Prints the certificate's moments (ISO 8601) as days of the merchant's calendar."""

    zone: tzinfo

    def format_moment(self, moment: str | None) -> str:
        """Return the local day of a moment, '' for None."""
        return format_long_date(datetime.fromisoformat(moment).astimezone(self.zone).date()) if moment else ""

    def format_day(self, day: str | None) -> str:
        """Return a day, '' for None."""
        return format_long_date(date.fromisoformat(day)) if day else ""


def is_merged_away(certificate: Row) -> bool:
    """Return whether the customer was merged into another, so that only the old number was erased."""
    lines = (certificate["plan"] or {}).get("lines", ())
    return any(line["reason"] == CUSTOMER_MERGED_AWAY for line in lines)


def has_remnants(certificate: Row) -> bool:
    """Return whether files of the database may still hold bytes of what was erased."""
    remnants = certificate.get("remnants")
    return remnants is not None and remnants["values_overwritten_at"] is None


def list_polls(certificate: Row) -> list[Row]:
    """Return the lines about the platform's own erasure: one for each customer."""
    return [row for row in certificate["platform"] if row["action"] == TaskAction.POLL_PLATFORM_ERASURE]


def name_accounts(polls: Sequence[Row], certificate: Row) -> str:
    """Return of how many of the person's accounts these lines are, with a colon; '' where it is all of them."""
    count = len(list_polls(certificate))
    return f"{len(polls)} of your {count} accounts: " if len(polls) < count else ""


def name_recipient(row: Row) -> str:
    """Return the legal name of a recipient, or the name by which the data subject knows it."""
    system = row.get("system", row["recipient"])
    if row["recipient"] == UNKNOWN_CARRIER or system == UNKNOWN_CARRIER:
        return "a carrier that we have to find out"
    return str(row["recipient"]) if row["recipient"] != system else describe_code(system, TRADE_NAMES)


def is_gone_at_platform(poll: Row) -> bool:
    """Return whether the platform confirmed, or an operator saw, that nothing of the customer is left there."""
    return poll["answer"] in (Outcome.ERASED, Outcome.ABSENT) and bool(poll.get("statement"))
