"""Store the bank details for one refund, sealed. Calls no other system and never returns the details."""

from __future__ import annotations

from datetime import datetime

from bridge.errors import PayloadInvalid
from bridge.model import BankDetails, Fact, RefundAccount
from bridge.rules.index.identity import legacy_id
from bridge.rules.refunds.settlement import parse_refund_id
from bridge.services import Services
from bridge.steps.refunds.wake_after_refund_change import wake_after_refund_change


def store_bank_details(
    shop: str, details: BankDetails, *, order_id: str, refund: str, opened_at: datetime, actor: str, services: Services
) -> RefundAccount | None:
    """Seal the bank details of one refund of one order. Return None if the refund has details already.

    Raises PayloadInvalid: `order_id_shape`, `opened_in_the_future`, or the fault of the refund id.
    """
    if not legacy_id(order_id):
        raise PayloadInvalid("order_id_shape")
    if opened_at > services.clock.now():
        raise PayloadInvalid("opened_in_the_future")
    with services.store.transaction() as tx:
        account = tx.refunds.seal_bank_details(
            shop, details, order_id=legacy_id(order_id), refund_id=parse_refund_id(refund), opened_at=opened_at
        )
        if account:
            wake_after_refund_change(account, tx)
            detail = {"subject": account.subject, "account": account.id, "method": details.method}
            tx.evidence.append_fact(Fact.REFUND_ACCOUNT_STORED, shop=shop, actor=actor, **detail)
    return account
