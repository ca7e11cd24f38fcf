"""What `doctor` says of reviews that wait, and of bank details that stay too long."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from bridge.cli.context import CommandContext
from bridge.errors import BridgeError
from bridge.model import CheckResult, RefundAccount, RefundState
from bridge.rules.scanning.scanner import SCAN_KINDS
from bridge.steps.index.flag_sensitive_text import FREE_TEXT_CATEGORY

REFUND_OPEN_TOO_LONG = timedelta(days=60)
ERASURE_OVERDUE_AFTER = timedelta(hours=3)  # they are erased each hour


def check_reviews(context: CommandContext) -> list[CheckResult]:
    """Open reviews by kind, and words of `scan_for` that name nothing the scanner knows."""
    category = context.configuration.retention.categories.get(FREE_TEXT_CATEGORY)
    unknown = sorted(set(category.scan_for if category else ()) - set(SCAN_KINDS))
    checks = [
        CheckResult(name="scan_for", ok=False, detail=f"{word}: not one of {', '.join(SCAN_KINDS)}")
        for word in unknown
    ]
    try:
        with context.store.transaction() as tx:
            waiting = Counter(review.kind for review in tx.reviews.list_reviews())
    except BridgeError:
        return checks
    detail = "{} to look at: `python -m bridge review list --kind {}`"
    return checks + [
        CheckResult(name=f"reviews {kind}", ok=None, detail=detail.format(count, kind))
        for kind, count in sorted(waiting.items())
    ]


def check_refunds(context: CommandContext) -> list[CheckResult]:
    """Bank details that lie for a refund nobody settled, that have no day, or that stay after it."""
    now = datetime.now(UTC)
    try:
        with context.store.transaction() as tx:
            open_ = tx.refunds.list_refund_accounts(state=RefundState.OPEN)
            settled = tx.refunds.list_refund_accounts(state=RefundState.SETTLED)
            held = tx.refunds.find_account_ids_on_legal_hold(settled)
    except BridgeError:
        return []
    late = [
        one
        for one in settled
        if one.erase_at and one.erase_at < now - ERASURE_OVERDUE_AFTER and one.id not in held
    ]
    found = (
        (
            [one for one in open_ if one.opened_at < now - REFUND_OPEN_TOO_LONG],
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
        CheckResult(
            name="refund bank details", ok=ok, detail=f"{len(rows)} {why} ({_format_first_ids(rows)})"
        )
        for rows, ok, why in found
        if rows
    ]


def _format_first_ids(accounts: list[RefundAccount]) -> str:
    return ", ".join(account.id for account in accounts[:3]) + (" …" if len(accounts) > 3 else "")
