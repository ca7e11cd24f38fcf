"""Approve that another person reads the bank details of one refund. Opens nothing."""

from __future__ import annotations

from bridge.model import Fact
from bridge.services import Services


def approve_bank_details_reading(account_id: str, *, actor: str, reason: str, services: Services) -> bool:
    """Let another person read the details for a day; what was approved before is replaced. Return False where the refund is unknown or not open.

    Raises StoreUnavailable.
    """
    with services.store.transaction() as tx:
        account = tx.refunds.find_refund_account(account_id)
        if account is None or not tx.refunds.record_approval(account_id, actor=actor):
            return False
        tx.evidence.append_fact(
            Fact.REFUND_READING_APPROVED,
            shop=account.shop,
            actor=actor,
            subject=account.subject,
            account=account.id,
            reason=reason,
        )
    return True
