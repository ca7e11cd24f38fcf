"""The mutations that delete customers without orders, drafts, comments, metafields and tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bridge.sandbox.shopify.mutations.changes import find_node, make_user_error
from bridge.sandbox.shopify.records.parts import Record, make_gid, read_gid_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bridge.sandbox.shopify.query_root import QueryRoot


class DeletionMutations:
    """The deletions of one call."""

    def __init__(self, query_root: QueryRoot) -> None:
        """Prepare the mutations. `roots` finds the objects to delete."""
        self._query_root = query_root
        self._shop = query_root.shop

    def build_fields(self) -> Record:
        """Return the fields of the mutation root that are handled in this class."""
        return {
            "customerDelete": self.delete_customer,
            "draftOrderDelete": self.delete_draft,
            "commentDelete": self.delete_comment,
            "metafieldsDelete": self.delete_metafields,
            "tagsRemove": self.remove_tags,
        }

    def delete_customer(self, args: Mapping[str, Any]) -> Record:
        """Delete a customer who never ordered."""
        found = self._query_root.find_customer(read_gid_number(args["input"]["id"]))
        if found is None:
            return make_user_error("id", "Customer can't be found", "INVALID")
        if not found["canDelete"]:
            return make_user_error("id", "Customer can't be deleted because they have associated orders", "INVALID")
        self._shop.forget_customer(read_gid_number(found["id"]))
        return {"deletedCustomerId": found["id"]}

    def delete_draft(self, args: Mapping[str, Any]) -> Record:
        """Delete a draft order."""
        global_id = make_gid("DraftOrder", read_gid_number(args["input"]["id"]))
        if find_node(self._query_root, global_id) is None:
            return make_user_error("id", "Draft order does not exist", "INVALID")
        self._shop.delete_record(global_id)
        return {"deletedId": global_id}

    def delete_comment(self, args: Mapping[str, Any]) -> Record:
        """Delete a comment under an article."""
        global_id = make_gid("Comment", read_gid_number(args["id"]))
        if find_node(self._query_root, global_id) is None:
            return make_user_error("id", "Comment does not exist", "NOT_FOUND")
        self._shop.delete_record(global_id)
        return {"deletedCommentId": global_id}

    def delete_metafields(self, args: Mapping[str, Any]) -> Record:
        """Delete metafields; an unknown one is answered with null and no error."""
        deleted: list[Record | None] = []
        for one in args["metafields"]:
            owner = find_node(self._query_root, one["ownerId"])
            single = owner.get("metafield") if owner else None
            exists = single is not None and single({"namespace": one["namespace"], "key": one["key"]}) is not None
            if exists:
                self._shop.remove_metafield(one["ownerId"], one["namespace"], one["key"])
            deleted.append(dict(one) if exists else None)
        return {"deletedMetafields": deleted}

    def remove_tags(self, args: Mapping[str, Any]) -> Record:
        """Remove tags."""
        found = find_node(self._query_root, args["id"])
        if found is None:
            return make_user_error("id", "Resource does not exist", "NOT_FOUND")
        self._shop.write_fields(args["id"], {"tags": [tag for tag in found["tags"] if tag not in args["tags"]]})
        return {"node": find_node(self._query_root, args["id"])}
