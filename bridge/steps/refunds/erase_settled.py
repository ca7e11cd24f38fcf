"""Erase the bank details of settled refunds on their erasure date, without a request.

Policy s.2: kept no longer than the refund and its reconciliation take. The bank's reference, the last four digits, the
amount and the date remain. A legal hold on the order or the data subject keeps the details longer.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from bridge.model import Fact, RefundState
from bridge.rules.operations.batch_pace import BatchPace
from bridge.rules.refunds.settlement import compute_erase_at
from bridge.services import Services
from bridge.steps.retention.accept_policy import activate_or_review_policy

if TYPE_CHECKING:
    from bridge.store import Tx

ACCOUNTS_PER_TRANSACTION = 500


def erase_settled_bank_details(*, services: Services) -> int:
    """Erase all bank details that are due. Return how many; 0 while the retention file is not accepted.

    Raises StoreUnavailable, and NeedsOperator if erased details are still there.
    """
    if not activate_or_review_policy(services=services):
        return 0
    with services.store.transaction() as tx:
        _set_missing_erase_dates(tx, services)
    erased, pace, has_more = 0, BatchPace(ACCOUNTS_PER_TRANSACTION), True
    while has_more:
        with services.store.transaction(pace) as tx:
            due_accounts = tx.refunds.list_due_refund_accounts(limit=pace.size)
            erased_accounts = tx.refunds.erase_bank_details([account.id for account in due_accounts])
            counts = Counter((account.shop, account.request_id) for account in erased_accounts)
            for (shop, request_id), count in counts.items():
                tx.evidence.append_fact(
                    Fact.REFUND_ACCOUNT_ERASED, shop=shop, request_id=request_id, count=count, settled=True
                )
            has_more = len(erased_accounts) == pace.size
        erased += len(erased_accounts)
    return erased


def _set_missing_erase_dates(tx: Tx, services: Services) -> None:
    """Set the erasure date of refunds that were settled while the retention file had none."""
    for account in tx.refunds.list_refund_accounts(state=RefundState.SETTLED):
        if account.settled_at and account.erase_at is None:
            erase_at = compute_erase_at(account.opened_at, account.settled_at, services.retention)
            if erase_at:
                tx.refunds.record_erase_at(account.id, erase_at=erase_at)
