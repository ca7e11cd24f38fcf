"""Sends one GraphQL call with its token, waits while Shopify throttles, and retries transient failures.

The only file that imports `shopify`, and of it only `Session` as a value and `GraphQL` as a base class: both are bound
to one shop. Never activates a session: that is global state of the process, and a second shop's token would be sent to
the first shop (measured with ShopifyAPI 12.7). Never follows a redirect, never prints.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import shopify

from bridge.connectors.http import CALL_RETRY_PAUSES_S, MAX_CALL_ATTEMPTS, HttpClient, StatusRules
from bridge.connectors.shopify.api import answers, documents
from bridge.connectors.shopify.api.tokens import TokenProvider, build_base_url
from bridge.errors import BridgeError, ConnectorRefused, ConnectorThrottled, CredentialRejected

THROTTLE_BUDGET_S = 30.0  # the longest wait in one call; longer waits are scheduled in the database

# Fields that may not be null or that not every shop has, and the variable that leaves each out of a document.
# Denied, such a field removes its parent too: the same document without the field still returns the rest.
OPTIONAL_FIELD_FLAGS = {
    **dict.fromkeys(("displayName", "name", "formatted", "formattedAddress"), "names"),
    **dict.fromkeys(("customerSegmentMembership", "segments"), "segments"),
    **dict.fromkeys(("phone", "phoneNumber"), "phones"),
    "companyContactProfiles": "company",
    "disputeEvidence": "evidence",
    "emailAddress": "mails",
    "fulfillmentOrders": "dispatches",
    "mergeable": "merge",
    "metaobjectDefinitions": "definitions",
    "paymentMethods": "methods",
    "reference": "metaobjects",
    "references": "metaobjects",
    "returns": "returns",
    "statusPageUrl": "status",
    "storeCreditAccounts": "credits",
    "subscriptionContracts": "subscriptions",
    "transactions": "creditMoves",
    "vaultedPaymentMethods": "vaulted",
    **{part: part for part in ("orders", "search", "drafts", "cards", "checkouts", "comments", "events")},
    **{part: part for part in ("payments", "disputes", "metaobjects")},
}


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
        response = self._http.call("POST", self.endpoint, json=content, headers=headers)
        served_version = response.headers.get("x-shopify-api-version", "")
        return replace(answers.parse_graphql_reply(response.content), served_version=served_version)


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class ShopifyClient:
    """A client of all shops. Keeps nothing of a shop but the page sizes that were too costly."""

    version: str
    base_url: str
    tokens: TokenProvider
    http: HttpClient
    sleep: Callable[[float], None]
    list_domains: Callable[[str], Sequence[str]] = lambda shop: (shop,)
    _sizes: dict[str, int] = field(default_factory=dict, init=False)

    def run_document(self, shop: str, name: str, **variables: Any) -> answers.GraphQLReply:
        """Return the reply to one of our documents, from the shop's present domain or a former one whose token works.

        Raises ConnectorUnavailable, ConnectorThrottled, ConnectorRefused (answers.QueryTooCostly), CredentialRejected.
        """
        fault: BridgeError = ShopUnknown()  # of a shop whose domains all belong to others now
        for number, domain in enumerate(self.list_domains(shop)):
            try:
                return self.run_document_at(domain, name, **variables)
            except (CredentialRejected, ShopUnknown) as refusal:
                fault = fault if number else refusal
        raise fault

    def run_document_at(self, shop: str, name: str, **variables: Any) -> answers.GraphQLReply:
        """Return the reply from exactly this domain; repeat without optional fields whose denial hides others.

        Raises as `run_document`.
        """
        denied: tuple[answers.DeniedField, ...] = ()
        dropped: tuple[str, ...] = ()
        while True:
            reply = self._run_with_retries(shop, name, variables)
            denied += reply.denied
            drop = _find_flags_to_drop(reply, {flag for flag, value in variables.items() if value is True})
            if not drop:
                return replace(reply, denied=denied, dropped_flags=dropped)
            dropped += tuple(drop)
            variables |= dict.fromkeys(drop, False)

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

    def _run_with_retries(self, shop: str, name: str, variables: Mapping[str, Any]) -> answers.GraphQLReply:
        waited_s, faults = 0.0, 0
        while True:
            try:
                return self._run_with_token(shop, name, variables)
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

    def _run_with_token(self, shop: str, name: str, variables: Mapping[str, Any]) -> answers.GraphQLReply:
        """Run the document; repeat it once with a new token if the first is rejected."""
        query = documents.build_document(name, self.version)
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


def _find_flags_to_drop(reply: answers.GraphQLReply, open_flags: set[str]) -> list[str]:
    """Return the variables to set to false so that a denied field hides no other; none if it hid none.

    The flag of the denied field itself comes first; that of a parent only if no denied field has one.
    """
    paths = [one.path for one in reply.denied if _is_field_unreachable(reply.data, one.path)]
    own = {OPTIONAL_FIELD_FLAGS.get(part, "") for path in paths for part in path[-1:] if isinstance(part, str)}
    flags_by_path = [
        [OPTIONAL_FIELD_FLAGS.get(part, "") for part in reversed(path) if isinstance(part, str)] for path in paths
    ]
    parents = {next((flag for flag in flags if flag in open_flags), "") for flags in flags_by_path}
    return sorted(own & open_flags or parents & open_flags)


def _is_field_unreachable(data: Any, path: tuple[str | int, ...]) -> bool:
    """Return whether the denial of a field also removed its parent from the data."""
    value = data
    for part in path:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return True
    return False
