"""The connector itself: `Shopify` puts token, client, walk and erasure state behind `ports.Platform`.

Keeps no state of a shop but its token. Changes nothing at Shopify but its own request for an
erasure and, where it is told to, what others wrote there and an erasure leaves.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from bridge.connectors.shopify import balances, erasure, residue
from bridge.connectors.shopify.api import scopes
from bridge.connectors.shopify.api.client import Client, new_http
from bridge.connectors.shopify.api.token_cache import MemoryTokens, TokenCache
from bridge.connectors.shopify.api.tokens import Tokens, base, utc_now
from bridge.connectors.shopify.gathering.gather import gather
from bridge.connectors.shopify.gathering.session import BULK_ORDERS, Errand
from bridge.connectors.shopify.sales import sales
from bridge.connectors.shopify.shipped_orders import sent_orders
from bridge.errors import BridgeError
from bridge.model import Check, ErasureState, Owed, Page, Principal, Residue, Sale, Waybill

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from bridge.connectors.http import Http


class Shopify:
    """The Admin API of every shop whose token we can have. https://shopify.dev/docs/api/admin-graphql."""

    system = "shopify"

    def __init__(
        self,
        *,
        api_version: str,
        base_url: str = "",
        client_id: str = "",
        client_secret: str = "",
        access_token: str = "",
        bulk_orders: int = BULK_ORDERS,
        tokens: TokenCache | None = None,
        http: Http | None = None,
        now: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Take the settings; `base_url` replaces https://{shop}, `access_token` replaces the grant.

        A customer with more than `bulk_orders` orders has them fetched by a bulk operation.
        """
        http = http or new_http(sleep)
        self._base_url = base_url
        self._bulk_orders = bulk_orders
        self._now = now
        self._tokens = Tokens(
            base_url=base_url,
            client_id=client_id,
            client_secret=client_secret,
            access_token=access_token,
            cache=tokens or MemoryTokens(),
            http=http,
            now=now,
            sleep=sleep,
        )
        self._client = Client(
            version=api_version, base_url=base_url, tokens=self._tokens, http=http, sleep=sleep
        )

    def gather(
        self,
        who: Principal,
        *,
        shop: str,
        parcels: Sequence[Waybill] = (),  # noqa: ARG002 - Shopify knows its parcels by their orders
        cursor: str = "",
    ) -> Iterator[Page]:
        """Everything Shopify holds of the person, page by page. Raises as `ports.Connector` says."""
        errand = Errand(client=self._client, shop=shop, who=who, bulk_orders=self._bulk_orders)
        return gather(errand, cursor)

    def sent_orders(self, who: Principal, *, shop: str) -> Iterator[Mapping[str, Any]]:
        """Her orders with the numbers of their parcels, and nothing of whom. Raises as `gather`."""
        return sent_orders(self._client, who, shop)

    def sales(self, order_ids: Sequence[str], *, shop: str) -> Iterator[tuple[str, Sequence[Sale]]]:
        """What an invoice of each order must say. Raises as `gather`."""
        return sales(self._client, order_ids, shop)

    def erasure_state(self, who: Principal, *, shop: str) -> ErasureState:
        """How far Shopify's own erasure has come. Raises as `gather`."""
        return erasure.erasure_state(self._client, who, shop)

    def find_customer(self, who: Principal, *, shop: str) -> str:
        """Shopify's number of the customer, or ''. Raises as `gather`."""
        return erasure.find_customer(self._client, who, shop)

    def owed(self, customer_id: str, *, shop: str) -> Sequence[Owed]:
        """Store credit, gift cards and open orders of the customer, counted. Raises as `gather`."""
        return balances.owed(self._client, customer_id, shop, today=self._now().date())

    def request_erasure(self, customer_id: str, *, shop: str) -> ErasureState:
        """Ask Shopify to erase this customer. Raises as `gather`."""
        return erasure.request_erasure(self._client, customer_id, shop)

    def cancel_erasure(self, customer_id: str, *, shop: str) -> ErasureState:
        """Take our own request back. Raises as `gather`."""
        return erasure.cancel_erasure(self._client, customer_id, shop)

    def residue(self, who: Principal, *, shop: str) -> Sequence[Residue]:
        """What others wrote about the customer and her orders, by name. Raises as `gather`."""
        return residue.residue(self._client, who, shop)

    def remove_residue(self, items: Sequence[Residue], *, shop: str) -> Sequence[Residue]:
        """Remove these, read again, give what is still there. Raises as `gather`."""
        return residue.remove_residue(self._client, items, shop)

    def check(self, shop: str) -> Sequence[Check]:
        """Token, reach and scopes, one line each; a missing scope says what it costs. Never raises."""
        try:
            base(self._base_url, shop)
            self._tokens.token(shop)
        except BridgeError as fault:
            return [
                Check(name="shopify token", ok=False, detail=str(fault)),
                Check(name="shopify reachable", ok=None, detail="not asked: no token"),
            ]
        checks = [
            Check(name="shopify token", ok=True, detail="obtained" if self._tokens.renewable else "fixed")
        ]
        try:
            reply = self._client.ask(shop, "installation", segments=False, definitions=False)
        except BridgeError as fault:
            return [*checks, Check(name="shopify reachable", ok=False, detail=str(fault))]
        checks.append(Check(name="shopify reachable", ok=True, detail=f"version {self._client.version}"))
        granted = scopes.granted(reply.data)
        absent = {need.scope for need in scopes.missing(granted)}
        for need in scopes.NEEDS:
            missing = need.scope in absent
            detail = f"not granted: {need.what} cannot be read" if missing else "granted"
            checks.append(Check(name=f"shopify scope {need.scope}", ok=not missing, detail=detail))
        for what, scope in scopes.ASKED:
            there = scope in granted
            detail = "granted" if there else f"not granted: {what}, where there are any, will be missing"
            checks.append(Check(name=f"shopify scope {scope}", ok=there or None, detail=detail))
        return checks
