"""Check the reviews: those that wait for a person, and kinds that the scanner does not know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from bridge.cli.context import CommandContext
from bridge.cli.doctor.database import end_without_database
from bridge.model import CheckResult
from bridge.rules.scanning.scanner import SCAN_KINDS
from bridge.steps.index.flag_sensitive_text import FREE_TEXT_CATEGORY

SCAN_FIX = "correct scan_for in the retention file, then hold changes and hold accept"


@end_without_database
def check_reviews(context: CommandContext) -> Iterator[CheckResult]:
    """Yield the open reviews by kind, and the words of `scan_for` that the scanner does not know."""
    category = context.configuration.retention.categories.get(FREE_TEXT_CATEGORY)
    for word in sorted(set(category.scan_for if category else ()) - set(SCAN_KINDS)):
        yield CheckResult(name="scan_for", ok=False, detail=f"{word}: not one of {', '.join(SCAN_KINDS)}", fix=SCAN_FIX)
    with context.store.transaction() as tx:
        waiting = Counter(review.kind for review in tx.reviews.list_reviews())
    for kind, count in sorted(waiting.items()):
        detail = f"{count} to look at: `python -m bridge review list --kind {kind}`"
        yield CheckResult(name=f"reviews {kind}", ok=None, detail=detail)
