"""What the stand-in lets an app change: erasure requests, and the few writes that privacy work needs.

Everything else answers with a user error. The invented world is never touched, only what lies over it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bridge.sandbox.shopify.parts import Record, number_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bridge.sandbox.shopify.roots import Roots

CUSTOMER_FIELDS = frozenset({"email", "firstName", "lastName", "note", "phone", "tags", "locale"})
ORDER_FIELDS = frozenset({"email", "note", "phone", "tags", "poNumber", "customAttributes"})


def wrong(field: str, message: str, code: str) -> Record:
    """Answer with one user error."""
    return {"userErrors": [{"field": [field], "message": message, "code": code}]}


def mutations(roots: Roots) -> Record:  # noqa: C901 - one small function for each
    """Give the record that the mutation root is."""
    shop = roots.shop

    def request_erasure(args: Mapping[str, Any]) -> Record:
        if roots.customer(number_of(args["customerId"])) is None:
            return wrong("customerId", "Customer does not exist", "DOES_NOT_EXIST")
        shop.ask_erasure(number_of(args["customerId"]))
        return {"customerId": args["customerId"]}

    def cancel_erasure(args: Mapping[str, Any]) -> Record:
        if roots.customer(number_of(args["customerId"])) is None:
            return wrong("customerId", "Customer does not exist", "DOES_NOT_EXIST")
        if not shop.cancel_erasure(number_of(args["customerId"])):
            return wrong("customerId", "Customer is not scheduled to be erased", "NOT_BEING_ERASED")
        return {"customerId": args["customerId"]}

    def update(kind: str, allowed: frozenset[str]) -> Callable[[Mapping[str, Any]], Record]:
        find = roots.customer if kind == "customer" else roots.order

        def run(args: Mapping[str, Any]) -> Record:
            wanted = args["input"]
            if find(number_of(wanted["id"])) is None:
                return wrong("id", f"{kind.title()} does not exist", "INVALID")
            shop.write(wanted["id"], {name: value for name, value in wanted.items() if name in allowed})
            return {kind: find(number_of(wanted["id"]))}

        return run

    def delete_metafields(args: Mapping[str, Any]) -> Record:
        for one in args["metafields"]:
            shop.remove_metafield(one["ownerId"], one["namespace"], one["key"])
        return {"deletedMetafields": [dict(one) for one in args["metafields"]]}

    def remove_tags(args: Mapping[str, Any]) -> Record:
        found = roots.node({"id": args["id"]})
        if found is None:
            return wrong("id", "Resource does not exist", "NOT_FOUND")
        shop.write(args["id"], {"tags": [tag for tag in found["tags"] if tag not in args["tags"]]})
        return {"node": roots.node({"id": args["id"]})}

    def opt_out(args: Mapping[str, Any]) -> Record:
        for one in shop.world.people:
            if one.email == args["email"].casefold():
                shop.write(f"gid://shopify/Customer/{one.id}", {"dataSaleOptOut": True})
                return {"customerId": f"gid://shopify/Customer/{one.id}"}
        return wrong("email", "Data sale opt out failed", "FAILED")

    return {
        "__typename": "Mutation",
        "customerRequestDataErasure": request_erasure,
        "customerCancelDataErasure": cancel_erasure,
        "customerUpdate": update("customer", CUSTOMER_FIELDS),
        "orderUpdate": update("order", ORDER_FIELDS),
        "metafieldsDelete": delete_metafields,
        "tagsRemove": remove_tags,
        "dataSaleOptOut": opt_out,
    }


def unknown(_: Mapping[str, Any]) -> Record:
    """Answer a mutation that the stand-in does not do."""
    return {"userErrors": [{"field": None, "message": "The stand-in does not do this"}]}
