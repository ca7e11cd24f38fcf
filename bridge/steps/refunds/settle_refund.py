"""Settle a refund with the bank's reference. From then on its bank details cannot be read."""

from __future__ import annotations

from bridge.errors import PayloadInvalid
from bridge.model import Fact, RefundAccount, Settlement
from bridge.rules.refunds.settlement import compute_erase_at
from bridge.rules.retention.statutory_last_days import compute_day_start, local_day
from bridge.services import Services
from bridge.steps.refunds.wake_after_refund_change import wake_after_refund_change
from bridge.steps.retention.accept_policy import is_policy_pending


def settle_refund(account_id: str, settlement: Settlement, *, actor: str, services: Services) -> RefundAccount | None:
    """Settle the refund and set the erasure date of its details. Return None if it does not exist or is not open.

    Raises PayloadInvalid: `settled_in_the_future`, `settled_before_opened`.
    """
    retention = services.retention
    with services.store.transaction() as tx:
        account = tx.refunds.find_refund_account(account_id)
        if account is None:
            return None
        today = local_day(services.clock.now(), retention.calendar)
        if settlement.on > today:
            raise PayloadInvalid("settled_in_the_future")
        if settlement.on < local_day(account.opened_at, retention.calendar):
            raise PayloadInvalid("settled_before_opened")
        settled_at = compute_day_start(settlement.on, retention)
        # a file that is not accepted sets no date: `erase_settled` does after the acceptance
        is_pending = is_policy_pending(tx, services)
        erase_at = None if is_pending else compute_erase_at(account.opened_at, settled_at, retention)
        if not tx.refunds.record_settlement(account_id, settlement, settled_at=settled_at, erase_at=erase_at):
            return None
        wake_after_refund_change(account, tx)
        tx.evidence.append_fact(
            Fact.REFUND_ACCOUNT_SETTLED,
            shop=account.shop,
            actor=actor,
            request_id=account.request_id,
            subject=account.subject,
            account=account_id,
            settled_on=settlement.on.isoformat(),
            erase_at=erase_at.isoformat() if erase_at else "",
        )
        return tx.refunds.find_refund_account(account_id)
