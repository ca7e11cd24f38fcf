"""Check the reviews: those that wait for a person, and kinds that the scanner does not know."""

from __future__ import annotations

from collections import Counter

from bridge.cli.context import CommandContext
from bridge.errors import BridgeError
from bridge.model import CheckResult
from bridge.rules.scanning.scanner import SCAN_KINDS
from bridge.steps.index.flag_sensitive_text import FREE_TEXT_CATEGORY


def check_reviews(context: CommandContext) -> list[CheckResult]:
    """Return the open reviews by kind, and the words of `scan_for` that the scanner does not know."""
    category = context.configuration.retention.categories.get(FREE_TEXT_CATEGORY)
    unknown = sorted(set(category.scan_for if category else ()) - set(SCAN_KINDS))
    checks = [
        CheckResult(name="scan_for", ok=False, detail=f"{word}: not one of {', '.join(SCAN_KINDS)}") for word in unknown
    ]
    try:
        with context.store.transaction() as tx:
            waiting = Counter(review.kind for review in tx.reviews.list_reviews())
    except BridgeError:
        return checks  # the database check reports it
    detail = "{} to look at: `python -m bridge review list --kind {}`"
    return checks + [
        CheckResult(name=f"reviews {kind}", ok=None, detail=detail.format(count, kind))
        for kind, count in sorted(waiting.items())
    ]
