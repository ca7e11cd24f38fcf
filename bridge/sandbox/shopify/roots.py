"""The questions of one shop: what each field of Shopify's query root gives.

A field that is not here is answered with null or an empty list, as an invented shop that has none of it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bridge.sandbox.shopify import customers
from bridge.sandbox.shopify.orders import draft_record
from bridge.sandbox.shopify.parts import Record, gid, moment, number_of
from bridge.sandbox.shopify.run import Rows
from bridge.sandbox.shopify.search import Search

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from bridge.sandbox.nouns import Order, Person
    from bridge.sandbox.shopify.state import Shop

WINDOW = timedelta(days=60)
KNOWN: Mapping[str, frozenset[str]] = {
    "orders": frozenset(
        [
            "cart_token",
            "checkout_token",
            "confirmation_number",
            "created_at",
            "customer_id",
            "discount_code",
            "email",
            "financial_status",
            "fulfillment_status",
            "gateway",
            "id",
            "name",
            "phone",
            "po_number",
            "processed_at",
            "return_status",
            "risk_level",
            "sku",
            "source_identifier",
            "source_name",
            "status",
            "tag",
            "tag_not",
            "test",
            "updated_at",
        ]
    ),
    "customers": frozenset(
        [
            "accepts_marketing",
            "country",
            "customer_date",
            "email",
            "first_name",
            "id",
            "last_name",
            "orders_count",
            "phone",
            "state",
            "tag",
            "tag_not",
            "updated_at",
        ]
    ),
    "draftOrders": frozenset(["created_at", "customer_id", "id", "source", "status", "tag", "updated_at"]),
    "giftCards": frozenset(
        [
            "balance_status",
            "created_at",
            "customer_id",
            "expires_on",
            "id",
            "recipient_id",
            "source",
            "status",
        ]
    ),
    "abandonedCheckouts": frozenset(
        ["created_at", "email_state", "id", "recovery_state", "status", "updated_at"]
    ),
    "comments": frozenset(["created_at", "id", "published_at", "published_status", "status", "updated_at"]),
}


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
        world, fields = self.shop.world, self.fields
        return {
            "__typename": "QueryRoot",
            "shop": fields(self._shop),
            "currentAppInstallation": {
                "__typename": "AppInstallation",
                "id": gid("AppInstallation", 1),
                "accessScopes": [{"handle": scope} for scope in self._scopes],
            },
            "customer": lambda args: self.customer(number_of(args["id"])),
            "customerByIdentifier": self._by_identifier,
            "customers": lambda args: self._found("customers", world.people, args, self._of_person),
            "customersCount": lambda _: {"count": len(world.people), "precision": "EXACT"},
            "order": lambda args: self.order(number_of(args["id"])),
            "orders": lambda args: self._found("orders", self._visible(world.orders), args, self._of_order),
            "draftOrder": lambda args: self.node({"id": args["id"]}),
            "draftOrders": lambda args: self._found("draftOrders", world.drafts, args, self._of_beside),
            "giftCard": lambda args: self.node({"id": args["id"]}),
            "giftCards": lambda args: self._found("giftCards", world.gift_cards, args, self._of_beside),
            "abandonedCheckouts": lambda args: self._found(
                "abandonedCheckouts", world.checkouts, args, self._of_beside
            ),
            "comments": lambda args: self._found("comments", world.comments, args, self._of_beside),
            "node": self.node,
            "nodes": lambda args: [self.node({"id": one}) for one in args["ids"]],
        }

    def fields(self, make: Callable[[], Record]) -> Callable[[Any], Record]:
        """Make a record only when it is asked for."""
        return lambda _: make()

    def customer(self, number: int) -> Record | None:
        """Give one customer; None where the shop does not know the number."""
        orders = self._visible(one for one in self.shop.world.orders if one.person_id == number)
        # a narrower view must not be remembered for a wider one
        return customers.customer_of(self.shop, number, orders, view="recent" if self._oldest else "")

    def order(self, number: int) -> Record | None:
        """Give one order; None where it is unknown or outside the window."""
        try:
            found = self._visible([self.shop.world.order(number)])
        except KeyError:
            return None
        return customers.order_of(self.shop, found[0]) if found else None

    def node(self, args: Mapping[str, Any]) -> Record | None:
        """Give whatever a global id names."""
        kind, number = str(args["id"]).removeprefix("gid://shopify/").partition("/")[0], number_of(args["id"])
        world = self.shop.world
        match kind:
            case "Customer":
                return self.customer(number)
            case "Order":
                return self.order(number)
            case "DraftOrder" | "GiftCard" | "AbandonedCheckout" | "Comment":
                beside: list[Any] = [*world.drafts, *world.gift_cards, *world.checkouts, *world.comments]
                return next((self._beside(one) for one in beside if one.id == number), None)
            case "Fulfillment" | "Refund" | "Return":
                lists = {"Fulfillment": "fulfillments", "Refund": "refunds", "Return": "returns"}
                for order in self._visible(world.orders):
                    for one in customers.order_of(self.shop, order)[lists[kind]]:
                        if one["id"] == args["id"]:
                            found: Record = one
                            return found
        return None

    def _visible(self, orders: Iterable[Order]) -> list[Order]:
        oldest = self._oldest
        return [one for one in orders if oldest is None or one.created_at >= oldest]

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

    def _by_identifier(self, args: Mapping[str, Any]) -> Record | None:
        wanted = args["identifier"]
        for one in self.shop.world.people:
            known = one.id not in self.shop.redacted
            if (
                (wanted.get("id") and number_of(wanted["id"]) == one.id)
                or (known and str(wanted.get("emailAddress") or "").casefold() == one.email)
                or (known and wanted.get("phoneNumber") == one.phone)
            ):
                return self.customer(one.id)
        return None

    def _found(self, root: str, things: Iterable[Any], args: Mapping[str, Any], facts: Any) -> Rows:
        text = str(args.get("query") or "")
        search = Search(text, KNOWN[root])
        if search.warnings:
            self.warnings.append(
                {
                    "path": [root],
                    "query": text,
                    "warnings": [
                        {
                            "field": name,
                            "message": "Invalid search field for this query.",
                            "code": "invalid_field",
                        }
                        for name in search.warnings
                    ],
                }
            )
        make: Callable[[Any], Record] = {
            "orders": lambda one: customers.order_of(self.shop, one),
            "customers": lambda one: self.customer(one.id) or {},
        }.get(root, self._beside)
        found = [one for one in things if not text or search(facts(one))]
        return Rows(items=sorted(found, key=lambda one: one.id), make=make)

    def _beside(self, one: Any) -> Record:
        match type(one).__name__:
            case "DraftOrder":
                return draft_record(self.shop, one)
            case "GiftCard":
                return customers.gift_card_record(self.shop, one)
            case "Checkout":
                return customers.checkout_record(self.shop, one)
        return customers.comment_record(one)

    def _of_person(self, one: Person) -> dict[str, tuple[str, ...]]:
        if one.id in self.shop.gone:
            return {}
        if one.id in self.shop.redacted:
            return {"id": (str(one.id),)}
        return {
            "id": (str(one.id),),
            "email": (one.email,),
            "phone": (one.phone,),
            "first_name": (one.first,),
            "last_name": (one.last,),
            "tag": one.tags,
            "state": ("ENABLED",),
        }

    def _of_order(self, one: Order) -> dict[str, tuple[str, ...]]:
        facts = {
            "id": (str(one.id),),
            "name": (one.name, one.name.lstrip("#")),
            "customer_id": (str(one.person_id),) if one.person_id else (),
            "created_at": (moment(one.created_at) or "",),
            "updated_at": (moment(one.updated_at) or "",),
            "sku": tuple(line.sku for line in one.lines),
            "tag": one.tags,
            "status": ("any", "cancelled" if one.cancelled else "open"),
            "test": ("false",),
        }
        if one.person_id not in self.shop.redacted:
            facts |= {"email": (one.email,), "phone": (one.phone,)}
        return facts

    def _of_beside(self, one: Any) -> dict[str, tuple[str, ...]]:
        """Give facts of a draft, card, checkout or comment; a bare word looks at all of them."""
        person = getattr(one, "person_id", None)
        hidden = person is not None and person in self.shop.redacted
        shown = () if hidden else (getattr(one, "email", ""), getattr(one, "note", ""))
        return {
            "id": (str(one.id),),
            "customer_id": (str(person),) if person else (),
            "recipient_id": (str(person),) if person else (),
            "created_at": (moment(one.created_at) or "",),
            "status": ("any", "open"),
            "default": shown,
        }
