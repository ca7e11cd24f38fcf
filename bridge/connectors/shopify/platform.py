"""Implements `ports.Platform` for Shopify with tokens, client, gathering, erasure and residue.

Keeps no state of a shop but its token. Changes nothing at Shopify but its own erasure request, consents that were taken
back, what a person wants corrected and, if asked to, what other apps wrote.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from bridge.connectors.http import HttpClient
from bridge.connectors.shopify import balances, consents, corrections, customers, erasure, residue, stop_marketing
from bridge.connectors.shopify.api import scopes
from bridge.connectors.shopify.api.client import (
    AccessForbidden,
    ShopFrozen,
    ShopifyClient,
    ShopLocked,
    ShopUnknown,
    create_shopify_http,
)
from bridge.connectors.shopify.api.tokens import MemoryTokenCache, TokenCache, TokenProvider, build_base_url
from bridge.connectors.shopify.api.versions import check_served_version
from bridge.connectors.shopify.changed_orders import ChangedOrderReader, read_order_reach, reserve_points
from bridge.connectors.shopify.gathering.gather import gather_pages
from bridge.connectors.shopify.gathering.session import BULK_ORDER_THRESHOLD, GatherSession
from bridge.connectors.shopify.sales import read_sales
from bridge.connectors.shopify.shipped_orders import read_shipped_orders
from bridge.connectors.shopify.subscriptions import read_subscriptions
from bridge.connectors.token_client import utc_now
from bridge.errors import BridgeError, ConnectorRefused, ConnectorUnavailable, CredentialRejected
from bridge.model import (
    Balance,
    CheckResult,
    ConsentReading,
    CorrectableOrder,
    CorrectableRecord,
    CustomerConsents,
    ErasureState,
    FindingPage,
    OrderPage,
    OrderReach,
    OrderSelection,
    PlatformCustomer,
    Principal,
    Residue,
    Sale,
    ShopIdentity,
    Waybill,
    WebhookSubscription,
)
from bridge.ports import CallLimits
from bridge.rules.index.identity import legacy_id

ACCESS_FIX = (
    "correct SHOPIFY_CLIENT_ID and SHOPIFY_CLIENT_SECRETS, or install the app: docs/runbooks/gap-credentials.md"
)


class Shopify:
    """The Admin API of every shop for which we can get a token. https://shopify.dev/docs/api/admin-graphql."""

    system = "shopify"

    def __init__(
        self,
        *,
        api_version: str,
        base_url: str = "",
        client_id: str = "",
        client_secret: str = "",
        access_token: str = "",
        bulk_orders: int = BULK_ORDER_THRESHOLD,
        tokens: TokenCache | None = None,
        http: HttpClient | None = None,
        list_domains: Callable[[str], Sequence[str]] = lambda shop: (shop,),
        now: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], None] = time.sleep,
        now_s: Callable[[], float] = time.monotonic,
        limits: CallLimits | None = None,
    ) -> None:
        """Take the settings; `base_url` replaces https://{shop}, `access_token` replaces the grant.

        The orders of a customer with more than `bulk_orders` orders are read by a bulk operation, and those of others
        where that is quicker. `list_domains` returns the domains of a shop, its present one first; `now_s` is a monotonic
        clock; `limits` are what all workers share.
        """
        http = http or create_shopify_http(sleep)
        self._base_url = base_url
        self._bulk_orders = bulk_orders
        self._now = now
        self._tokens = TokenProvider(
            base_url=base_url,
            client_id=client_id,
            client_secret=client_secret,
            access_token=access_token,
            cache=tokens or MemoryTokenCache(),
            http=http,
            now=now,
            sleep=sleep,
        )
        self._client = ShopifyClient(
            version=api_version,
            base_url=base_url,
            tokens=self._tokens,
            http=http,
            sleep=sleep,
            list_domains=list_domains,
            now_s=now_s,
            limits=limits,
        )

    def _begin(self, shop: str) -> ShopifyClient:
        """Return the client at the beginning of a step, which has paid for nothing yet."""
        self._client.get_budget(shop).has_begun = False
        return self._client

    def gather(
        self,
        principal: Principal,
        *,
        shop: str,
        parcels: Sequence[Waybill] = (),  # noqa: ARG002 - Shopify knows its parcels by their orders
        cursor: str = "",
    ) -> Iterator[FindingPage]:
        """Return pages of everything that Shopify stores about the data subject. Raises as `ports.Connector.gather`."""
        client = replace(self._client, list_domains=functools.cache(self._client.list_domains))
        session = GatherSession(client=client, shop=shop, principal=principal, bulk_orders=self._bulk_orders)
        return gather_pages(session, cursor)

    def list_shipped_orders(self, principal: Principal, *, shop: str) -> Iterator[Mapping[str, Any]]:
        """Return the data subject's orders with their tracking numbers, without names and addresses. Raises as `gather`."""
        return read_shipped_orders(self._begin(shop), principal, shop)

    def list_sales(self, order_ids: Sequence[str], *, shop: str) -> Iterator[tuple[str, Sequence[Sale]]]:
        """Return the data that an invoice of each order must state. Raises as `gather`."""
        return read_sales(self._begin(shop), order_ids, shop)

    def read_erasure_state(self, principal: Principal, *, shop: str) -> ErasureState:
        """Return the state of Shopify's own erasure. Raises as `gather`."""

        def count_open_orders(customer_id: str) -> int | None:
            today = self._now().date()
            [found] = balances.count_balances(self._begin(shop), customer_id, shop, today=today, lists=("orders",))
            return found.count

        return erasure.read_erasure_state(self._begin(shop), principal, shop, count_open_orders=count_open_orders)

    def is_app_installed(self, shop: str) -> bool:
        """Return whether Shopify accepts a token of this shop. A frozen or locked shop has the app. Raises as `gather`."""
        if not self._tokens.has_credentials:
            raise ConnectorRefused("shopify: no credentials")
        try:
            self._begin(shop).run_document(shop, "shop_identity")
        except (ShopFrozen, ShopLocked, AccessForbidden):
            return True
        except (CredentialRejected, ShopUnknown):
            return False
        return True

    def find_customer(self, principal: Principal, *, shop: str) -> str:
        """Return Shopify's number of the customer, or ''. Raises as `gather`."""
        return erasure.find_customer_number(self._begin(shop), principal, shop)

    def list_customers(self, principal: Principal, *, shop: str) -> Sequence[PlatformCustomer]:
        """Return all customers that one of the numbers, e-mail addresses and phones leads to. Raises as `gather`."""
        return customers.read_customers(self._begin(shop), principal, shop)

    def balances(self, customer_id: str, *, shop: str) -> Sequence[Balance]:
        """Count the customer's store credit accounts, gift cards and open orders. Raises as `gather`."""
        return balances.count_balances(self._begin(shop), customer_id, shop, today=self._now().date())

    def read_consents(self, principal: Principal, *, shop: str) -> ConsentReading:
        """Return the customer's consents to marketing. Raises as `gather`."""
        return consents.read_consents(self._begin(shop), principal, shop)

    def list_customer_consents(
        self, principal: Principal, channels: Collection[str], *, shop: str
    ) -> Sequence[CustomerConsents]:
        """Return the consents on these channels of each customer that is the person. Raises as `gather`."""
        return stop_marketing.list_customer_consents(self._begin(shop), principal, channels, shop)

    def take_back_consents(self, customer_id: str, channels: Collection[str], *, shop: str) -> set[str]:
        """Take back a customer's consents. Return those that only a person can take back. Raises as `gather`."""
        return stop_marketing.take_back_consents(self._begin(shop), customer_id, channels, shop)

    def request_erasure(self, customer_id: str, *, shop: str) -> ErasureState:
        """Ask Shopify to erase this customer. Raises as `gather`."""
        return erasure.request_erasure(self._begin(shop), customer_id, shop)

    def cancel_erasure(self, customer_id: str, *, shop: str) -> ErasureState:
        """Cancel our own erasure request. Raises as `gather`."""
        return erasure.cancel_erasure(self._begin(shop), customer_id, shop)

    def list_platform_residue(self, principal: Principal, *, shop: str) -> Sequence[Residue]:
        """List what other apps wrote about the customer and the orders, without values. Raises as `gather`."""
        return residue.read_residue(self._begin(shop), principal, shop)

    def list_customer_residue(self, customer_id: str, *, shop: str) -> Sequence[Residue]:
        """List the metafields of a customer, without values. Raises as `gather`."""
        return residue.read_customer_metafields(self._begin(shop), customer_id, shop)

    def remove_platform_residue(self, items: Sequence[Residue], *, shop: str) -> Sequence[Residue]:
        """Remove these items, read again and return those that still exist. Raises as `gather`."""
        return residue.remove_residue(self._begin(shop), items, shop)

    def read_correctable_record(self, customer_id: str, *, shop: str) -> CorrectableRecord | None:
        """Return what can be corrected of a customer and of its orders on their way. Raises as `gather`."""
        return corrections.read_correctable_record(self._begin(shop), customer_id, shop)

    def correct_customer(
        self, customer_id: str, record: CorrectableRecord, values: Mapping[str, str], *, shop: str
    ) -> Mapping[str, str]:
        """Write these values to the customer and its default address. Raises as `gather`."""
        return corrections.correct_customer(self._begin(shop), customer_id, record, values, shop)

    def correct_order(self, order: CorrectableOrder, values: Mapping[str, str], *, shop: str) -> str:
        """Write these values to an order on its way. Raises as `gather`."""
        return corrections.correct_order(self._begin(shop), order, values, shop)

    def read_shop_identity(self, domain: str) -> ShopIdentity:
        """Return the number and the present domain of the shop that has this domain. Raises as `gather`."""
        shop = self._client.run_document_at(domain, "shop_identity").data.get("shop") or {}
        number, present = legacy_id(shop.get("id")), shop.get("myshopifyDomain")
        if not number or not isinstance(present, str):
            raise ConnectorUnavailable("shopify: the answer does not name the shop")
        build_base_url(self._base_url, present)  # refuses what is no shop domain
        return ShopIdentity(number=number, domain=present)

    def read_order_reach(self, selection: OrderSelection, *, shop: str) -> OrderReach:
        """Return how many orders the selection has. Raises as `gather`."""
        return read_order_reach(self._client, selection, shop)

    def read_changed_orders(
        self, selection: OrderSelection, *, shop: str, after: str = "", export: str = "", skips_failed: bool = False
    ) -> Iterator[OrderPage]:
        """Return pages of the orders after an id, from the file of an export if one is named. Raises as `gather`."""
        reader = self._create_order_reader(selection, shop, skips_failed=skips_failed)
        return reader.iterate_export(export, after) if export else reader.iterate_pages(after)

    def start_order_export(self, selection: OrderSelection, *, shop: str) -> str:
        """Start a bulk operation over the selection and return its id; '' if Shopify refuses. Raises as `gather`."""
        return self._create_order_reader(selection, shop).start_export()

    def _create_order_reader(
        self, selection: OrderSelection, shop: str, *, skips_failed: bool = False
    ) -> ChangedOrderReader:
        client = reserve_points(self._client)
        return ChangedOrderReader(client=client, shop=shop, selection=selection, skips_failed=skips_failed)

    def list_subscriptions(self, *, shop: str) -> Sequence[WebhookSubscription]:
        """Return the webhook subscriptions that were made by API. Raises as `gather`."""
        return read_subscriptions(self._client, shop)

    def run_checks(self, shop: str) -> Sequence[CheckResult]:
        """Check token, reachability, the version that answered and the scopes, with what each missing one takes away.

        Never raises.
        """
        shop = next(iter(self._client.list_domains(shop)), shop)
        try:
            build_base_url(self._base_url, shop)
            self._tokens.get_token(shop)
        except BridgeError as fault:
            return [
                CheckResult(name="shopify token", ok=False, detail=str(fault), fix=ACCESS_FIX),
                CheckResult(name="shopify reachable", ok=None, detail="not asked: no token"),
            ]
        checks = [
            CheckResult(name="shopify token", ok=True, detail="obtained" if self._tokens.is_renewable else "fixed")
        ]
        try:
            reply = self._client.run_document(shop, "installation", segments=False, definitions=False)
        except BridgeError as fault:
            return [*checks, CheckResult(name="shopify reachable", ok=False, detail=str(fault), fix=ACCESS_FIX)]
        checks.append(CheckResult(name="shopify reachable", ok=True, detail=f"version {self._client.version}"))
        checks += check_served_version(self._client.version, reply.served_version)
        return [*checks, *scopes.check_scopes(scopes.read_granted_scopes(reply.data))]
