"""Sends one GraphQL call with its token, waits while Shopify throttles, and retries transient failures.

The only file that imports `shopify`, and of it only `Session` as a value and `GraphQL` as a base class: both are bound
to one shop. Never activates a session: that is global state of the process, and a second shop's token would be sent to
the first shop (measured with ShopifyAPI 12.7). Never follows a redirect, never prints.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import shopify

from bridge.connectors.http import CALL_RETRY_PAUSES_S, MAX_CALL_ATTEMPTS, HttpClient, StatusRules
from bridge.connectors.shopify.api import answers
from bridge.connectors.shopify.api.document_call import DocumentCall
from bridge.connectors.shopify.api.tokens import TokenProvider, build_base_url
from bridge.errors import BridgeError, ConnectorRefused, ConnectorThrottled, CredentialRejected

THROTTLE_BUDGET_S = 30.0  # the longest wait in one call; longer waits are scheduled in the database


class ShopFrozen(CredentialRejected):
    """402: the shop has not paid, its owner must act. https://shopify.dev/docs/api/usage/response-codes."""

    def __init__(self, _: str = "") -> None:
        """Use a constant message."""
        super().__init__("shopify: shop is frozen")


class ShopLocked(CredentialRejected):
    """423: Shopify locked the shop."""

    def __init__(self, _: str = "") -> None:
        """Use a constant message."""
        super().__init__("shopify: shop is locked")


class AccessForbidden(CredentialRejected):
    """403: Shopify would refuse another token too."""

    def __init__(self, _: str = "") -> None:
        """Use a constant message."""
        super().__init__("shopify: forbidden")


class ShopUnknown(ConnectorRefused):
    """404: no shop of this name, or an API version that never existed."""

    def __init__(self, _: str = "") -> None:
        """Use a constant message."""
        super().__init__("shopify: unknown shop")


SHOPIFY_STATUS_ERRORS: Mapping[int, type[BridgeError]] = {
    402: ShopFrozen,
    403: AccessForbidden,
    404: ShopUnknown,
    423: ShopLocked,
}


def create_shopify_http(sleep: Callable[[float], None] = time.sleep) -> HttpClient:
    """Return an HTTP client with Shopify's meanings of status codes."""
    return HttpClient(answers.SYSTEM, error_by_status=SHOPIFY_STATUS_ERRORS, sleep=sleep)


class ShopGraphQL(shopify.GraphQL):  # type: ignore[misc]  # the library carries no types
    """Shopify's own GraphQL client, bound to one shop, over our HTTP client."""

    def __init__(self, session: shopify.Session, root: str, http: HttpClient) -> None:
        """Take the endpoint and the token from the session."""
        # not super().__init__(): it would read endpoint and token from global state
        self.endpoint = session.version.api_path(root) + "/graphql.json"
        self.headers = {"X-Shopify-Access-Token": session.token}
        self._http = http

    def execute(
        self, query: str, variables: Mapping[str, Any] | None = None, operation_name: str | None = None
    ) -> answers.GraphQLReply:
        """Send the query once. Raises as `HttpClient.call` and `parse_graphql_reply`."""
        content: dict[str, Any] = {"query": query, "variables": variables}
        if operation_name:
            content["operationName"] = operation_name
        headers = self.merge_headers({"Accept": "application/json"}, self.headers)
        return answers.parse_graphql_reply(
            self._http.call("POST", self.endpoint, json=content, headers=headers).content
        )


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class ShopifyClient:
    """A client of all shops. Keeps nothing of a shop but the page sizes that were too costly."""

    version: str
    base_url: str
    tokens: TokenProvider
    http: HttpClient
    sleep: Callable[[float], None]
    _sizes: dict[str, int] = field(default_factory=dict, init=False)

    def run_document(self, shop: str, name: str, **variables: Any) -> answers.GraphQLReply:
        """Return the reply to one of our documents; `denied` names what is not in it.

        Raises ConnectorUnavailable, also if Shopify cannot serve a field, ConnectorThrottled, ConnectorRefused
        (answers.QueryTooCostly), CredentialRejected.
        """
        reply = self._create_call(shop, name, {}, variables).run(keeps_failed=False)
        if reply.failed:
            raise answers.TransientFailure("shopify: INTERNAL_SERVER_ERROR")
        return reply

    def run_partial_document(
        self, shop: str, name: str, closed_fields: Mapping[str, str], **variables: Any
    ) -> answers.GraphQLReply:
        """Return as much of the reply as Shopify serves; `denied` and `failed` name what is not in it.

        `closed_fields` are left out from the start. Raises as `run_document`.
        """
        return self._create_call(shop, name, closed_fields, variables).run(keeps_failed=True)

    def _create_call(
        self, shop: str, name: str, closed_fields: Mapping[str, str], variables: Mapping[str, Any]
    ) -> DocumentCall:
        def send(query: str, values: Mapping[str, Any]) -> answers.GraphQLReply:
            return self._run_with_retries(shop, query, values)

        return DocumentCall(name=name, version=self.version, variables=variables, closed=dict(closed_fields), send=send)

    def fit_page_size(self, name: str, wanted: int) -> int:
        """Return the page size: `wanted`, or less if that was too costly before."""
        return max(1, min(wanted, self._sizes.get(name, wanted)))

    def reduce_page_size(self, name: str, size: int, fault: answers.QueryTooCostly) -> None:
        """Remember that `size` is too costly. Raises the fault again if not even one item is allowed."""
        if size <= 1:
            raise fault
        fits = int(size * fault.limit / fault.cost * 0.95) if fault.cost > 0 else size // 2
        self._sizes[name] = max(1, min(fits, size // 2))

    def stream_lines(self, url: str, status_rules: StatusRules) -> Iterator[bytes]:
        """Yield the lines of a file of Shopify. Raises as `HttpClient.stream_lines`; ConnectorRefused for plain HTTP.

        Plain HTTP is allowed only if the shop's own address is plain HTTP.
        """
        if not url.startswith("https://") and not self.base_url.startswith("http://"):
            raise ConnectorRefused("shopify: the address of a file is not https")
        return self.http.stream_lines(url, status_rules=status_rules)

    def _run_with_retries(self, shop: str, query: str, variables: Mapping[str, Any]) -> answers.GraphQLReply:
        waited_s, faults = 0.0, 0
        while True:
            try:
                return self._run_with_token(shop, query, variables)
            except ConnectorThrottled as fault:
                wait_s = fault.retry_after_s if fault.retry_after_s is not None else 1.0
                if waited_s + wait_s > THROTTLE_BUDGET_S:
                    raise
                waited_s += wait_s
                self.sleep(wait_s)
            except answers.TransientFailure:  # HttpClient has already retried other outages
                faults += 1
                if faults == MAX_CALL_ATTEMPTS:
                    raise
                self.sleep(CALL_RETRY_PAUSES_S[faults - 1])

    def _run_with_token(self, shop: str, query: str, variables: Mapping[str, Any]) -> answers.GraphQLReply:
        """Run the query; repeat it once with a new token if the first is rejected."""
        token = self.tokens.get_token(shop)
        for is_last_attempt in (not self.tokens.is_renewable, True):
            try:
                return self._create_shop_graphql(shop, token).execute(query, variables)
            except (ShopFrozen, ShopLocked, AccessForbidden):
                raise
            except CredentialRejected:
                if is_last_attempt:
                    raise CredentialRejected("shopify: token rejected") from None
            token = self.tokens.get_token(shop, rejected_token=token)
        raise AssertionError  # the last attempt returns or raises

    def _create_shop_graphql(self, shop: str, token: str) -> ShopGraphQL:
        root = build_base_url(self.base_url, shop)
        return ShopGraphQL(shopify.Session(shop, self.version, token), root, self.http)
