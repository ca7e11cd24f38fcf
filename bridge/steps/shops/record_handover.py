"""Records that the merchant has the documents of a shop that leaves, or waived them in writing.

For every open erasure of the shop, which then goes on by itself. Works inside the caller's transaction. Calls nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bridge.errors import PayloadInvalid
from bridge.model import Fact, ShopExitDecision

if TYPE_CHECKING:
    from bridge.store import Tx

HANDOVER_FACTS = {ShopExitDecision.EXPORTED: Fact.VAULT_EXPORTED, ShopExitDecision.WAIVED: Fact.VAULT_WAIVED}


def record_handover(
    shop: str, decision: ShopExitDecision, *, reference: str, digest: str = "", actor: str, tx: Tx, **detail: Any
) -> Sequence[str]:
    """Record it; `detail` goes into the fact. Return the ids of the requests that go on.

    `reference` is the writing of a waiver, or for an export the fingerprint of what was exported. Raises
    PayloadInvalid (`nobody_leaves`) where no erasure of the shop is open.
    """
    request_ids = tx.shop_exits.list_open_shop_erasures(shop)
    if not request_ids:
        raise PayloadInvalid("nobody_leaves")
    for request_id in request_ids:
        tx.shop_exits.record_exit_decision(shop, request_id, decision, actor=actor, reference=reference, digest=digest)
        tx.evidence.append_fact(HANDOVER_FACTS[decision], shop=shop, actor=actor, request_id=request_id, **detail)
        tx.request_changes.restart_request(request_id)
    return request_ids
