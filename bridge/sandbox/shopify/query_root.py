"""The questions of one shop: what each field of Shopify's query root gives.

A field that is not here is answered with null or an empty list, as an invented shop that has none of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bridge.sandbox.shopify.engine.run import Rows
from bridge.sandbox.shopify.engine.search import Search
from bridge.sandbox.shopify.engine.searchable import SEARCHABLE
from bridge.sandbox.shopify.records import customer_extras, customers, disputes, known, segments, shop_extras
from bridge.sandbox.shopify.records.nodes import node
from bridge.sandbox.shopify.records.orders import draft_record
from bridge.sandbox.shopify.records.parts import Record, gid, number_of
from bridge.sandbox.shopify.rich.company import company_contact
from bridge.sandbox.shopify.rich.methods import subscription

if TYPE_CHECKING:
    from bridge.sandbox.shopify.state import Shop
    from bridge.sandbox.world.models import Order

WINDOW = timedelta(days=60)
Args = Mapping[str, Any]
# Fields of the root that give one thing by its global id.
BY_ID = [
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


class Roots:
    """One call's view of a shop: with or without the orders older than sixty days."""

    def __init__(self, shop: Shop, *, granted: frozenset[str], shop_scopes: tuple[str, ...]) -> None:
        """`warnings` fills with the search fields that were ignored."""
        self.shop = shop
        self.warnings: list[dict[str, Any]] = []
        self._scopes = shop_scopes
        self._oldest = None if "read_all_orders" in granted else shop.world.now - WINDOW

    def query(self) -> Record:
        """Give the record that the query root is."""
        world, shop = self.shop.world, self.shop

        def listed(
            root: str, things: Callable[[], Iterable[Any]], facts: Any, make: Any
        ) -> Callable[[Args], Rows]:
            return lambda args: self._found(root, things(), args, facts, make)

        def kept(root: str, records: Callable[[], Iterable[Record]]) -> Callable[[Args], Rows]:
            return listed(root, records, known.of_record, lambda one: one)

        def close(root: str, things: Iterable[Any], make: Any) -> Callable[[Args], Rows]:
            return listed(
                root, lambda: things, lambda one: known.of_beside(shop, one), lambda one: make(shop, one)
            )

        return {
            "__typename": "QueryRoot",
            "shop": lambda _: self._shop(),
            "currentAppInstallation": {
                "__typename": "AppInstallation",
                "id": gid("AppInstallation", 1),
                "accessScopes": [{"handle": scope} for scope in self._scopes],
            },
            "customer": lambda args: self.customer(number_of(args["id"])),
            "customerByIdentifier": self._by_identifier,
            "customers": listed(
                "customers",
                lambda: shop.people,
                lambda one: known.of_person(shop, one),
                lambda one: self.customer(one.id) or {},
            ),
            "customersCount": lambda _: {"count": len(shop.people), "precision": "EXACT"},
            "order": lambda args: self.order(number_of(args["id"])),
            "orders": listed(
                "orders",
                lambda: self.visible(world.orders),
                lambda one: customers.cached(shop, f"facts/{one.id}", lambda: known.of_order(shop, one)),
                lambda one: customers.order_of(shop, one),
            ),
            "draftOrders": close("draftOrders", shop.left("DraftOrder", world.drafts), draft_record),
            "giftCards": close("giftCards", world.gift_cards, customer_extras.gift_card_record),
            "abandonedCheckouts": close(
                "abandonedCheckouts", world.checkouts, customer_extras.checkout_record
            ),
            "comments": close(
                "comments", shop.left("Comment", world.comments), customer_extras.comment_record
            ),
            "articles": lambda _: [customer_extras.article_record(shop)],
            "abandonment": lambda args: shop_extras.abandonment(shop, number_of(args["id"])),
            "abandonmentByAbandonedCheckoutId": lambda args: shop_extras.abandonment(
                shop, number_of(args["abandonedCheckoutId"])
            ),
            "disputes": kept(
                "disputes",
                lambda: [disputes.dispute_record(shop, world.order(one)) for one in world.disputed],
            ),
            "dispute": lambda args: node(self, args["id"]),
            "tenderTransactions": kept("tenderTransactions", self._tenders),
            "metaobjects": self._metaobjects,
            "metaobjectDefinitions": lambda _: [
                shop_extras.metaobject_definition(name)
                for name in sorted({one.type for one in world.metaobjects})
            ],
            "metaobjectDefinitionByType": lambda args: (
                shop_extras.metaobject_definition(args["type"])
                if args["type"] in {one.type for one in world.metaobjects}
                else None
            ),
            "segments": lambda _: segments.segments(shop),
            "customerSegmentMembership": lambda args: segments.memberships(shop, args),
            "subscriptionContracts": kept(
                "subscriptionContracts", lambda: [subscription(shop, one) for one in self.rich()]
            ),
            "companies": kept(
                "companies", lambda: [company_contact(shop, one)["company"] for one in self.rich()]
            ),
            "events": kept("events", self._events),
            "fulfillmentOrders": self._fulfillment_orders,
            **dict.fromkeys(BY_ID, lambda args: node(self, args["id"])),
            "node": lambda args: node(self, args["id"]),
            "bulkOperation": lambda args: node(self, args["id"]),
            "bulkOperations": lambda _: shop.bulk.all(),
            "currentBulkOperation": lambda _: shop.bulk.latest(),
            "nodes": lambda args: [node(self, one) for one in args["ids"]],
        }

    def customer(self, number: int) -> Record | None:
        """Give one customer; None where the shop does not know the number."""
        orders = self.visible(one for one in self.shop.world.orders if one.person_id == number)
        # a narrower view must not be remembered for a wider one
        return customers.customer_of(self.shop, number, orders, view="recent" if self._oldest else "")

    def order(self, number: int) -> Record | None:
        """Give one order; None where it is unknown or outside the window."""
        try:
            found = self.visible([self.shop.world.order(number)])
        except KeyError:
            return None
        return customers.order_of(self.shop, found[0]) if found else None

    def visible(self, orders: Iterable[Order]) -> list[Order]:
        """Keep the orders that this call may see."""
        oldest = self._oldest
        return [one for one in orders if oldest is None or one.created_at >= oldest]

    def rich(self) -> list[int]:
        """Give the number of her who has one of everything, unless she was redacted or is gone."""
        hidden = self.shop.redacted | self.shop.gone
        return [one.id for one in self.shop.world.people[:1] if one.rich and one.id not in hidden]

    def _shop(self) -> Record:
        world = self.shop.world
        return {
            "__typename": "Shop",
            "id": gid("Shop", world.shop_id),
            "name": "Minimiss (invented)",
            "myshopifyDomain": world.shop,
            "email": "owner@example.com",
            "contactEmail": "care@example.com",
            "ianaTimezone": "Asia/Kolkata",
            "currencyCode": "INR",
            "plan": {"publicDisplayName": "Shopify", "shopifyPlus": False, "partnerDevelopment": True},
        }

    def _by_identifier(self, args: Args) -> Record | None:
        wanted = args["identifier"]
        for one in self.shop.people:
            readable = one.id not in self.shop.redacted
            if (
                (wanted.get("id") and number_of(wanted["id"]) == one.id)
                or (readable and one.email and str(wanted.get("emailAddress") or "").casefold() == one.email)
                or (readable and one.phone and wanted.get("phoneNumber") == one.phone)
            ):
                return self.customer(one.id)
        return None

    def _tenders(self) -> list[Record]:
        world = self.shop.world
        paid = self.visible(world.order(one) for one in world.disputed)
        return [disputes.tender_record(self.shop, one) for one in paid]

    def _metaobjects(self, args: Args) -> Rows:
        wanted = [one for one in self.shop.world.metaobjects if one.type == args["type"]]
        records = [shop_extras.metaobject_record(self.shop, one) for one in wanted]
        return self._found("metaobjects", records, args, known.of_record, lambda one: one)

    def _events(self) -> list[Record]:
        world = self.shop.world
        told: list[Record | None] = [self.customer(one.id) for one in world.people if one.timeline]
        told += [self.order(one.id) for one in world.orders if one.timeline]
        return [event for record in told if record for event in record["events"]]

    def _fulfillment_orders(self, args: Args) -> list[Record]:
        records = [customers.order_of(self.shop, one) for one in self.visible(self.shop.world.orders)]
        found = [handed for record in records for handed in record["fulfillmentOrders"]]
        return found if args.get("includeClosed") else [one for one in found if one["status"] != "CLOSED"]

    def _found(
        self, root: str, things: Iterable[Any], args: Args, facts: Any, make: Callable[[Any], Record]
    ) -> Rows:
        text = str(args.get("query") or "")
        search = Search(text, SEARCHABLE[root])
        if search.warnings:
            about = {"message": "Invalid search field for this query.", "code": "invalid_field"}
            warnings = [{"field": name, **about} for name in search.warnings]
            self.warnings.append({"path": [root], "query": text, "warnings": warnings})
        found = [one for one in things if not text or search(facts(one))]
        return Rows(items=sorted(found, key=_order), make=make)


def _order(one: Any) -> int:
    return number_of(one["id"]) if isinstance(one, dict) else int(one.id)
