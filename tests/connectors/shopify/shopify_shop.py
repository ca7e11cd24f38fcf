"""A small shop with Shopify's real schema in memory, for which a test states only what it needs."""

import json
import re
from dataclasses import dataclass, field
from functools import lru_cache

from graphql import (
    GraphQLError,
    execute_sync,
    get_named_type,
    get_nullable_type,
    is_enum_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    parse,
)

from bridge.connectors.shopify.api.scopes import REQUIRED_SCOPES
from bridge.model import Principal
from bridge.sandbox.schema import load_schema
from tests.kit.gathering import list_pages

SHOP = "contract.myshopify.com"
API = f"https://{SHOP}/admin/api/2026-10/graphql.json"
ASHA, MAIL, PHONE = "gid://shopify/Customer/7", "asha.qwertzuiop@example.com", "+919000000001"
BIKRAM = "gid://shopify/Customer/8"
ALL_SCOPES = [need.scope for need in REQUIRED_SCOPES]
SCHEMA = load_schema("2026-10")
PAGING = ("first", "after", "reverse", "sortKey")
ZERO = {"Boolean": False, "Int": 0, "Float": 0.0}
parse_text = lru_cache(maxsize=256)(parse)
OPERATION = re.compile(r"(?:query|mutation) (\w+)")


@dataclass
class Shop:
    """A shop whose nodes are dicts with Shopify's field names; a missing field is null or empty."""

    customers: list = field(default_factory=list)
    orders: list = field(default_factory=list)
    drafts: list = field(default_factory=list)
    cards: list = field(default_factory=list)
    checkouts: list = field(default_factory=list)
    comments: list = field(default_factory=list)
    payments: list = field(default_factory=list)
    disputes: list = field(default_factory=list)
    abandonments: list = field(default_factory=list)
    definitions: list = field(default_factory=list)
    things: list = field(default_factory=list)
    segments: dict = field(default_factory=dict)
    scopes: list = field(default_factory=lambda: list(ALL_SCOPES))
    denied: dict = field(default_factory=dict)
    largest: int = 250
    calls: list = field(default_factory=list)
    faults: list = field(default_factory=list)

    def answer(self, request):
        sent = json.loads(request.body)
        name = OPERATION.search(sent["query"])[1]
        if self.faults and (fault := self.faults.pop(0)):
            return fault
        self.calls.append((name, sent["variables"]))
        sizes = [sent["variables"].get("first") or 0, len(sent["variables"].get("ids") or ())]
        if max(sizes) > self.largest:
            error = {"code": "MAX_COST_EXCEEDED", "cost": 2000, "maxCost": 1000}
            return 200, {}, json.dumps({"errors": [{"message": "too much", "extensions": error}]})
        done = execute_sync(
            SCHEMA,
            parse_text(sent["query"]),
            variable_values=sent["variables"],
            field_resolver=self.resolve,
            type_resolver=lambda value, *_: value["__typename"],
        )
        return 200, {}, json.dumps(done.formatted)

    def resolve(self, source, info, **args):
        name = info.field_name
        if (reason := self.denied.get((info.parent_type.name, name))) is not None:
            raise GraphQLError(reason, extensions={"code": "ACCESS_DENIED"})
        if (info.parent_type.name, name) == ("Customer", "orders"):
            own = [one for one in self.orders if (one.get("customer") or {}).get("id") == source["id"]]
            return self.page(own, info, args)
        if info.parent_type is SCHEMA.query_type:
            own = {key: value for key, value in args.items() if key not in PAGING or name == "nodes"}
            return self.page(getattr(self, f"root_{name}")(**own), info, args)
        return self.page(source.get(name), info, args)

    def page(self, value, info, args):
        kind, bare = get_named_type(info.return_type), get_nullable_type(info.return_type)
        if kind.name.endswith("Connection") and not (isinstance(value, dict) and "nodes" in value):
            start, rows = int(args.get("after") or 0), value or []
            stop = start + args["first"]
            more = {"hasNextPage": stop < len(rows), "endCursor": str(min(stop, len(rows)))}
            return {"nodes": rows[start:stop], "pageInfo": more}
        if is_list_type(bare) and "first" in args:
            return (value or [])[: args["first"]]
        if value is None and is_non_null_type(info.return_type):
            if is_list_type(bare):
                return []
            if is_leaf_type(kind):
                return next(iter(kind.values)) if is_enum_type(kind) else ZERO.get(kind.name, "")
            return {}
        return value

    def root_customer(self, id):  # noqa: A002 - Shopify's word
        return next((one for one in self.customers if one["id"] == id), None)

    def root_customerByIdentifier(self, identifier):  # noqa: N802 - Shopify's word
        ((key, value),) = identifier.items()
        places = {
            "emailAddress": ("defaultEmailAddress", "emailAddress"),
            "phoneNumber": ("defaultPhoneNumber", "phoneNumber"),
        }
        if key == "id":
            return self.root_customer(value)
        outer, inner = places[key]
        return next((one for one in self.customers if (one.get(outer) or {}).get(inner) == value), None)

    def root_orders(self, query, **_):
        words = re.findall(r"'((?:[^'\\]|\\.)*)'", query)
        return [one for one in self.orders if any(word.lower() in json.dumps(one).lower() for word in words)]

    def root_nodes(self, ids):
        known = {one["id"]: one | {"__typename": "Order"} for one in self.orders}
        known |= {one["id"]: one | {"__typename": "ShopifyPaymentsDispute"} for one in self.disputes}
        return [known.get(one) for one in ids]

    def root_tenderTransactions(self, query, **_):  # noqa: N802 - Shopify's word
        spans = re.findall(r"processed_at:>='(.+?)' AND processed_at:<='(.+?)'", query)
        return [one for one in self.payments if any(a <= one["processedAt"] <= b for a, b in spans)]

    def root_abandonmentByAbandonedCheckoutId(self, abandonedCheckoutId):  # noqa: N802, N803 - Shopify's words
        return next((one for one in self.abandonments if one["of"] == abandonedCheckoutId), None)

    def root_metaobjectDefinitions(self, **_):  # noqa: N802 - Shopify's word
        return self.definitions

    def root_metaobjects(self, type, **_):  # noqa: A002 - Shopify's word
        return [one for one in self.things if one["type"] == type]

    def root_segments(self, **_):
        return [{"id": one, "name": name} for one, (name, _) in self.segments.items()]

    def root_customerSegmentMembership(self, customerId, segmentIds):  # noqa: N802, N803 - Shopify's words
        return {
            "memberships": [{"segmentId": one, "isMember": customerId in self.segments[one][1]} for one in segmentIds]
        }

    def root_order(self, id):  # noqa: A002 - Shopify's word
        return next((one for one in self.orders if one["id"] == id), None)

    def root_draftOrders(self, **_):  # noqa: N802 - Shopify's word
        return self.drafts

    def root_giftCards(self, **_):  # noqa: N802 - Shopify's word
        return self.cards

    def root_abandonedCheckouts(self, **_):  # noqa: N802 - Shopify's word
        return self.checkouts

    def root_comments(self, **_):
        return self.comments

    def root_shop(self):
        return {"id": "gid://shopify/Shop/1"}

    def root_currentAppInstallation(self):  # noqa: N802 - Shopify's word
        return {"accessScopes": [{"handle": one} for one in self.scopes]}


# --- the shop -------------------------------------------------------------------------------------------


def order(number, customer=ASHA, email=MAIL, **more):
    return {
        "id": f"gid://shopify/Order/{number}",
        "legacyResourceId": str(number),
        "name": f"#{number}",
        "email": email,
        "customer": customer and {"id": customer},
        "lineItems": [{"id": f"gid://shopify/LineItem/{number}", "title": "Ring", "name": "Ring"}],
        **more,
    }


def asha(**more):
    return {
        "id": ASHA,
        "displayName": "Asha Qwertzuiop",
        "numberOfOrders": "3",
        "defaultEmailAddress": {"emailAddress": MAIL, "marketingState": "SUBSCRIBED"},
        "defaultPhoneNumber": {"phoneNumber": PHONE, "marketingState": "SUBSCRIBED"},
        **more,
    }


PRINCIPAL = Principal(customer_id="7", email=MAIL, phone=PHONE)


def walk(platform, principal=PRINCIPAL, cursor=""):
    return list_pages(platform.gather(principal, shop=SHOP, parcels=(), cursor=cursor))


def findings(pages):
    return [finding for page in pages for finding in page.findings]


def gaps(pages):
    return list(dict.fromkeys((gap.absence, gap.what, gap.reason) for page in pages for gap in page.gaps))


def refs(pages, kind="order"):
    return [(one.ref.rpartition("/")[2], one.matched_by) for one in findings(pages) if one.kind == kind]
