"""Cuts Shopify's Admin introspection down to what privacy work can ask: names and types only.

Run by hand for a new version: `python -m bridge.sandbox.schema.cut SOURCE.json.gz OUT.graphql.gz`.
Never invents a name: what is in the cut is spelled as Shopify spells it, nothing is loosened. No description
and no deprecation text survives, and the bytes are the same for the same source.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any

from graphql import GraphQLSchema, build_client_schema, print_schema

Json = dict[str, Any]

QUERIES = frozenset(
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
MUTATIONS = frozenset(
    [
        "bulkOperationCancel",
        "bulkOperationRunQuery",
        "commentDelete",
        "companyContactDelete",
        "customerAddressDelete",
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
# Interfaces that nearly everything implements: their members come in by name, or this would be no cut.
BROAD = frozenset(
    {"Node", "HasMetafields", "HasMetafieldDefinitions", "LegacyInteroperability", "DisplayableError"}
)


def named(ref: Json) -> str:
    """Give the name at the bottom of a wrapped type."""
    while ref.get("ofType"):
        ref = ref["ofType"]
    return str(ref["name"])


def cut(introspection: Json) -> GraphQLSchema:
    """Keep the questions of privacy work and every type that their fields and arguments reach."""
    source = introspection["__schema"]
    types: dict[str, Json] = {one["name"]: one for one in source["types"]}
    roots = {source["queryType"]["name"]: QUERIES, source["mutationType"]["name"]: MUTATIONS}
    kept: dict[str, Json] = {}
    waiting = [*roots, "Boolean", "String", "Int", "ID", "Float"]
    while waiting:
        name = waiting.pop()
        if name in kept or name not in types or name.startswith("__"):
            continue
        kept[name] = one = _bare(types[name], roots.get(name))
        for part in one["fields"] or []:
            waiting += [named(part["type"]), *(named(arg["type"]) for arg in part["args"])]
        waiting += [named(part["type"]) for part in one["inputFields"] or []]
        if name not in BROAD:
            waiting += [named(part) for part in one["possibleTypes"] or []]
        waiting += [named(part) for part in one["interfaces"] or []]
    for one in kept.values():
        one["possibleTypes"] = one["possibleTypes"] and [
            part for part in one["possibleTypes"] if named(part) in kept
        ]
    meta = [one for one in source["types"] if one["name"].startswith("__")]
    directives = [
        {
            "name": one["name"],
            "args": [_bare_value(arg) for arg in one["args"]],
            "locations": one["locations"],
        }
        for one in source["directives"]
    ]
    whole = {
        "queryType": source["queryType"],
        "mutationType": source["mutationType"],
        "subscriptionType": None,
        "types": [*kept.values(), *meta],
        "directives": directives,
    }
    return build_client_schema({"__schema": whole}, assume_valid=True)  # type: ignore[typeddict-item]  # as read


def _bare(one: Json, only: frozenset[str] | None) -> Json:
    fields = one.get("fields")
    return {
        "kind": one["kind"],
        "name": one["name"],
        "fields": fields
        and [
            {"name": part["name"], "type": part["type"], "args": [_bare_value(arg) for arg in part["args"]]}
            for part in fields
            if only is None or part["name"] in only
        ],
        "inputFields": one.get("inputFields") and [_bare_value(part) for part in one["inputFields"]],
        "interfaces": one.get("interfaces"),
        "enumValues": one.get("enumValues") and [{"name": part["name"]} for part in one["enumValues"]],
        "possibleTypes": one.get("possibleTypes"),
        "isOneOf": bool(one.get("isOneOf")),
    }


def _bare_value(one: Json) -> Json:
    return {"name": one["name"], "type": one["type"], "defaultValue": one.get("defaultValue")}


def main(source: str, out: str) -> None:
    """Cut one version and write it."""
    with gzip.open(source, "rt", encoding="utf-8") as stream:
        schema = cut(json.load(stream)["data"])
    text = "\n".join(line.strip() for line in print_schema(schema).splitlines() if line.strip()) + "\n"
    packed = gzip.compress(text.encode(), compresslevel=9, mtime=0)
    Path(out).write_bytes(packed)
    print(f"{len(schema.type_map)} types, {len(text)} characters, {len(packed)} bytes")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
