"""Erase the bank details of an open refund that is cancelled or was entered wrong. Needs no bank reference."""

from __future__ import annotations

from bridge.model import Fact
from bridge.services import Services
from bridge.steps.refunds.wake_after_refund_change import wake_after_refund_change


def discard_bank_details(account_id: str, *, actor: str, reason: str, services: Services) -> bool:
    """Erase the bank details of an open refund. Return False if it is not open or under a legal hold.

    Raises StoreUnavailable.
    """
    with services.store.transaction() as tx:
        for account in tx.refunds.erase_bank_details([account_id], include_open=True):
            wake_after_refund_change(account, tx)
            tx.evidence.append_fact(
                Fact.REFUND_ACCOUNT_ERASED,
                shop=account.shop,
                actor=actor,
                request_id=account.request_id,
                subject=account.subject,
                count=1,
                account=account.id,
                settled=account.settled_at is not None,
                reason=reason,
            )
            return True
    return False
