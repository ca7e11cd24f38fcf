"""What the stand-in lets an app change: erasure requests, and the few writes that privacy work needs.

Everything else answers with a user error. The invented world is never touched, only what lies over it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bridge.sandbox.shopify.mutations.changes import find, wrong
from bridge.sandbox.shopify.mutations.consent import Consent
from bridge.sandbox.shopify.mutations.deletions import Deletions
from bridge.sandbox.shopify.mutations.erasure import Erasure
from bridge.sandbox.shopify.records.parts import Record, gid, number_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bridge.sandbox.shopify.query_root import Roots

CUSTOMER_FIELDS: Final = frozenset({"email", "firstName", "lastName", "note", "phone", "tags", "locale"})
ORDER_FIELDS: Final = frozenset({"email", "note", "phone", "tags", "poNumber", "customAttributes"})


class Mutations:
    """One call's changes to one shop."""

    def __init__(self, roots: Roots) -> None:
        """`roots` finds what is to be changed."""
        self._roots = roots
        self._shop = roots.shop

    def record(self) -> Record:
        """Give the record that the mutation root is."""
        return {
            "__typename": "Mutation",
            "customerUpdate": self.update_customer,
            "orderUpdate": self.update_order,
            "giftCardUpdate": self.update_card,
            "bulkOperationCancel": self.cancel_bulk,
            **Erasure(self._roots).record(),
            **Consent(self._roots).record(),
            **Deletions(self._roots).record(),
        }

    def update_customer(self, args: Mapping[str, Any]) -> Record:
        """Write over a customer."""
        return self._update("customer", args["input"], CUSTOMER_FIELDS)

    def update_order(self, args: Mapping[str, Any]) -> Record:
        """Write over an order: what is given of `customAttributes` and tags replaces what was there."""
        return self._update("order", args["input"], ORDER_FIELDS)

    def _update(self, kind: str, wanted: Mapping[str, Any], allowed: frozenset[str]) -> Record:
        find = self._roots.customer if kind == "customer" else self._roots.order
        number = number_of(wanted["id"])
        if find(number) is None:
            return wrong("id", f"{kind.title()} does not exist", "INVALID")
        self._shop.write(wanted["id"], {name: value for name, value in wanted.items() if name in allowed})
        return {kind: find(number)}

    def update_card(self, args: Mapping[str, Any]) -> Record:
        """Write over a gift card's note."""
        wanted = gid("GiftCard", number_of(args["id"]))
        if find(self._roots, wanted) is None:
            return wrong("id", "The gift card could not be found.", "INVALID")
        self._shop.write(wanted, {"note": args["input"]["note"]} if "note" in args["input"] else {})
        return {"giftCard": find(self._roots, wanted)}

    def cancel_bulk(self, args: Mapping[str, Any]) -> Record:
        """Stop a bulk operation."""
        found = self._shop.bulk.cancel(args["id"])
        return {"bulkOperation": found} if found else wrong("id", "Bulk operation does not exist", "INVALID")


def unknown(_: Mapping[str, Any]) -> Record:
    """Answer a mutation that the stand-in does not do."""
    return {"userErrors": [{"field": None, "message": "The stand-in does not do this"}]}
