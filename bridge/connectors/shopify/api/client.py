"""Sends one GraphQL call with its token, waits while Shopify throttles, and retries transient failures.

The only file that imports `shopify`, and of it only `Session` as a value and `GraphQL` as a base class: both are bound
to one shop. Never activates a session: that is global state of the process, and a second shop's token would be sent to
the first shop (measured with ShopifyAPI 12.7). Never follows a redirect, never prints.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from typing import Any

import shopify

from bridge.connectors.http import CALL_RETRY_PAUSES_S, MAX_CALL_ATTEMPTS, HttpClient, StatusRules
from bridge.connectors.shopify.api import answers, documents, pricing
from bridge.connectors.shopify.api.call_payment import CallPayment
from bridge.connectors.shopify.api.document_call import DocumentCall
from bridge.connectors.shopify.api.selections import parse_document
from bridge.connectors.shopify.api.tokens import TokenProvider, build_base_url
from bridge.errors import BridgeError, ConnectorRefused, ConnectorThrottled, CredentialRejected
from bridge.ports import CallLimits

SIZE_VARIABLES = ("first", "searchFirst")  # of documents whose callers choose the size
MAX_SHRINK = 8  # halvings: of 250 rows one is left
parse_query = lru_cache(maxsize=256)(parse_document)


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
        name = parse_query(query).name
        response = self._http.call("POST", self.endpoint, operation=name, json=content, headers=headers)
        served_version = response.headers.get("x-shopify-api-version", "")
        return replace(answers.parse_graphql_reply(response.content), served_version=served_version)


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class ShopifyClient:
    """A client of all shops. Keeps nothing of a shop but its prices and points, which copies share. `now_s` is a monotonic clock.

    With `limits` all workers share the points, and a call waits but shortly where nothing would be lost.
    `reserved_share` of a shop's points is left to others: a call waits until it does not touch it.
    """

    version: str
    base_url: str
    tokens: TokenProvider
    http: HttpClient
    sleep: Callable[[float], None]
    list_domains: Callable[[str], Sequence[str]] = lambda shop: (shop,)
    now_s: Callable[[], float] = time.monotonic
    limits: CallLimits | None = None
    reserved_share: float = 0.0
    _sizes: dict[str, int] = field(default_factory=dict)
    _shrinks: dict[str, int] = field(default_factory=dict)
    _budgets: dict[str, pricing.ShopBudget] = field(default_factory=dict)

    def run_document(self, shop: str, name: str, **variables: Any) -> answers.GraphQLReply:
        """Return the reply to one of our documents; `denied` names what is not in it.

        Raises ConnectorUnavailable, also if Shopify cannot serve a field, ConnectorThrottled, ConnectorRefused
        (answers.QueryTooCostly), CredentialRejected.
        """
        reply = self._run_call(shop, name, {}, variables, (), keeps_failed=False)
        if reply.failed:
            raise answers.TransientFailure("shopify: INTERNAL_SERVER_ERROR")
        return reply

    def run_document_at(self, domain: str, name: str, **variables: Any) -> answers.GraphQLReply:
        """Return the reply from exactly this domain. Raises as `run_document`."""
        return replace(self, list_domains=lambda one: (one,)).run_document(domain, name, **variables)

    def run_partial_document(
        self,
        shop: str,
        name: str,
        closed_fields: Mapping[str, str],
        hopeless: Collection[tuple[str, ...]],
        **variables: Any,
    ) -> answers.GraphQLReply:
        """Return as much of the reply as Shopify serves; `denied` and `failed` name what is not in it.

        `closed_fields` are left out from the start; a field at one of the `hopeless` paths that fails is not requested
        again. Raises as `run_document`.
        """
        return self._run_call(shop, name, closed_fields, variables, hopeless, keeps_failed=True)

    def _run_call(
        self,
        shop: str,
        name: str,
        closed_fields: Mapping[str, str],
        variables: Mapping[str, Any],
        hopeless: Collection[tuple[str, ...]],
        *,
        keeps_failed: bool,
    ) -> answers.GraphQLReply:
        """Run the document, with smaller lists if its price is too high and no variable decides their sizes."""
        is_sized = keeps_failed and _has_reducible_size(variables)
        while True:
            shrink = self._shrinks.get(name, 0)
            while not is_sized and shrink < MAX_SHRINK and not self._fits(shop, name, variables, closed_fields, shrink):
                shrink += 1
            call = DocumentCall(
                name=name,
                version=self.version,
                variables=variables,
                closed=dict(closed_fields),
                shrink=shrink,
                hopeless=hopeless,
                send=partial(self._run_with_retries, shop),
            )
            try:
                return call.run(keeps_failed=keeps_failed)
            except answers.QueryTooCostly:
                if is_sized or shrink >= MAX_SHRINK:
                    raise
                self._shrinks[name] = shrink + 1

    def get_budget(self, shop: str) -> pricing.ShopBudget:
        """Return the points of a shop."""
        return self._budgets.setdefault(shop, pricing.ShopBudget(now_s=self.now_s))

    def compute_price(
        self, shop: str, name: str, variables: Mapping[str, Any], closed_fields: Mapping[str, str], shrink: int = 0
    ) -> float:
        """Return what Shopify will probably charge for a document."""
        document = documents.parse_fields(name, self.version)
        estimate = pricing.estimate_cost(document, variables, closed_fields, shrink)
        return self.get_budget(shop).correct_estimate(document.name, estimate)

    def _fits(
        self, shop: str, name: str, variables: Mapping[str, Any], closed_fields: Mapping[str, str], shrink: int
    ) -> bool:
        price = self.compute_price(shop, name, variables, closed_fields, shrink)
        return price <= self.get_budget(shop).max_query_cost

    def fit_size_variable(
        self,
        shop: str,
        name: str,
        size_variable: str,
        wanted: int,
        variables: Mapping[str, Any],
        closed_fields: Mapping[str, str],
    ) -> int:
        """Return the largest size, `wanted` at most, whose price Shopify will probably accept."""
        size = wanted
        while size > 1 and not self._fits(shop, name, {**variables, size_variable: size}, closed_fields, 0):
            size = max(1, size * 9 // 10)
        return size

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
        """Run the query once its price can be paid; wait again if Shopify knows better, and retry transient failures."""
        document, budget = parse_query(query), self.get_budget(shop)
        estimate = pricing.estimate_cost(document, variables)
        payment = CallPayment(shop=shop, budget=budget, limits=self.limits, sleep=self.sleep)
        faults, is_paid = 0, False
        while True:
            price = budget.correct_estimate(document.name, estimate)
            payment.take_points(price, is_paid=is_paid, reserved_share=self.reserved_share)
            try:
                reply = self._run_at_domains(shop, query, variables)
            except answers.QueryTooCostly as fault:
                budget.note_excess(document.name, estimate, fault.cost, fault.limit)
                raise
            except ConnectorThrottled as fault:
                if isinstance(fault, answers.QueryThrottled):
                    budget.note_cost(document.name, estimate, fault.cost)
                    payment.report_cost(price, fault.cost)
                payment.wait_after_refusal(fault)
                is_paid = True
            except answers.TransientFailure:  # HttpClient has already retried other outages
                faults += 1
                if faults == MAX_CALL_ATTEMPTS:
                    raise
                self.sleep(CALL_RETRY_PAUSES_S[faults - 1])
            else:
                budget.note_cost(document.name, estimate, reply.cost)
                budget.has_begun = True
                payment.report_cost(price, reply.cost)
                return reply

    def _run_at_domains(self, shop: str, query: str, variables: Mapping[str, Any]) -> answers.GraphQLReply:
        """Run the query at the shop's present domain, and at a former one where no token of the present one works."""
        fault: BridgeError = ShopUnknown()  # of a shop whose domains all belong to others now
        for number, domain in enumerate(self.list_domains(shop)):
            try:
                return self._run_with_token(domain, query, variables)
            except (CredentialRejected, ShopUnknown) as refusal:
                fault = fault if number else refusal
        raise fault

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


def _has_reducible_size(variables: Mapping[str, Any]) -> bool:
    """Return whether the caller can ask for less: fewer rows, or fewer ids."""
    return any((variables.get(name) or 0) > 1 for name in SIZE_VARIABLES) or len(variables.get("ids") or ()) > 1
