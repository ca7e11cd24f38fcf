"""Makes what a refund may hold due now: requests that wait for a hold, and notice items of its order. Calls nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.model import RefundAccount

if TYPE_CHECKING:
    from bridge.store import Tx


def wake_after_refund_change(account: RefundAccount, tx: Tx) -> None:
    """Decide anew about what was not destroyed yet: the refund was opened or settled, or its details were erased."""
    tx.notice_items.decide_anew(account.order_key)
    tx.tasks.wake_held_tasks(account.shop)
