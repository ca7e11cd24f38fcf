"""The mutations that request and cancel the erasure of a customer. `Shop.complete_due_erasures` carries it out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bridge.sandbox.shopify.mutations.changes import make_user_error
from bridge.sandbox.shopify.records.parts import Record, read_gid_number
from bridge.sandbox.shopify.state import APP_REQUESTER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bridge.sandbox.shopify.query_root import QueryRoot


class ErasureMutations:
    """The erasure requests of one call."""

    def __init__(self, query_root: QueryRoot) -> None:
        """Prepare the mutations. `roots` finds the objects to change."""
        self._query_root = query_root
        self._shop = query_root.shop

    def build_fields(self) -> Record:
        """Return the fields of the mutation root that are handled in this class."""
        return {"customerRequestDataErasure": self.request_erasure, "customerCancelDataErasure": self.cancel_erasure}

    def request_erasure(self, args: Mapping[str, Any]) -> Record:
        """Accept the request; the customer stays readable until it is carried out."""
        number = read_gid_number(args["customerId"])
        if self._query_root.find_customer(number) is None:
            return make_user_error("customerId", "Customer does not exist.", "DOES_NOT_EXIST")
        if self._shop.erasure_fails:
            return make_user_error("customerId", "Failed to request customer data erasure.", "FAILED_TO_REQUEST")
        self._shop.request_erasure(number)
        return {"customerId": args["customerId"]}

    def cancel_erasure(self, args: Mapping[str, Any]) -> Record:
        """Cancel the request, if it is this app's."""
        number = read_gid_number(args["customerId"])
        if self._query_root.find_customer(number) is None:
            return make_user_error("customerId", "Customer does not exist.", "DOES_NOT_EXIST")
        asked_by = self._shop.get_erasure_requester(number)
        if not asked_by:
            return make_user_error("customerId", "Customer's data is not scheduled for erasure.", "NOT_BEING_ERASED")
        if asked_by != APP_REQUESTER:
            message = "Only the original requester can cancel this data erasure."
            return make_user_error("customerId", message, "UNAUTHORIZED_CANCELLATION")
        if self._shop.erasure_fails:
            return make_user_error("customerId", "Failed to cancel customer data erasure.", "FAILED_TO_CANCEL")
        self._shop.cancel_erasure(number)
        return {"customerId": args["customerId"]}
