"""The query root of one shop: the value of each field of Shopify's query root.

A field without an entry is answered with null or an empty list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bridge.sandbox.shopify.engine.run import LazyRows
from bridge.sandbox.shopify.engine.search import SearchQuery
from bridge.sandbox.shopify.engine.searchable import SEARCHABLE
from bridge.sandbox.shopify.records import customer_extras, customers, disputes, known, segments, shop_extras
from bridge.sandbox.shopify.records.nodes import resolve_node
from bridge.sandbox.shopify.records.orders import draft_record
from bridge.sandbox.shopify.records.parts import Record, make_gid, read_gid_number
from bridge.sandbox.shopify.rich.company import make_company_contact
from bridge.sandbox.shopify.rich.methods import make_subscription

if TYPE_CHECKING:
    from bridge.sandbox.shopify.state import Shop
    from bridge.sandbox.world.models import Order

RECENT_ORDERS_WINDOW = timedelta(days=60)
Args = Mapping[str, Any]
# Fields of the root that return one object by its global id.
ROOT_FIELDS_BY_ID = [
    "article",
    "comment",
    "company",
    "companyContact",
    "companyLocation",
    "customerPaymentMethod",
    "disputeEvidence",
    "draftOrder",
    "event",
    "fulfillment",
    "fulfillmentOrder",
    "giftCard",
    "metaobject",
    "refund",
    "return",
    "reverseDelivery",
    "reverseFulfillmentOrder",
    "segment",
    "storeCreditAccount",
    "subscriptionContract",
]


class QueryRoot:
    """One call's view of a shop, with or without the orders older than sixty days."""

    def __init__(self, shop: Shop, *, granted: frozenset[str], shop_scopes: tuple[str, ...]) -> None:
        """Prepare the view. The ignored search fields are added to `warnings`."""
        self.shop = shop
        self.warnings: list[dict[str, Any]] = []
        self._scopes = shop_scopes
        self._oldest_visible = None if "read_all_orders" in granted else shop.world.now - RECENT_ORDERS_WINDOW

    def build_root_record(self) -> Record:
        """Return the record of the query root."""
        world, shop = self.shop.world, self.shop

        def search_connection(
            root: str, things: Callable[[], Iterable[Any]], facts: Any, make: Any
        ) -> Callable[[Args], LazyRows]:
            return lambda args: self._search_rows(root, things(), args, facts, make)

        def list_connection(root: str, records: Callable[[], Iterable[Record]]) -> Callable[[Args], LazyRows]:
            return search_connection(root, records, known.build_record_facts, lambda one: one)

        def related_connection(root: str, things: Iterable[Any], make: Any) -> Callable[[Args], LazyRows]:
            return search_connection(
                root, lambda: things, lambda one: known.build_related_facts(shop, one), lambda one: make(shop, one)
            )

        return {
            "__typename": "QueryRoot",
            "shop": lambda _: self._build_shop(),
            "currentAppInstallation": {
                "__typename": "AppInstallation",
                "id": make_gid("AppInstallation", 1),
                "accessScopes": [{"handle": scope} for scope in self._scopes],
            },
            "customer": lambda args: self.find_customer(read_gid_number(args["id"])),
            "customerByIdentifier": self._find_by_identifier,
            "customers": search_connection(
                "customers",
                lambda: shop.people,
                lambda one: known.build_person_facts(shop, one),
                lambda one: self.find_customer(one.id) or {},
            ),
            "customersCount": lambda _: {"count": len(shop.people), "precision": "EXACT"},
            "order": lambda args: self.find_order(read_gid_number(args["id"])),
            "orders": search_connection(
                "orders",
                lambda: self.filter_visible(world.orders),
                lambda one: customers.get_or_make(shop, f"facts/{one.id}", lambda: known.build_order_facts(shop, one)),
                lambda one: customers.get_order_record(shop, one),
            ),
            "ordersCount": self._count_orders,
            "webhookSubscriptions": lambda _: list(shop.subscriptions),
            "draftOrders": related_connection(
                "draftOrders", shop.exclude_deleted("DraftOrder", world.drafts), draft_record
            ),
            "giftCards": related_connection("giftCards", world.gift_cards, customer_extras.gift_card_record),
            "abandonedCheckouts": related_connection(
                "abandonedCheckouts", world.checkouts, customer_extras.checkout_record
            ),
            "comments": related_connection(
                "comments", shop.exclude_deleted("Comment", world.comments), customer_extras.comment_record
            ),
            "articles": lambda _: [customer_extras.article_record(shop)],
            "abandonment": lambda args: shop_extras.find_abandonment(shop, read_gid_number(args["id"])),
            "abandonmentByAbandonedCheckoutId": lambda args: shop_extras.find_abandonment(
                shop, read_gid_number(args["abandonedCheckoutId"])
            ),
            "disputes": list_connection(
                "disputes",
                lambda: [disputes.dispute_record(shop, world.get_order(one)) for one in world.disputed_order_ids],
            ),
            "dispute": lambda args: resolve_node(self, args["id"]),
            "tenderTransactions": list_connection("tenderTransactions", self._list_tenders),
            "metaobjects": self._list_metaobjects,
            "metaobjectDefinitions": lambda _: [
                shop_extras.metaobject_definition(name) for name in sorted({one.type for one in world.metaobjects})
            ],
            "metaobjectDefinitionByType": lambda args: (
                shop_extras.metaobject_definition(args["type"])
                if args["type"] in {one.type for one in world.metaobjects}
                else None
            ),
            "segments": lambda _: segments.build_segments(shop),
            "customerSegmentMembership": lambda args: segments.build_memberships(shop, args),
            "subscriptionContracts": list_connection(
                "subscriptionContracts", lambda: [make_subscription(shop, one) for one in self.list_rich_customer_ids()]
            ),
            "companies": list_connection(
                "companies",
                lambda: [make_company_contact(shop, one)["company"] for one in self.list_rich_customer_ids()],
            ),
            "events": list_connection("events", self._list_events),
            "fulfillmentOrders": self._list_fulfillment_orders,
            **dict.fromkeys(ROOT_FIELDS_BY_ID, lambda args: resolve_node(self, args["id"])),
            "node": lambda args: resolve_node(self, args["id"]),
            "bulkOperation": lambda args: resolve_node(self, args["id"]),
            "bulkOperations": lambda _: shop.bulk_operations.list_operations(),
            "currentBulkOperation": lambda _: shop.bulk_operations.poll_latest(),
            "nodes": lambda args: [resolve_node(self, one) for one in args["ids"]],
        }

    def _count_orders(self, args: Args) -> Record:
        """Count orders, up to the limit: 10,000 unless the call names another or none."""
        search = SearchQuery(str(args.get("query") or ""), SEARCHABLE["orders"])
        found = [
            one
            for one in self.filter_visible(self.shop.world.orders)
            if search(known.build_order_facts(self.shop, one))
        ]
        limit = args.get("limit", 10_000)
        is_over = limit is not None and len(found) > limit
        return {"count": limit if is_over else len(found), "precision": "AT_LEAST" if is_over else "EXACT"}

    def find_customer(self, number: int) -> Record | None:
        """Return one customer; None if the shop does not know the id."""
        orders = self.filter_visible(one for one in self.shop.world.orders if one.person_id == number)
        # a narrower view must not be cached for a wider one
        return customers.get_customer_record(self.shop, number, orders, view="recent" if self._oldest_visible else "")

    def find_order(self, number: int) -> Record | None:
        """Return one order; None if it is unknown or outside the window."""
        try:
            found = self.filter_visible([self.shop.world.get_order(number)])
        except KeyError:
            return None
        return customers.get_order_record(self.shop, found[0]) if found else None

    def filter_visible(self, orders: Iterable[Order]) -> list[Order]:
        """Return the orders that this call may see."""
        oldest = self._oldest_visible
        return [one for one in orders if oldest is None or one.created_at >= oldest]

    def list_rich_customer_ids(self) -> list[int]:
        """Return the id of the customer with seeded values, unless redacted or deleted."""
        hidden = self.shop.redacted_customer_ids | self.shop.unknown_customer_ids
        return [one.id for one in self.shop.world.people[:1] if one.rich and one.id not in hidden]

    def _build_shop(self) -> Record:
        world = self.shop.world
        return {
            "__typename": "Shop",
            "id": make_gid("Shop", world.shop_id),
            "name": "Minimiss (invented)",
            "myshopifyDomain": world.shop,
            "email": "owner@example.com",
            "contactEmail": "care@example.com",
            "ianaTimezone": "Asia/Kolkata",
            "currencyCode": "INR",
            "plan": {"publicDisplayName": "Shopify", "shopifyPlus": False, "partnerDevelopment": True},
        }

    def _find_by_identifier(self, args: Args) -> Record | None:
        wanted = args["identifier"]
        for one in self.shop.people:
            readable = one.id not in self.shop.redacted_customer_ids
            email, phone = (self.shop.read_contact(one, field) for field in ("email", "phone"))
            if (
                (wanted.get("id") and read_gid_number(wanted["id"]) == one.id)
                or (readable and email and str(wanted.get("emailAddress") or "").casefold() == email)
                or (readable and phone and wanted.get("phoneNumber") == phone)
            ):
                return self.find_customer(one.id)
        return None

    def _list_tenders(self) -> list[Record]:
        world = self.shop.world
        paid = self.filter_visible(world.get_order(one) for one in world.disputed_order_ids)
        return [disputes.tender_record(self.shop, one) for one in paid]

    def _list_metaobjects(self, args: Args) -> LazyRows:
        wanted = [one for one in self.shop.world.metaobjects if one.type == args["type"]]
        records = [shop_extras.metaobject_record(self.shop, one) for one in wanted]
        return self._search_rows("metaobjects", records, args, known.build_record_facts, lambda one: one)

    def _list_events(self) -> list[Record]:
        world = self.shop.world
        owners: list[Record | None] = [self.find_customer(one.id) for one in world.people if one.timeline]
        owners += [self.find_order(one.id) for one in world.orders if one.timeline]
        return [event for record in owners if record for event in record["events"]]

    def _list_fulfillment_orders(self, args: Args) -> list[Record]:
        records = [customers.get_order_record(self.shop, one) for one in self.filter_visible(self.shop.world.orders)]
        found = [fulfillment_order for record in records for fulfillment_order in record["fulfillmentOrders"]]
        return found if args.get("includeClosed") else [one for one in found if one["status"] != "CLOSED"]

    def _search_rows(
        self, root_field: str, items: Iterable[Any], args: Args, get_facts: Any, make_record: Callable[[Any], Record]
    ) -> LazyRows:
        text = str(args.get("query") or "")
        search = SearchQuery(text, SEARCHABLE[root_field])
        if search.warnings:
            about = {"message": "Invalid search field for this query.", "code": "invalid_field"}
            warnings = [{"field": name, **about} for name in search.warnings]
            self.warnings.append({"path": [root_field], "query": text, "warnings": warnings})
        found = [one for one in items if not text or search(get_facts(one))]
        return LazyRows(items=sorted(found, key=_get_sort_number), make_record=make_record)


def _get_sort_number(item: Any) -> int:
    return read_gid_number(item["id"]) if isinstance(item, dict) else int(item.id)
