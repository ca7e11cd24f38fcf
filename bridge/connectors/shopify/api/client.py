"""One GraphQL call: token, endpoint, waiting where Shopify throttles, asking again where a fault passes.

The only file that imports `shopify`, and of it only `Session` as a value and `GraphQL` as a base: both are
bound to one shop when they are made. Never activates a session: that is state of the whole process, and a
second shop's token would go to the first (measured with ShopifyAPI 12.7). Never follows a redirect, never
prints.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import shopify

from bridge.connectors.http import CALL_RETRY_PAUSES_S, MAX_CALL_ATTEMPTS, HttpClient, StatusRules
from bridge.connectors.shopify.api import documents
from bridge.connectors.shopify.api.answers import (
    SYSTEM,
    DeniedField,
    GraphQLReply,
    QueryTooCostly,
    TransientFailure,
    parse_graphql_reply,
)
from bridge.connectors.shopify.api.tokens import TokenProvider, build_base_url
from bridge.errors import (
    BridgeError,
    ConnectorRefused,
    ConnectorThrottled,
    CredentialRejected,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

THROTTLE_BUDGET_S = 30.0  # waiting in one call; what needs longer belongs to the database's schedule

# Parts of an answer that may not be null or that not every shop has, and the variable that leaves each out.
# Denied, they take what is around them away too: the same question without them still gives the rest.
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
    """402: the shop has not paid; its owner must act. https://shopify.dev/docs/api/usage/response-codes."""

    def __init__(self, _: str = "") -> None:
        """Say so in a constant word."""
        super().__init__("shopify: shop is frozen")


class ShopLocked(CredentialRejected):
    """423: Shopify locked the shop."""

    def __init__(self, _: str = "") -> None:
        """Say so in a constant word."""
        super().__init__("shopify: shop is locked")


class AccessForbidden(CredentialRejected):
    """403: another token would be refused too."""

    def __init__(self, _: str = "") -> None:
        """Say so in a constant word."""
        super().__init__("shopify: forbidden")


class ShopUnknown(ConnectorRefused):
    """404: no shop under this name, or a version of the API that never was."""

    def __init__(self, _: str = "") -> None:
        """Say so in a constant word."""
        super().__init__("shopify: unknown shop")


SHOPIFY_STATUS_ERRORS: Mapping[int, type[BridgeError]] = {
    402: ShopFrozen,
    403: AccessForbidden,
    404: ShopUnknown,
    423: ShopLocked,
}


def create_shopify_http(sleep: Callable[[float], None] = time.sleep) -> HttpClient:
    """Make a door that knows what Shopify means by its statuses."""
    return HttpClient(SYSTEM, error_by_status=SHOPIFY_STATUS_ERRORS, sleep=sleep)


class ShopGraphQL(shopify.GraphQL):  # type: ignore[misc]  # the library carries no types
    """Shopify's own GraphQL client, tied to one shop, with our transport under it."""

    def __init__(self, session: shopify.Session, root: str, http: HttpClient) -> None:
        """Bind endpoint and token."""
        # not super().__init__(): it would read endpoint and token from the state of the process
        self.endpoint = session.version.api_path(root) + "/graphql.json"
        self.headers = {"X-Shopify-Access-Token": session.token}
        self._http = http

    def execute(
        self, query: str, variables: Mapping[str, Any] | None = None, operation_name: str | None = None
    ) -> GraphQLReply:
        """Ask once. Raises as `Http.call` and `answers.parse`."""
        content: dict[str, Any] = {"query": query, "variables": variables}
        if operation_name:
            content["operationName"] = operation_name
        headers = self.merge_headers({"Accept": "application/json"}, self.headers)
        return parse_graphql_reply(
            self._http.call("POST", self.endpoint, json=content, headers=headers).content
        )


class ShopifyClient:
    """Asks one shop after another; keeps nothing of any of them but the sizes that proved too large."""

    def __init__(
        self,
        *,
        version: str,
        base_url: str,
        tokens: TokenProvider,
        http: HttpClient,
        sleep: Callable[[float], None],
    ) -> None:
        """Take what every call needs."""
        self.version = version
        self._base_url = base_url
        self._tokens = tokens
        self._http = http
        self._sleep = sleep
        self._sizes: dict[str, int] = {}

    def run_document(self, shop: str, name: str, **variables: Any) -> GraphQLReply:
        """Ask one of our documents; without its optional parts where these, denied, take more with them.

        Raises ConnectorUnavailable, ConnectorThrottled, ConnectorRefused (TooCostly), CredentialRejected.
        """
        withheld: tuple[DeniedField, ...] = ()
        shut: tuple[str, ...] = ()
        while True:
            reply = self._run_with_retries(shop, name, variables)
            withheld += reply.denied
            drop = _find_flags_to_drop(reply, {flag for flag, open_ in variables.items() if open_ is True})
            if not drop:
                return GraphQLReply(data=reply.data, denied=withheld, dropped_flags=shut)
            shut += tuple(drop)
            variables |= dict.fromkeys(drop, False)

    def fit_page_size(self, name: str, wanted: int) -> int:
        """How many to ask for at once: what is wanted, or less where that once was too costly."""
        return max(1, min(wanted, self._sizes.get(name, wanted)))

    def reduce_page_size(self, name: str, size: int, fault: QueryTooCostly) -> None:
        """Remember that `size` is too many. Raises the fault again where not even one would be allowed."""
        if size <= 1:
            raise fault
        fits = int(size * fault.limit / fault.cost * 0.95) if fault.cost > 0 else size // 2
        self._sizes[name] = max(1, min(fits, size // 2))

    def stream_lines(self, url: str, status_rules: StatusRules) -> Iterator[bytes]:
        """Stream a file of Shopify's line by line. Raises as `Http.lines`; plain HTTP is for a plain shop only."""
        if not url.startswith("https://") and not self._base_url.startswith("http://"):
            raise ConnectorRefused("shopify: a file's address is not secure")
        return self._http.stream_lines(url, status_rules=status_rules)

    def sleep(self, pause_s: float) -> None:
        """Wait."""
        self._sleep(pause_s)

    def _run_with_retries(self, shop: str, name: str, variables: Mapping[str, Any]) -> GraphQLReply:
        waited_s, faults = 0.0, 0
        while True:
            try:
                return self._run_with_token(shop, name, variables)
            except ConnectorThrottled as fault:
                wait_s = fault.retry_after_s if fault.retry_after_s is not None else 1.0
                if waited_s + wait_s > THROTTLE_BUDGET_S:
                    raise
                waited_s += wait_s
                self._sleep(wait_s)
            except TransientFailure:  # other outages were asked again by Http already
                faults += 1
                if faults == MAX_CALL_ATTEMPTS:
                    raise
                self._sleep(CALL_RETRY_PAUSES_S[faults - 1])

    def _run_with_token(self, shop: str, name: str, variables: Mapping[str, Any]) -> GraphQLReply:
        token = self._tokens.get_token(shop)
        try:
            return self._create_shop_graphql(shop, token).execute(
                documents.build_document(name, self.version), variables
            )
        except (ShopFrozen, ShopLocked, AccessForbidden):
            raise
        except CredentialRejected:
            if not self._tokens.is_renewable:
                raise CredentialRejected("shopify: token rejected") from None
        token = self._tokens.get_token(shop, rejected_token=token)
        try:
            return self._create_shop_graphql(shop, token).execute(
                documents.build_document(name, self.version), variables
            )
        except (ShopFrozen, ShopLocked, AccessForbidden):
            raise
        except CredentialRejected:
            raise CredentialRejected("shopify: token rejected") from None

    def _create_shop_graphql(self, shop: str, token: str) -> ShopGraphQL:
        root = build_base_url(self._base_url, shop)
        return ShopGraphQL(shopify.Session(shop, self.version, token), root, self._http)


def _find_flags_to_drop(reply: GraphQLReply, open_flags: set[str]) -> list[str]:
    """Name the variables to close so that a denied field takes nothing else with it; none where it did not.

    The fields themselves are to blame first; what is around them only where none of them can be left out.
    """
    lost = [one.path for one in reply.denied if _is_field_unreachable(reply.data, one.path)]
    own = {OPTIONAL_FIELD_FLAGS.get(part, "") for path in lost for part in path[-1:] if isinstance(part, str)}
    doors = [
        [OPTIONAL_FIELD_FLAGS.get(part, "") for part in reversed(path) if isinstance(part, str)]
        for path in lost
    ]
    around = {next((door for door in way if door in open_flags), "") for way in doors}
    return sorted(own & open_flags or around & open_flags)


def _is_field_unreachable(data: Any, path: tuple[str | int, ...]) -> bool:
    """Whether a denied field took its surroundings with it: its own place cannot be reached any more."""
    here = data
    for part in path:
        try:
            here = here[part]
        except (KeyError, IndexError, TypeError):
            return True
    return False
