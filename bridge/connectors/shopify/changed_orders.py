"""Reads a shop's orders that were placed or changed in a span of time: by pages, or by a bulk operation.

Pages go on after the id of the last order and keep no cursor of Shopify, which could expire or repeat, and whose lists
end at 25,000 orders. The file of a bulk operation is in the order of ids too, so both go on where the other stopped. The
file is personal data: it is read line by line and never written to disk. Leaves a share of the shop's points to others.
https://shopify.dev/docs/api/admin-graphql/latest/queries/orders
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from bridge.connectors.shopify.api import documents, scopes
from bridge.connectors.shopify.api.answers import GraphQLReply, QueryTooCostly, TransientFailure, format_field_path
from bridge.connectors.shopify.api.client import ShopifyClient
from bridge.connectors.shopify.gathering import bulk
from bridge.connectors.shopify.gathering.date_windows import format_search_time
from bridge.connectors.shopify.gathering.flatten import has_next_page, list_nodes
from bridge.connectors.shopify.gathering.paging import ListDoesNotEnd
from bridge.connectors.shopify.gathering.session import parse_gid_number
from bridge.connectors.shopify.sales import MAX_REFUNDS_AND_PARCELS, build_sales, read_sales
from bridge.connectors.shopify.webhook_bodies import write_webhooks
from bridge.errors import ConnectorRefused, CredentialRejected
from bridge.model import OrderPage, OrderReach, OrderSelection, PlatformOrder
from bridge.rules.index.identity import legacy_id
from bridge.rules.index.json_values import parse_utc_datetime

Node = dict[str, Any]

PAGE_SIZE = 50  # three quarters of the price that Shopify accepts; a larger page would take the whole bucket at once
RETURNS_BATCH_SIZE = 10
MAX_STALLS = 3  # pages in a row that say that more follows, and have no new order
RESERVED_SHARE = 0.5  # of the shop's points is left to privacy requests and other work
EXPORT_LISTS = {"LineItem": "lineItems", "FulfillmentOrder": "fulfillmentOrders"}
POSITION_SIGN = "#"  # between the id of a bulk operation and the lines and orders of its file that were read
NO_RETURN = (None, "NO_RETURN")
DOCUMENT, EXPORT_DOCUMENT = "changed_orders", "bulk_changed_orders"
FLAG_SCOPES = {
    "customers": ("read_customers",),
    "returns": ("read_returns",),
    "dispatches": ("read_merchant_managed_fulfillment_orders", "read_assigned_fulfillment_orders"),
}


class OrderExportFailed(ConnectorRefused):
    """The bulk operation failed, or its file is gone or unreadable: the orders must be read by pages."""

    def __init__(self) -> None:
        """Use a constant message."""
        super().__init__("shopify: bulk operation failed")


def read_order_reach(client: ShopifyClient, selection: OrderSelection, shop: str) -> OrderReach:
    """Return how many orders there are. Raises CredentialRejected if orders are denied, else as `run_document`."""
    reply = client.run_document(shop, "order_count", query=_build_query(selection, ""))
    granted = scopes.read_granted_scopes(reply.data)
    counted = (reply.data.get("ordersCount") or {}).get("count")
    if not isinstance(counted, int) or not scopes.is_scope_granted("read_orders", granted):
        raise CredentialRejected("shopify: not allowed (read_orders)")
    return OrderReach(count=counted, sees_all_orders=scopes.is_scope_granted("read_all_orders", granted))


@dataclass(frozen=True, kw_only=True)
class ChangedOrderReader:
    """Reads the orders of one selection. `skips_failed`: rows that Shopify cannot serve are counted, not waited for."""

    client: ShopifyClient
    shop: str
    selection: OrderSelection
    skips_failed: bool = False

    @cached_property
    def _flags(self) -> dict[str, bool]:
        """The parts that the scopes allow: a denied one could take its order with it."""
        reply = self.client.run_document(self.shop, "installation", segments=False, definitions=False)
        granted = scopes.read_granted_scopes(reply.data)
        if not scopes.is_scope_granted("read_orders", granted):
            raise CredentialRejected("shopify: not allowed (read_orders)")
        return {flag: any(scopes.is_scope_granted(n, granted) for n in names) for flag, names in FLAG_SCOPES.items()}

    def iterate_pages(self, after: str) -> Iterator[OrderPage]:
        """Yield the orders after an id ('' for all), page by page. Raises ListDoesNotEnd, else as `run_document`."""
        stalls, is_last = 0, False
        while not is_last:
            reply = self._fetch_page(_build_query(self.selection, after), size=PAGE_SIZE)
            nodes, is_last = self._list_rows(reply), not has_next_page(reply.data.get("orders"))
            page = self._build_page(self._add_returns(nodes), after, reply, is_last=is_last)
            if page.after == after and not is_last:
                stalls += 1
                if stalls == MAX_STALLS:
                    raise ListDoesNotEnd
                continue
            stalls, after = 0, page.after
            yield page

    def start_export(self) -> str:
        """Start a bulk operation and return its id; '' if Shopify refuses it, or hides a field: only pages say which.

        Raises as `run_document`, ConnectorThrottled.
        """
        if _list_absent_fields(self._fetch_page(_build_query(self.selection, ""), size=1)):
            return ""
        names = documents.list_document_flags(EXPORT_DOCUMENT)
        flags = {name: self._flags[name] for name in names}
        query = documents.build_inline_document(
            EXPORT_DOCUMENT, self.client.version, frozenset(), query=_build_query(self.selection, ""), **flags
        )
        return bulk.start_operation(self.client, self.shop, query)

    def iterate_export(self, export: str, after: str) -> Iterator[OrderPage]:
        """Yield the orders after an id from the file of a bulk operation. Raises OrderExportFailed, ConnectorThrottled while it runs.

        `export` is the operation's id, or what the last page said of it: then its lines up to there are not read again.
        """
        name, _, done = export.partition(POSITION_SIGN)
        operation = bulk.await_operation(self.client, self.shop, name)
        if operation.get("status") != "COMPLETED":
            raise OrderExportFailed
        lines_done, count = (int(number) for number in (done or "0,0").split(","))
        try:
            yield from self._iterate_file(operation, after, lines_done, count)
        except bulk.BulkFileUnreadable:
            raise OrderExportFailed from None

    def _iterate_file(self, operation: Node, after: str, lines_done: int, count: int) -> Iterator[OrderPage]:
        url, expected, last = str(operation.get("url") or ""), int(operation.get("rootObjectCount") or 0), 0
        lines = self.client.stream_lines(url, bulk.BULK_FILE_RULES) if url else iter(())
        batch = list[Node]()
        for node, lines_read in bulk.group_bulk_lines(lines, lines_done, EXPORT_LISTS):
            number, count = parse_gid_number(node), count + 1
            if number <= last:  # what goes on after an id must be in the order of ids
                raise OrderExportFailed
            last = number
            if number > int(after or 0):
                batch.append(node)
            if len(batch) == PAGE_SIZE:
                page = self._build_page(self._add_returns(batch), after, None, is_last=False)
                yield replace(page, export=f"{operation['id']}{POSITION_SIGN}{lines_read},{count}")
                after, batch = page.after, []
        if count < expected:
            raise OrderExportFailed
        yield self._build_page(self._add_returns(batch), after, None, is_last=True)

    def _add_returns(self, nodes: Sequence[Node]) -> list[Node]:
        """Return the orders, those with returns read again with their parcels: few have some, and reading them is dear."""
        returned = [str(parse_gid_number(node)) for node in nodes if node.get("returnStatus") not in NO_RETURN]
        again = dict[str, Node]()
        for start in range(0, len(returned) if self._flags["returns"] else 0, RETURNS_BATCH_SIZE):
            ids = returned[start : start + RETURNS_BATCH_SIZE]
            reply = self._fetch_page(" OR ".join(f"id:{number}" for number in ids), returns=True, size=PAGE_SIZE)
            again |= {node["id"]: node for node in self._list_rows(reply)}
        return [again.get(node["id"], node) for node in nodes]

    def _fetch_page(self, query: str, *, size: int, returns: bool = False) -> GraphQLReply:
        """Run the document with as many orders as its price allows. Raises TransientFailure for a row that failed."""
        variables = {**self._flags, "returns": returns, "query": query}
        while True:
            size = self.client.fit_page_size(DOCUMENT, size)
            size = self.client.fit_size_variable(self.shop, DOCUMENT, "first", size, variables, {})
            try:
                reply = self.client.run_partial_document(self.shop, DOCUMENT, {}, (), **variables, first=size)
            except QueryTooCostly as fault:
                self.client.reduce_page_size(DOCUMENT, size, fault)
                continue
            if "orders" not in reply.data or not isinstance(reply.data["orders"], dict):
                reply.require_access()
                raise TransientFailure("shopify: answer has no orders")
            if reply.failed and not self.skips_failed:
                raise TransientFailure("shopify: INTERNAL_SERVER_ERROR")
            return reply

    def _list_rows(self, reply: GraphQLReply) -> list[Node]:
        """Return the orders of an answer, each once, without one of which a part failed."""
        found = reply.data.get("orders")
        rows = found.get("nodes") if isinstance(found, dict) else ()
        failed = _list_failed_rows(reply)
        readable = [row for position, row in enumerate(rows or ()) if position not in failed]
        return list({row["id"]: row for row in list_nodes(readable)}.values())

    def _build_page(self, nodes: Sequence[Node], after: str, reply: GraphQLReply | None, *, is_last: bool) -> OrderPage:
        denied = _list_absent_fields(reply) if reply else ()
        numbers = [parse_gid_number(node) for node in nodes]
        known = {number for number in numbers if number > int(after or 0)}
        return OrderPage(
            orders=tuple(self._build_order(node, is_denied=bool(denied)) for node in nodes),
            after=str(max(known, default=int(after or 0)) or ""),
            is_last=is_last,
            unread=len(_list_failed_rows(reply)) if reply else 0,
            denied=denied,
        )

    def _build_order(self, order: Node, *, is_denied: bool) -> PlatformOrder:
        sales = () if is_denied else build_sales(order)  # a denied name or amount must not look like an absent one
        if sales and has_next_page(order.get("lineItems")):
            sales = dict(read_sales(self.client, [legacy_id(order["id"])], self.shop)).get(legacy_id(order["id"]), ())
        cut_off = any(has_next_page(order.get(name)) for name in ("returns", "fulfillmentOrders"))
        return PlatformOrder(
            order_id=legacy_id(order["id"]),
            placed_at=parse_utc_datetime(order.get("createdAt")),
            updated_at=parse_utc_datetime(order.get("updatedAt")),
            webhooks=write_webhooks(order),
            sales=tuple(sales),
            is_complete=not cut_off and not _is_list_full(order),
        )


def _list_failed_rows(reply: GraphQLReply) -> set[int]:
    """Return the positions of the orders that Shopify could not serve in full."""
    return {part for one in reply.failed for part in one.path[2:3] if isinstance(part, int)}


def _list_absent_fields(reply: GraphQLReply) -> tuple[str, ...]:
    """Return the fields that are missing from all orders: denied, or left out because they failed."""
    failed = [one for one in reply.failed if not any(isinstance(part, int) for part in one.path)]
    return tuple(dict.fromkeys(format_field_path(one.path) for one in (*reply.denied, *failed)))


def reserve_points(client: ShopifyClient) -> ShopifyClient:
    """Return the client of work that leaves a share of each shop's points to others."""
    return replace(client, reserved_share=RESERVED_SHARE)


def _is_list_full(order: Node) -> bool:
    return any(len(order.get(name) or ()) >= MAX_REFUNDS_AND_PARCELS for name in ("fulfillments", "refunds"))


def _build_query(selection: OrderSelection, after: str) -> str:
    """Return the selection in Shopify's search syntax. https://shopify.dev/docs/api/usage/search-syntax."""
    name = "created_at" if selection.by_creation else "updated_at"
    span = [f"{name}:>='{format_search_time(selection.since)}'", f"{name}:<='{format_search_time(selection.until)}'"]
    return " AND ".join([*span, *_list_after(after)])


def _list_after(after: str) -> Iterable[str]:
    return [f"id:>={int(after) + 1}"] if after else []
