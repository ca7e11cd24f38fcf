"""What Shopify's GraphQL answers mean: data, denied fields as gaps, or one of our errors.

Pure: bytes in, a `Reply` or an error out. Never puts a message of Shopify's into an error or a gap (it may
quote what was asked), only codes, scope words and field paths.
https://shopify.dev/docs/api/admin-graphql#status-and-error-codes
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bridge.errors import ConnectorRefused, ConnectorThrottled, ConnectorUnavailable
from bridge.model import Absence, Gap

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SYSTEM = "shopify"
MARGIN_S = 0.1  # the bucket fills in steps; arriving a moment early costs another round trip
# What stands at the top of our questions, as the record it is and as the list of them.
RECORDS = {
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
# What hangs below the customer and is a record of its own.
BELOW = {
    "companyContactProfiles": ("company_contact", "company contacts"),
    "paymentMethods": ("payment_method", "payment methods"),
    "storeCreditAccounts": ("store_credit_account", "store credit accounts"),
    "subscriptionContracts": ("subscription_contract", "subscription contracts"),
}
_CODE = re.compile(r"[A-Z][A-Z_]{2,40}")
_SCOPE = re.compile(r"\b(?:read|write)_[a-z_]+")
_PASSING = frozenset({"INTERNAL_SERVER_ERROR", "TIMEOUT", "SERVICE_UNAVAILABLE"})


class TooCostly(ConnectorRefused):
    """The query's price is above what one query may cost: ask for less at once."""

    def __init__(self, cost: float, limit: float) -> None:
        """Keep what was asked for and what is allowed."""
        super().__init__("shopify: MAX_COST_EXCEEDED")
        self.cost = cost
        self.limit = limit


class Passing(ConnectorUnavailable):
    """Status 200 and no answer in it: half a body, a proxy's page, an error inside Shopify. It passes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Denied:
    """A field that was withheld. `path` is where it stood, list positions included."""

    path: tuple[str | int, ...]
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What came back. `data` may be partly filled: `denied` says what is missing and why.

    `shut` are the optional parts that had to be left out to get anything at all.
    """

    data: Mapping[str, Any]
    denied: tuple[Denied, ...] = ()
    shut: tuple[str, ...] = ()

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """One gap for each withheld field, whichever rows it was withheld in."""
        found = {(field_of(one.path), one.reason): None for one in self.denied}
        return tuple(
            Gap(system=SYSTEM, absence=Absence.DENIED, what=what, reason=reason) for what, reason in found
        )


def field_of(path: Sequence[str | int]) -> str:
    """`order.phone` for ["customer", "orders", "nodes", 3, "phone"]: record and field, no positions."""
    parts = [part for part in path if isinstance(part, str)] or ["answer"]
    if parts[0] == "customer" and parts[1:] and parts[1] in {"orders", *BELOW}:
        del parts[0]
    record, records = (RECORDS | BELOW).get(parts[0], (parts[0], parts[0]))
    fields = [part for part in parts[1:] if part != "nodes"]
    return ".".join([record, *fields]) if fields else records


def parse(content: bytes) -> Reply:
    """Read an answer of status 200.

    Raises ConnectorThrottled with the wait in seconds, TooCostly, ConnectorRefused, Passing.
    """
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        raise Passing("shopify: answer is not JSON") from None
    if not isinstance(body, dict) or not ("data" in body or "errors" in body):
        raise Passing("shopify: answer is not GraphQL")
    errors = body.get("errors") or []
    if not isinstance(errors, list):
        raise ConnectorRefused("shopify: refused")
    data = body.get("data") or {}
    cost = _mapping(_mapping(body.get("extensions")).get("cost"))
    denied = tuple(filter(None, (_judge(_mapping(error), cost) for error in errors)))
    if not isinstance(data, dict) or (not data and not errors):
        raise Passing("shopify: answer has no data")
    return Reply(data=data, denied=denied)


def _judge(error: Mapping[str, Any], cost: Mapping[str, Any]) -> Denied | None:
    about = _mapping(error.get("extensions"))
    message = str(error.get("message", ""))
    code = str(about.get("code", ""))
    unapproved = "not approved" in message
    if code == "THROTTLED" or message == "Throttled":
        raise _throttled(cost)
    if code == "MAX_COST_EXCEEDED":
        raise TooCostly(_number(about.get("cost")), _number(about.get("maxCost")))
    if code in _PASSING:
        raise Passing(f"shopify: {code}")
    if code == "ACCESS_DENIED" or unapproved:
        path = tuple(part for part in error.get("path") or () if isinstance(part, str | int))
        return Denied(path=path, reason="not_approved" if unapproved else _scope(about, message))
    if code == "RESOURCE_NOT_FOUND" and error.get("path"):
        return None  # the field is null, and that says it
    raise ConnectorRefused(f"shopify: {code if _CODE.fullmatch(code) else 'GRAPHQL_ERROR'}")


def _scope(about: Mapping[str, Any], message: str) -> str:
    found = _SCOPE.search(str(about.get("requiredAccess", ""))) or _SCOPE.search(message)
    return found[0] if found else "access_denied"


def _throttled(cost: Mapping[str, Any]) -> ConnectorThrottled | TooCostly:
    """Say how long until the bucket holds what was asked: every number is Shopify's.

    https://shopify.dev/docs/api/usage/limits#the-leaky-bucket-algorithm
    """
    status = _mapping(cost.get("throttleStatus"))
    asked, there = _number(cost.get("requestedQueryCost")), _number(status.get("currentlyAvailable"))
    rate, brim = _number(status.get("restoreRate")), _number(status.get("maximumAvailable"))
    if brim and asked > brim:
        return TooCostly(asked, brim)  # no wait would ever be long enough
    wait_s = max(0.0, asked - there) / rate + MARGIN_S if rate else 1.0
    return ConnectorThrottled("shopify: THROTTLED", retry_after_s=wait_s)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
