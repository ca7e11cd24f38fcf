"""What the steps need of shops that leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from bridge.model import ShopExit, ShopExitDecision


class ShopExits(Protocol):
    """Shops that leave: what is seen of them, what was decided, what stays."""

    def read_shop_exit(self, shop: str, request_id: str) -> ShopExit:
        """The shop of this request as it stands now."""
        ...

    def fingerprint_documents(self, shop: str) -> tuple[int, str]:
        """How many sealed documents a shop has, and a digest that says which."""
        ...

    def record_exit_decision(
        self,
        shop: str,
        request_id: str,
        decision: ShopExitDecision,
        *,
        actor: str,
        reference: str = "",
        digest: str = "",
    ) -> None:
        """Keep a decision; a second one of its kind takes the place of the first."""
        ...

    def list_open_shop_erasures(self, shop: str) -> Sequence[str]:
        """The ids of the shop's erasures that are not closed."""
        ...

    def list_requests_waiting_for(self, shop: str, reason: str) -> Sequence[str]:
        """The ids of requests with a task of ours that waits for this reason (`Task.last_error`)."""
        ...

    def record_shop_remaining_data(self, shop: str, request_id: str) -> Mapping[str, Any]:
        """Note that this erasure left the shop's documents. Returns what of the shop stays, as `kept_…`."""
        ...

    def delete_shop_documents(self, shop: str) -> int:
        """Destroy all of a shop's documents with their keys; looks again. Raises NeedsOperator."""
        ...
