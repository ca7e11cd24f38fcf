"""Erase settled: bank details whose day has come go by themselves, whether somebody asked for it or not.

Policy s.2: not longer than the refund and its reconciliation take. What stays is the bank's reference, the last
four digits, the sum and the day. A live legal claim of the order or of the person holds them longer.
"""

from __future__ import annotations

from collections import Counter

from bridge.model import Fact, RefundState
from bridge.ports import Services, Tx
from bridge.rules.refunds.settlement import compute_erase_at
from bridge.steps.retention.accept_policy import activate_or_review_policy

ACCOUNTS_PER_TRANSACTION = 500


def erase_settled_bank_details(*, services: Services) -> int:
    """Erase what is over and look again. Returns how many: none while the retention file waits to be accepted.

    Raises StoreUnavailable, NeedsOperator.
    """
    if not activate_or_review_policy(services=services):
        return 0
    with services.store.transaction() as tx:
        _set_missing_erase_dates(tx, services)
    erased = 0
    while True:
        with services.store.transaction() as tx:
            erased_accounts = tx.refunds.erase_bank_details(
                [
                    account.id
                    for account in tx.refunds.list_due_refund_accounts(limit=ACCOUNTS_PER_TRANSACTION)
                ]
            )
            for (shop, request_id), count in Counter(
                (account.shop, account.request_id) for account in erased_accounts
            ).items():
                tx.evidence.append_fact(
                    Fact.REFUND_ACCOUNT_ERASED, shop=shop, request_id=request_id, count=count, settled=True
                )
        erased += len(erased_accounts)
        if len(erased_accounts) < ACCOUNTS_PER_TRANSACTION:
            return erased


def _set_missing_erase_dates(tx: Tx, services: Services) -> None:
    """Those that were settled while the retention file had no day for them get theirs once it has."""
    for account in tx.refunds.list_refund_accounts(state=RefundState.SETTLED):
        if account.settled_at and account.erase_at is None:
            erase_at = compute_erase_at(account.opened_at, account.settled_at, services.retention)
            if erase_at:
                tx.refunds.record_erase_at(account.id, erase_at=erase_at)
