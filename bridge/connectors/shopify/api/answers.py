"""Parses Shopify's GraphQL answers into data, denied fields and our errors.

Sends nothing. Never puts a message of Shopify into an error or a gap (it may quote the query), only codes, scopes and
field paths.
https://shopify.dev/docs/api/admin-graphql#status-and-error-codes
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bridge.connectors.parsing import dict_or_empty
from bridge.errors import ConnectorRefused, ConnectorThrottled, ConnectorUnavailable, CredentialRejected
from bridge.model import Absence, Gap

SYSTEM = "shopify"
THROTTLE_MARGIN_S = 0.1  # the bucket fills in steps; a call that is too early costs another round trip
# The top-level fields of our documents, with the name of one record and of the list.
RECORD_NAMES = {
    **dict.fromkeys(("orders", "search", "nodes", "order"), ("order", "orders")),
    "drafts": ("draft_order", "draft orders"),
    "cards": ("gift_card", "gift cards"),
    "checkouts": ("abandoned_checkout", "abandoned checkouts"),
    "comments": ("blog_comment", "blog comments"),
    "payments": ("tender_transaction", "tender transactions"),
    "disputes": ("dispute", "disputes"),
    "abandonment": ("abandonment", "abandonments"),
    "metaobjects": ("metaobject", "metaobjects"),
    "metaobjectDefinitions": ("metaobject", "metaobject definitions"),
    "customerSegmentMembership": ("customer.segments", "customer segments"),
    "segments": ("customer.segments", "customer segments"),
}
# The fields of a customer that contain records of their own.
CUSTOMER_RECORD_NAMES = {
    "companyContactProfiles": ("company_contact", "company contacts"),
    "paymentMethods": ("payment_method", "payment methods"),
    "storeCreditAccounts": ("store_credit_account", "store credit accounts"),
    "subscriptionContracts": ("subscription_contract", "subscription contracts"),
}
NOT_APPROVED = "not_approved"
FIELD_FAILED = "internal_error"  # Shopify says that it cannot serve the field
NOT_RETURNED = "not_returned"  # requested, or named by another record, and not in the answer
LOST_ROW = "lost_row"  # null in place of a row
_CODE_PATTERN = re.compile(r"[A-Z][A-Z_]{2,40}")
_SCOPE_PATTERN = re.compile(r"\b(?:read|write)_[a-z_]+")
_TRANSIENT_CODES = frozenset({"INTERNAL_SERVER_ERROR", "TIMEOUT", "SERVICE_UNAVAILABLE"})


class QueryTooCostly(ConnectorRefused):
    """The query exceeds the maximum cost of one query: request smaller pages."""

    def __init__(self, cost: float, limit: float) -> None:
        """Take the cost of the query and the allowed maximum, in points."""
        super().__init__("shopify: MAX_COST_EXCEEDED")
        self.cost = cost
        self.limit = limit


class QueryThrottled(ConnectorThrottled):
    """The bucket does not hold the price of the query. `cost` is what Shopify says of it."""

    def __init__(self, wait_s: float, cost: Mapping[str, Any]) -> None:
        """Take the seconds until it does."""
        super().__init__("shopify: THROTTLED", retry_after_s=wait_s)
        self.cost = cost


class TransientFailure(ConnectorUnavailable):
    """Status 200 without an answer: half a body, a proxy's page, an error inside Shopify. A retry may succeed.

    `failed` are the fields that Shopify names as the cause.
    """

    def __init__(self, message: str, failed: tuple[AbsentField, ...] = ()) -> None:
        """Take a constant message and the fields."""
        super().__init__(message)
        self.failed = failed


@dataclass(frozen=True, kw_only=True, slots=True)
class AbsentField:
    """A field that is missing from an answer. `path` leads to it, list positions included."""

    path: tuple[str | int, ...]
    reason: str

    @property
    def keys(self) -> tuple[str, ...]:
        """Return the path without list positions."""
        return tuple(part for part in self.path if isinstance(part, str))


@dataclass(frozen=True, kw_only=True, slots=True)
class GraphQLReply:
    """An answer. `data` may be incomplete: `denied` and `failed` say what is missing and why.

    `closed_fields` are the fields that had to be left out of the document to get the rest, with the reason, `cost` what
    Shopify says of the price, `served_version` the version of the Admin API that answered, '' if Shopify did not say.
    """

    data: Mapping[str, Any]
    denied: tuple[AbsentField, ...] = ()
    failed: tuple[AbsentField, ...] = ()
    closed_fields: Mapping[str, str] = field(default_factory=dict)
    cost: Mapping[str, Any] = field(default_factory=dict)
    served_version: str = ""

    def require_access(self) -> GraphQLReply:
        """Return the reply. Raises CredentialRejected if a field was denied: it must not look like an absent one."""
        if self.denied:
            raise CredentialRejected(f"shopify: not allowed ({self.denied[0].reason})")
        return self

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """Return one gap per missing field and reason, however many rows it is missing in; lost rows are counted."""
        denied = {(format_field_path(one.path), one.reason): None for one in self.denied}
        rows = Counter(format_field_path(one.path) for one in self.failed if one.reason == LOST_ROW)
        failed = {(format_field_path(one.path), one.reason): None for one in self.failed if one.reason != LOST_ROW}
        lost = {(f"{count} {what}" if "." not in what else what, LOST_ROW): None for what, count in rows.items()}
        return (
            *(Gap(system=SYSTEM, absence=Absence.DENIED, what=what, reason=reason) for what, reason in denied),
            *(
                Gap(system=SYSTEM, absence=Absence.UNREACHED, what=what, reason=reason)
                for what, reason in failed | lost
            ),
        )


def format_field_path(path: Sequence[str | int]) -> str:
    """Return record and field without positions: `order.phone` for ["customer", "orders", "nodes", 3, "phone"]."""
    parts = [part for part in path if isinstance(part, str)] or ["answer"]
    if parts[0] == "customer" and parts[1:] and parts[1] in {"orders", *CUSTOMER_RECORD_NAMES}:
        del parts[0]
    record, records = (RECORD_NAMES | CUSTOMER_RECORD_NAMES).get(parts[0], (parts[0], parts[0]))
    fields = [part for part in parts[1:] if part != "nodes"]
    return ".".join([record, *fields]) if fields else records


def parse_graphql_reply(content: bytes) -> GraphQLReply:
    """Return the reply in an answer of status 200.

    Raises ConnectorThrottled with the wait in seconds, QueryTooCostly, ConnectorRefused, TransientFailure.
    """
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        raise TransientFailure("shopify: answer is not JSON") from None
    if not isinstance(body, dict) or not ("data" in body or "errors" in body):
        raise TransientFailure("shopify: answer is not GraphQL")
    errors = body.get("errors") or []
    if not isinstance(errors, list):
        raise ConnectorRefused("shopify: refused")
    cost = dict_or_empty(dict_or_empty(body.get("extensions")).get("cost"))
    denied, failed = list[AbsentField](), list[AbsentField]()
    for error in map(dict_or_empty, errors):
        absent, is_denied = _read_error(error, cost, has_data="data" in body)
        if absent:
            (denied if is_denied else failed).append(absent)
    data = body.get("data")
    if data is None and failed:
        raise TransientFailure("shopify: INTERNAL_SERVER_ERROR", tuple(failed))
    if not isinstance(data, dict | None) or (data is None and not errors):
        raise TransientFailure("shopify: answer has no data")
    return GraphQLReply(data=data or {}, denied=tuple(denied), failed=tuple(failed), cost=cost)


def _read_error(
    error: Mapping[str, Any], cost: Mapping[str, Any], *, has_data: bool
) -> tuple[AbsentField | None, bool]:
    """Return the field that is missing by this error, and whether it was denied. Raises what concerns the whole call."""
    extensions = dict_or_empty(error.get("extensions"))
    message = str(error.get("message", ""))
    code = str(extensions.get("code", ""))
    is_unapproved = "not approved" in message
    path = tuple(part for part in error.get("path") or () if isinstance(part, str | int))
    if code == "THROTTLED" or message == "Throttled":
        raise _build_throttle_error(cost)
    if code == "MAX_COST_EXCEEDED":
        raise QueryTooCostly(number_or_zero(extensions.get("cost")), number_or_zero(extensions.get("maxCost")))
    if code == "ACCESS_DENIED" or is_unapproved:
        reason = NOT_APPROVED if is_unapproved else _find_denied_scope(extensions, message)
        return AbsentField(path=path, reason=reason), True
    if code == "RESOURCE_NOT_FOUND" and path:
        return None, False  # the field is null, which says the same
    if path and has_data:
        return AbsentField(path=path, reason=FIELD_FAILED), False
    if code in _TRANSIENT_CODES:
        raise TransientFailure(f"shopify: {code}")
    raise ConnectorRefused(f"shopify: {code if _CODE_PATTERN.fullmatch(code) else 'GRAPHQL_ERROR'}")


def _find_denied_scope(extensions: Mapping[str, Any], message: str) -> str:
    found = _SCOPE_PATTERN.search(str(extensions.get("requiredAccess", ""))) or _SCOPE_PATTERN.search(message)
    return found[0] if found else "access_denied"


def _build_throttle_error(cost: Mapping[str, Any]) -> QueryThrottled | QueryTooCostly:
    """Return the error with the seconds until the bucket holds the query's cost, computed from Shopify's numbers.

    https://shopify.dev/docs/api/usage/limits#the-leaky-bucket-algorithm
    """
    status = dict_or_empty(cost.get("throttleStatus"))
    requested = number_or_zero(cost.get("requestedQueryCost"))
    available = number_or_zero(status.get("currentlyAvailable"))
    rate, maximum = (number_or_zero(status.get("restoreRate")), number_or_zero(status.get("maximumAvailable")))
    if maximum and requested > maximum:
        return QueryTooCostly(requested, maximum)  # no wait would be long enough
    wait_s = max(0.0, requested - available) / rate + THROTTLE_MARGIN_S if rate else 1.0
    return QueryThrottled(wait_s, cost)


def number_or_zero(value: object) -> float:
    """Return a number of Shopify's, 0 for anything else."""
    return float(value) if isinstance(value, int | float) else 0.0
