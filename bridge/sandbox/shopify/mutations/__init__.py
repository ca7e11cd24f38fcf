"""The mutations of the stand-in: erasure requests, and the few writes that privacy work needs.

Every other mutation is answered with a user error. The invented world stays unchanged: changes are stored on top of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bridge.sandbox.shopify.mutations.changes import find_node, make_user_error
from bridge.sandbox.shopify.mutations.consent import ConsentMutations
from bridge.sandbox.shopify.mutations.corrections import CorrectionMutations
from bridge.sandbox.shopify.mutations.deletions import DeletionMutations
from bridge.sandbox.shopify.mutations.erasure import ErasureMutations
from bridge.sandbox.shopify.records.parts import Record, make_gid, read_gid_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bridge.sandbox.shopify.query_root import QueryRoot


class Mutations:
    """The changes of one call to one shop."""

    def __init__(self, query_root: QueryRoot) -> None:
        """Prepare the mutations. `roots` finds the objects to change."""
        self._query_root = query_root
        self._shop = query_root.shop

    def build_fields(self) -> Record:
        """Return the record of the mutation root."""
        return {
            "__typename": "Mutation",
            "giftCardUpdate": self.update_gift_card,
            "bulkOperationCancel": self.cancel_bulk_operation,
            **CorrectionMutations(self._query_root).build_fields(),
            **ErasureMutations(self._query_root).build_fields(),
            **ConsentMutations(self._query_root).build_fields(),
            **DeletionMutations(self._query_root).build_fields(),
        }

    def update_gift_card(self, args: Mapping[str, Any]) -> Record:
        """Change the note of a gift card."""
        global_id = make_gid("GiftCard", read_gid_number(args["id"]))
        if find_node(self._query_root, global_id) is None:
            return make_user_error("id", "The gift card could not be found.", "INVALID")
        self._shop.write_fields(global_id, {"note": args["input"]["note"]} if "note" in args["input"] else {})
        return {"giftCard": find_node(self._query_root, global_id)}

    def cancel_bulk_operation(self, args: Mapping[str, Any]) -> Record:
        """Cancel a bulk operation."""
        found = self._shop.bulk_operations.cancel_operation(args["id"])
        return {"bulkOperation": found} if found else make_user_error("id", "Bulk operation does not exist", "INVALID")


def answer_unknown_mutation(_: Mapping[str, Any]) -> Record:
    """Answer a mutation that the stand-in does not support."""
    return {"userErrors": [{"field": None, "message": "The stand-in does not do this"}]}
