"""Drop: the refund will not be, or its details were typed wrong: they go at once, without the bank's reference."""

from __future__ import annotations

from bridge.model import Fact
from bridge.ports import Services


def discard_bank_details(account_id: str, *, actor: str, reason: str, services: Services) -> bool:
    """Erase the details of an open refund. False where it is not open, or a live claim holds them."""
    with services.store.transaction() as tx:
        for account in tx.refunds.erase_bank_details([account_id], include_open=True):
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
