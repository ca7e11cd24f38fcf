"""Check the processors of the merchant file: when each was last looked at, and whether one is where nothing may be sent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from bridge.cli.context import CommandContext
from bridge.model import CheckResult
from bridge.rules.requests.deadlines import add_months_to_date

MONTHS_BETWEEN_REVIEWS = 12  # policy s.11: providers are looked at again and again
REVIEW_FIX = "look at it, write last_reviewed_on in the merchant file, and deploy"
RESTRICTED_FIX = "docs/runbooks/country-restricted.md"


def check_processors(context: CommandContext) -> Iterator[CheckResult]:
    """Yield each processor to which nothing is sent, and each that nobody looked at for a year."""
    merchant, today = context.configuration.merchant, datetime.now(UTC).astimezone(context.merchant_zone).date()
    for each in merchant.processors:
        if countries := merchant.find_restricted(each.id):
            detail = (
                f"nothing is sent to {each.id}: {', '.join(countries)} is in restricted_countries of the merchant file"
            )
            yield CheckResult(name="processor country", ok=False, detail=detail, fix=RESTRICTED_FIX)
        if not each.named:
            continue
        if each.last_reviewed_on is None:
            detail = f"{each.id}: last_reviewed_on is not set; nobody has recorded a look at how it keeps its contract"
            yield CheckResult(name="processor review", ok=None, detail=detail, fix=REVIEW_FIX)
        elif add_months_to_date(each.last_reviewed_on, MONTHS_BETWEEN_REVIEWS) <= today:
            detail = (
                f"{each.id}: last looked at on {each.last_reviewed_on}, more than {MONTHS_BETWEEN_REVIEWS} months ago"
            )
            yield CheckResult(name="processor review", ok=None, detail=detail, fix=REVIEW_FIX)
