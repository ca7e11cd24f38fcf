"""Erasure of a customer: asked for, withdrawn, and refused. Carried out later, by `Shop.settle`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bridge.sandbox.shopify.mutations.changes import make_user_error
from bridge.sandbox.shopify.records.parts import Record, parse_gid_number
from bridge.sandbox.shopify.state import APP_REQUESTER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bridge.sandbox.shopify.query_root import QueryRoot


class ErasureMutations:
    """The wishes of one call."""

    def __init__(self, query_root: QueryRoot) -> None:
        """`roots` finds what is to be changed."""
        self._query_root = query_root
        self._shop = query_root.shop

    def build_fields(self) -> Record:
        """Give the fields of the mutation root that are done here."""
        return {
            "customerRequestDataErasure": self.request_erasure,
            "customerCancelDataErasure": self.cancel_erasure,
        }

    def request_erasure(self, args: Mapping[str, Any]) -> Record:
        """Take the wish; the customer stays readable until it is carried out."""
        number = parse_gid_number(args["customerId"])
        if self._query_root.find_customer(number) is None:
            return make_user_error("customerId", "Customer does not exist.", "DOES_NOT_EXIST")
        if self._shop.erasure_fails:
            return make_user_error(
                "customerId", "Failed to request customer data erasure.", "FAILED_TO_REQUEST"
            )
        self._shop.request_erasure(number)
        return {"customerId": args["customerId"]}

    def cancel_erasure(self, args: Mapping[str, Any]) -> Record:
        """Withdraw the wish, where it was this app's."""
        number = parse_gid_number(args["customerId"])
        if self._query_root.find_customer(number) is None:
            return make_user_error("customerId", "Customer does not exist.", "DOES_NOT_EXIST")
        asked_by = self._shop.get_erasure_requester(number)
        if not asked_by:
            return make_user_error(
                "customerId", "Customer's data is not scheduled for erasure.", "NOT_BEING_ERASED"
            )
        if asked_by != APP_REQUESTER:
            message = "Only the original requester can cancel this data erasure."
            return make_user_error("customerId", message, "UNAUTHORIZED_CANCELLATION")
        if self._shop.erasure_fails:
            return make_user_error(
                "customerId", "Failed to cancel customer data erasure.", "FAILED_TO_CANCEL"
            )
        self._shop.cancel_erasure(number)
        return {"customerId": args["customerId"]}
