"""Erasure of a customer: asked for, withdrawn, and refused. Carried out later, by `Shop.settle`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bridge.sandbox.shopify.mutations.changes import wrong
from bridge.sandbox.shopify.records.parts import Record, number_of
from bridge.sandbox.shopify.state import APP

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bridge.sandbox.shopify.query_root import Roots


class Erasure:
    """The wishes of one call."""

    def __init__(self, roots: Roots) -> None:
        """`roots` finds what is to be changed."""
        self._roots = roots
        self._shop = roots.shop

    def record(self) -> Record:
        """Give the fields of the mutation root that are done here."""
        return {
            "customerRequestDataErasure": self.request,
            "customerCancelDataErasure": self.cancel,
        }

    def request(self, args: Mapping[str, Any]) -> Record:
        """Take the wish; the customer stays readable until it is carried out."""
        number = number_of(args["customerId"])
        if self._roots.customer(number) is None:
            return wrong("customerId", "Customer does not exist.", "DOES_NOT_EXIST")
        if self._shop.erasure_fails:
            return wrong("customerId", "Failed to request customer data erasure.", "FAILED_TO_REQUEST")
        self._shop.ask_erasure(number)
        return {"customerId": args["customerId"]}

    def cancel(self, args: Mapping[str, Any]) -> Record:
        """Withdraw the wish, where it was this app's."""
        number = number_of(args["customerId"])
        if self._roots.customer(number) is None:
            return wrong("customerId", "Customer does not exist.", "DOES_NOT_EXIST")
        asked_by = self._shop.erasure_asked_by(number)
        if not asked_by:
            return wrong("customerId", "Customer's data is not scheduled for erasure.", "NOT_BEING_ERASED")
        if asked_by != APP:
            message = "Only the original requester can cancel this data erasure."
            return wrong("customerId", message, "UNAUTHORIZED_CANCELLATION")
        if self._shop.erasure_fails:
            return wrong("customerId", "Failed to cancel customer data erasure.", "FAILED_TO_CANCEL")
        self._shop.cancel_erasure(number)
        return {"customerId": args["customerId"]}
