"""What `doctor` says of reviews that wait, and of bank details that stay too long."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from bridge.cli.context import Desk
from bridge.errors import BridgeError
from bridge.model import Check, RefundAccount, RefundState
from bridge.rules.scanning.scanner import KINDS
from bridge.steps.index.flag_sensitive_text import CATEGORY

LONG_OPEN = timedelta(days=60)
CLOCK_STANDS = timedelta(hours=3)  # they are erased each hour


def reviews_checks(at: Desk) -> list[Check]:
    """Open reviews by kind, and words of `scan_for` that name nothing the scanner knows."""
    category = at.start.retention.categories.get(CATEGORY)
    unknown = sorted(set(category.scan_for if category else ()) - set(KINDS))
    checks = [
        Check(name="scan_for", ok=False, detail=f"{word}: not one of {', '.join(KINDS)}") for word in unknown
    ]
    try:
        with at.store.transaction() as tx:
            waiting = Counter(review.kind for review in tx.reviews.listed())
    except BridgeError:
        return checks
    detail = "{} to look at: `python -m bridge review list --kind {}`"
    return checks + [
        Check(name=f"reviews {kind}", ok=None, detail=detail.format(count, kind))
        for kind, count in sorted(waiting.items())
    ]


def refunds_checks(at: Desk) -> list[Check]:
    """Bank details that lie for a refund nobody settled, that have no day, or that stay after it."""
    now = datetime.now(UTC)
    try:
        with at.store.transaction() as tx:
            open_ = tx.refunds.listed(state=RefundState.OPEN)
            settled = tx.refunds.listed(state=RefundState.SETTLED)
            held = tx.refunds.claimed(settled)
    except BridgeError:
        return []
    late = [
        one for one in settled if one.erase_at and one.erase_at < now - CLOCK_STANDS and one.id not in held
    ]
    found = (
        (
            [one for one in open_ if one.opened_at < now - LONG_OPEN],
            None,
            "open for more than 60 days: settle, or erase",
        ),
        (
            [one for one in settled if one.erase_at is None],
            None,
            "settled without a day: see hold.refund_unsettled",
        ),
        (late, False, "settled, and still there after their day: is the clock running?"),
    )
    return [
        Check(name="refund bank details", ok=ok, detail=f"{len(rows)} {why} ({_first(rows)})")
        for rows, ok, why in found
        if rows
    ]


def _first(accounts: list[RefundAccount]) -> str:
    return ", ".join(account.id for account in accounts[:3]) + (" …" if len(accounts) > 3 else "")
