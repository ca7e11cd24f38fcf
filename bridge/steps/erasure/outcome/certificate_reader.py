"""Read a certificate of erasure: its names and the lines about the platform's own erasure. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bridge.model import Outcome, TaskAction
from bridge.rules.erasure.plan import CUSTOMER_MERGED_AWAY
from bridge.rules.index.attribution import UNKNOWN_CARRIER
from bridge.steps.erasure.outcome.outcome_words import OutcomeWords

Row = Mapping[str, Any]


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


def name_accounts(polls: Sequence[Row], certificate: Row, words: OutcomeWords) -> str:
    """Return of how many of the person's accounts these lines are, with a colon; '' where it is all of them."""
    count = len(list_polls(certificate))
    return words.say("some_accounts", some=str(len(polls)), all=str(count)) if len(polls) < count else ""


def name_recipient(row: Row, words: OutcomeWords) -> str:
    """Return the legal name of a recipient, or the name by which the data subject knows it."""
    system = row.get("system", row["recipient"])
    if row["recipient"] == UNKNOWN_CARRIER or system == UNKNOWN_CARRIER:
        return words.say("unknown_carrier")
    return str(row["recipient"]) if row["recipient"] != system else words.describe("trade_names", system)


def is_gone_at_platform(poll: Row) -> bool:
    """Return whether the platform confirmed, or an operator saw, that nothing of the customer is left there."""
    return poll["answer"] in (Outcome.ERASED, Outcome.ABSENT) and bool(poll.get("statement"))
