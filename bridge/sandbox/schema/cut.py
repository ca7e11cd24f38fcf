"""Cut Shopify's Admin introspection down to the names and types that privacy work can query.

Run it by hand for a new version: `python -m bridge.sandbox.schema.cut SOURCE.json.gz OUT.graphql.gz`, for the newest
one with `access.txt` of this folder as a third argument, where it writes which scopes open which type and field.
It never invents or changes a name. It drops descriptions and deprecation texts, and its output is the same for the
same source.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from graphql import GraphQLSchema, build_client_schema, print_schema

Json = dict[str, Any]

KEPT_QUERIES = frozenset(
    [
        "abandonedCheckouts",
        "abandonedCheckoutsCount",
        "abandonment",
        "abandonmentByAbandonedCheckoutId",
        "article",
        "articles",
        "bulkOperation",
        "bulkOperations",
        "comment",
        "comments",
        "companies",
        "company",
        "companyContact",
        "companyLocation",
        "consentPolicy",
        "currentAppInstallation",
        "currentBulkOperation",
        "customer",
        "customerByIdentifier",
        "customerPaymentMethod",
        "customerSegmentMembership",
        "customers",
        "customersCount",
        "dispute",
        "disputeEvidence",
        "disputes",
        "draftOrder",
        "draftOrders",
        "draftOrdersCount",
        "event",
        "events",
        "fulfillment",
        "fulfillmentOrder",
        "fulfillmentOrders",
        "giftCard",
        "giftCards",
        "giftCardsCount",
        "metaobject",
        "metaobjectDefinitionByType",
        "metaobjectDefinitions",
        "metaobjects",
        "node",
        "nodes",
        "order",
        "orderByIdentifier",
        "orders",
        "ordersCount",
        "privacySettings",
        "publicApiVersions",
        "refund",
        "return",
        "reverseDelivery",
        "reverseFulfillmentOrder",
        "segment",
        "segments",
        "shop",
        "storeCreditAccount",
        "subscriptionContract",
        "subscriptionContracts",
        "tenderTransactions",
        "webhookSubscription",
        "webhookSubscriptions",
        "webhookSubscriptionsCount",
    ]
)
KEPT_MUTATIONS = frozenset(
    [
        "bulkOperationCancel",
        "bulkOperationRunQuery",
        "commentDelete",
        "companyContactDelete",
        "customerAddressCreate",
        "customerAddressDelete",
        "customerAddressUpdate",
        "customerCancelDataErasure",
        "customerDelete",
        "customerEmailMarketingConsentUpdate",
        "customerPaymentMethodRevoke",
        "customerRequestDataErasure",
        "customerSmsMarketingConsentUpdate",
        "customerUpdate",
        "customerWhatsAppMarketingConsentUpdate",
        "dataSaleOptOut",
        "draftOrderDelete",
        "giftCardUpdate",
        "metafieldsDelete",
        "orderCustomerRemove",
        "orderDelete",
        "orderUpdate",
        "tagsRemove",
        "webhookSubscriptionCreate",
        "webhookSubscriptionDelete",
        "webhookSubscriptionUpdate",
    ]
)
SCOPE_PATTERN = re.compile(r"`((?:read|write)_[a-z_]+)`")
REQUIRED_BESIDES_PATTERN = re.compile(r"Requires `((?:read|write)_[a-z_]+)` scope")
# Nearly every type implements these interfaces: only members that are reached by name are kept, or nothing would be cut.
BROAD_INTERFACES = frozenset(
    {"Node", "HasMetafields", "HasMetafieldDefinitions", "LegacyInteroperability", "DisplayableError"}
)


def unwrap_type_name(type_ref: Json) -> str:
    """Return the innermost name of a wrapped type."""
    while type_ref.get("ofType"):
        type_ref = type_ref["ofType"]
    return str(type_ref["name"])


def cut_schema(introspection: Json) -> GraphQLSchema:
    """Return the query fields of privacy work and every type that their fields and arguments reach."""
    source = introspection["__schema"]
    types: dict[str, Json] = {one["name"]: one for one in source["types"]}
    roots = {source["queryType"]["name"]: KEPT_QUERIES, source["mutationType"]["name"]: KEPT_MUTATIONS}
    kept_types: dict[str, Json] = {}
    pending = [*roots, "Boolean", "String", "Int", "ID", "Float"]
    while pending:
        name = pending.pop()
        if name in kept_types or name not in types or name.startswith("__"):
            continue
        kept_types[name] = one = _strip_type(types[name], roots.get(name))
        for part in one["fields"] or []:
            pending += [unwrap_type_name(part["type"]), *(unwrap_type_name(arg["type"]) for arg in part["args"])]
        pending += [unwrap_type_name(part["type"]) for part in one["inputFields"] or []]
        if name not in BROAD_INTERFACES:
            pending += [unwrap_type_name(part) for part in one["possibleTypes"] or []]
        pending += [unwrap_type_name(part) for part in one["interfaces"] or []]
    for one in kept_types.values():
        one["possibleTypes"] = one["possibleTypes"] and [
            part for part in one["possibleTypes"] if unwrap_type_name(part) in kept_types
        ]
    meta = [one for one in source["types"] if one["name"].startswith("__")]
    directives = [
        {"name": one["name"], "args": [_strip_value(arg) for arg in one["args"]], "locations": one["locations"]}
        for one in source["directives"]
    ]
    result = {
        "queryType": source["queryType"],
        "mutationType": source["mutationType"],
        "subscriptionType": None,
        "types": [*kept_types.values(), *meta],
        "directives": directives,
    }
    return build_client_schema({"__schema": result}, assume_valid=True)  # type: ignore[typeddict-item]  # as read from JSON


def _strip_type(type_info: Json, kept_fields: frozenset[str] | None) -> Json:
    fields = type_info.get("fields")
    return {
        "kind": type_info["kind"],
        "name": type_info["name"],
        "fields": fields
        and [
            {"name": part["name"], "type": part["type"], "args": [_strip_value(arg) for arg in part["args"]]}
            for part in fields
            if kept_fields is None or part["name"] in kept_fields
        ],
        "inputFields": type_info.get("inputFields") and [_strip_value(part) for part in type_info["inputFields"]],
        "interfaces": type_info.get("interfaces"),
        "enumValues": type_info.get("enumValues") and [{"name": part["name"]} for part in type_info["enumValues"]],
        "possibleTypes": type_info.get("possibleTypes"),
        "isOneOf": bool(type_info.get("isOneOf")),
    }


def _strip_value(value_info: Json) -> Json:
    return {"name": value_info["name"], "type": value_info["type"], "defaultValue": value_info.get("defaultValue")}


def list_required_access(introspection: Json, schema: GraphQLSchema) -> Iterator[str]:
    """Yield `Type: read_a | read_b + read_c` for each type and field of the cut that Shopify opens to some scopes only.

    Shopify describes them in words: scopes of one sentence are alternatives, `Also: Requires … scope` adds one to each.
    """
    for one in introspection["__schema"]["types"]:
        if one["name"] not in schema.type_map:
            continue
        kept_fields = getattr(schema.type_map[one["name"]], "fields", {})
        fields = [part for part in one.get("fields") or [] if part["name"] in kept_fields]
        for name, part in ((one["name"], one), *((f"{one['name']}.{part['name']}", part) for part in fields)):
            alternatives, _, also = (part.get("requiredAccess") or "").partition("Also:")
            extra = REQUIRED_BESIDES_PATTERN.findall(also)
            if found := dict.fromkeys(SCOPE_PATTERN.findall(alternatives)):
                yield f"{name}: " + " | ".join(" + ".join([scope, *extra]) for scope in found)


def main(source: str, out: str, access_out: str = "") -> None:
    """Cut one version and write it."""
    with gzip.open(source, "rt", encoding="utf-8") as stream:
        introspection = json.load(stream)["data"]
    schema = cut_schema(introspection)
    if access_out:
        head = "# Which scopes open a type or field, as Shopify's schema says; `|` is or, `+` is and. Made by cut.py."
        lines = (head, *list_required_access(introspection, schema))
        Path(access_out).write_text("\n".join(lines) + "\n", encoding="utf-8")
    text = "\n".join(line.strip() for line in print_schema(schema).splitlines() if line.strip()) + "\n"
    packed = gzip.compress(text.encode(), compresslevel=9, mtime=0)
    Path(out).write_bytes(packed)
    print(f"{len(schema.type_map)} types, {len(text)} characters, {len(packed)} bytes")


if __name__ == "__main__":
    main(*sys.argv[1:])
