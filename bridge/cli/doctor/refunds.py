"""Check the bank details of refunds: those that stay longer than they should."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from bridge.cli.context import CommandContext
from bridge.errors import BridgeError
from bridge.model import CheckResult, RefundAccount, RefundState

REFUND_OPEN_TOO_LONG = timedelta(days=60)
ERASURE_OVERDUE_AFTER = timedelta(hours=3)  # they are erased every hour


def check_refunds(context: CommandContext) -> list[CheckResult]:
    """Return the bank details of refunds that stay open, that have no day, or that outlive their day."""
    now = datetime.now(UTC)
    try:
        with context.store.transaction() as tx:
            open_accounts = tx.refunds.list_refund_accounts(state=RefundState.OPEN)
            settled = tx.refunds.list_refund_accounts(state=RefundState.SETTLED)
            held_ids = tx.refunds.find_account_ids_on_legal_hold(settled)
    except BridgeError:
        return []  # the database check reports it
    long_open = [account for account in open_accounts if account.opened_at < now - REFUND_OPEN_TOO_LONG]
    without_day = [account for account in settled if account.erase_at is None]
    overdue = [
        account
        for account in settled
        if account.erase_at and account.erase_at < now - ERASURE_OVERDUE_AFTER and account.id not in held_ids
    ]
    return [
        *_check_accounts(long_open, "open for more than 60 days: settle or erase them", ok=None),
        *_check_accounts(without_day, "settled without a day: see hold.refund_unsettled", ok=None),
        *_check_accounts(overdue, "settled and not erased on their day: is the clock running?", ok=False),
    ]


def _check_accounts(accounts: Sequence[RefundAccount], problem: str, *, ok: bool | None) -> list[CheckResult]:
    if not accounts:
        return []
    ids = ", ".join(account.id for account in accounts[:3]) + (" …" if len(accounts) > 3 else "")
    return [CheckResult(name="refund bank details", ok=ok, detail=f"{len(accounts)} {problem} ({ids})")]
