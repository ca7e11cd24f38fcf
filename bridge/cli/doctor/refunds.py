"""Check the bank details of refunds: those that stay longer than they should."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from bridge.cli.context import CommandContext
from bridge.cli.doctor.database import end_without_database
from bridge.model import CheckResult, RefundAccount, RefundState

REFUND_OPEN_TOO_LONG = timedelta(days=60)
REFUND_FIX = "refund list, then refund erase each; and start the clock process: python -m workers.schedule"
ERASURE_OVERDUE_AFTER = timedelta(hours=3)  # they are erased every hour


@end_without_database
def check_refunds(context: CommandContext) -> Iterator[CheckResult]:
    """Yield the bank details of refunds that stay open, that have no day, or that outlive their day."""
    now = datetime.now(UTC)
    with context.store.transaction() as tx:
        open_accounts = tx.refunds.list_refund_accounts(state=RefundState.OPEN)
        settled = tx.refunds.list_refund_accounts(state=RefundState.SETTLED)
        held_ids = tx.refunds.find_account_ids_on_legal_hold(settled)
    long_open = [account for account in open_accounts if account.opened_at < now - REFUND_OPEN_TOO_LONG]
    without_day = [account for account in settled if account.erase_at is None]
    overdue = [
        account
        for account in settled
        if account.erase_at and account.erase_at < now - ERASURE_OVERDUE_AFTER and account.id not in held_ids
    ]
    yield from _check_accounts(long_open, "open for more than 60 days: settle or erase them", ok=None)
    yield from _check_accounts(without_day, "settled without a day: see hold.refund_unsettled", ok=None)
    yield from _check_accounts(overdue, "settled and not erased on their day: is the clock running?", ok=False)


def _check_accounts(accounts: Sequence[RefundAccount], problem: str, *, ok: bool | None) -> Iterator[CheckResult]:
    if accounts:
        ids = ", ".join(account.id for account in accounts[:3]) + (" …" if len(accounts) > 3 else "")
        yield CheckResult(
            name="refund bank details", ok=ok, detail=f"{len(accounts)} {problem} ({ids})", fix=REFUND_FIX
        )
