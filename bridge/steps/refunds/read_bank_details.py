"""Read the bank details of a refund: only for the consented purpose and while the refund is open.

Policy s.2 and s.5.xvi. No other code opens them. Refused attempts are recorded too. Where there are users, another one has
to approve the reading first.
"""

from __future__ import annotations

from bridge.model import BankDetails, Fact
from bridge.rules.refunds.settlement import REFUND_BANK_CATEGORY, find_read_refusal, is_approval_missing
from bridge.services import Services

APPROVAL_NEEDED = "approval_needed"


def read_bank_details(
    account_id: str, *, refund: str, purpose: str, reason: str, actor: str, services: Services
) -> tuple[BankDetails | None, str]:
    """Return the details and '', or None and the code of the refusal; both are recorded in the evidence.

    Raises StoreUnavailable.
    """
    category = services.retention.categories.get(REFUND_BANK_CATEGORY)
    lock = category.purpose_lock if category else ()
    with services.store.transaction() as tx:
        account = tx.refunds.find_refund_account(account_id)
        refusal = find_read_refusal(account, refund=refund, purpose=purpose, lock=lock)
        if account and not refusal and tx.users.has_users():
            refusal = APPROVAL_NEEDED if is_approval_missing(account, actor=actor, now=services.clock.now()) else ""
        details = None if refusal else tx.refunds.open_bank_details(account_id, refund_id=refund)
        if account is None:  # the typed id is not recorded: it may be anything
            tx.evidence.append_fact(Fact.REFUND_ACCOUNT_REFUSED, shop="", actor=actor, reason=refusal)
            return None, refusal
        if details is None:
            refusal = refusal or "settled"  # another operator settled it at this moment
        tx.evidence.append_fact(
            Fact.REFUND_ACCOUNT_REFUSED if refusal else Fact.REFUND_ACCOUNT_READ,
            shop=account.shop,
            actor=actor,
            subject=account.subject,
            account=account.id,
            **({"reason": refusal} if refusal else {"purpose": purpose, "reason": reason}),
        )
    return details, refusal
