"""What can be taken away: customers without orders, drafts, comments, metafields, tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bridge.sandbox.shopify.mutations.changes import find, wrong
from bridge.sandbox.shopify.records.parts import Record, gid, number_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bridge.sandbox.shopify.query_root import Roots


class Deletions:
    """What one call takes away."""

    def __init__(self, roots: Roots) -> None:
        """`roots` finds what is to be changed."""
        self._roots = roots
        self._shop = roots.shop

    def record(self) -> Record:
        """Give the fields of the mutation root that are done here."""
        return {
            "customerDelete": self.delete_customer,
            "draftOrderDelete": self.delete_draft,
            "commentDelete": self.delete_comment,
            "metafieldsDelete": self.delete_metafields,
            "tagsRemove": self.remove_tags,
        }

    def delete_customer(self, args: Mapping[str, Any]) -> Record:
        """Delete a customer who never ordered."""
        found = self._roots.customer(number_of(args["input"]["id"]))
        if found is None:
            return wrong("id", "Customer can't be found", "INVALID")
        if not found["canDelete"]:
            return wrong("id", "Customer can't be deleted because they have associated orders", "INVALID")
        self._shop.forget(number_of(found["id"]))
        return {"deletedCustomerId": found["id"]}

    def delete_draft(self, args: Mapping[str, Any]) -> Record:
        """Delete a draft order."""
        wanted = gid("DraftOrder", number_of(args["input"]["id"]))
        if find(self._roots, wanted) is None:
            return wrong("id", "Draft order does not exist", "INVALID")
        self._shop.delete(wanted)
        return {"deletedId": wanted}

    def delete_comment(self, args: Mapping[str, Any]) -> Record:
        """Delete a comment under an article."""
        wanted = gid("Comment", number_of(args["id"]))
        if find(self._roots, wanted) is None:
            return wrong("id", "Comment does not exist", "NOT_FOUND")
        self._shop.delete(wanted)
        return {"deletedCommentId": wanted}

    def delete_metafields(self, args: Mapping[str, Any]) -> Record:
        """Delete metafields; one that was not there comes back as null and is no error."""
        gone: list[Record | None] = []
        for one in args["metafields"]:
            owner = find(self._roots, one["ownerId"])
            single = owner.get("metafield") if owner else None
            there = (
                single is not None and single({"namespace": one["namespace"], "key": one["key"]}) is not None
            )
            if there:
                self._shop.remove_metafield(one["ownerId"], one["namespace"], one["key"])
            gone.append(dict(one) if there else None)
        return {"deletedMetafields": gone}

    def remove_tags(self, args: Mapping[str, Any]) -> Record:
        """Take tags away."""
        found = find(self._roots, args["id"])
        if found is None:
            return wrong("id", "Resource does not exist", "NOT_FOUND")
        self._shop.write(args["id"], {"tags": [tag for tag in found["tags"] if tag not in args["tags"]]})
        return {"node": find(self._roots, args["id"])}
