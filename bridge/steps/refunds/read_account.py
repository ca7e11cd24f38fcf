"""Read: the one way to the bank details of a refund, for the purpose that was consented to and while it is open.

Policy s.2 and s.5.xvi. Whoever is refused is recorded as well.
"""

from __future__ import annotations

from bridge.model import BankDetails, Fact
from bridge.ports import Services
from bridge.rules.refunds.settlement import REFUND_BANK_CATEGORY, find_read_refusal


def read_bank_details(
    account_id: str, *, refund: str, purpose: str, reason: str, actor: str, services: Services
) -> tuple[BankDetails | None, str]:
    """The details and '', or none and the code of the refusal. Either is in the evidence when this returns."""
    category = services.retention.categories.get(REFUND_BANK_CATEGORY)
    lock = category.purpose_lock if category else ()
    with services.store.transaction() as tx:
        account = tx.refunds.find_refund_account(account_id)
        refused = find_read_refusal(account, refund=refund, purpose=purpose, lock=lock)
        details = None if refused else tx.refunds.open_bank_details(account_id, refund_id=refund)
        if account is None:  # what was typed as its id may be anything: it is not kept
            tx.evidence.append_fact(Fact.REFUND_ACCOUNT_REFUSED, shop="", actor=actor, reason=refused)
        elif details is None:
            refused = refused or "settled"  # by somebody else, this moment
            tx.evidence.append_fact(
                Fact.REFUND_ACCOUNT_REFUSED,
                shop=account.shop,
                actor=actor,
                subject=account.subject,
                account=account.id,
                reason=refused,
            )
        else:
            tx.evidence.append_fact(
                Fact.REFUND_ACCOUNT_READ,
                shop=account.shop,
                actor=actor,
                subject=account.subject,
                account=account.id,
                purpose=purpose,
                reason=reason,
            )
    return details, refused
