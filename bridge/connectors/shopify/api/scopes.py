"""Lists the scopes that we need and what each missing one takes away. Sends nothing.

A denied field that may not be null removes its parents from the answer, so data of a missing scope is not requested at
all and reported as a gap. https://shopify.dev/docs/api/usage/access-scopes
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from bridge.connectors.shopify.api.answers import SYSTEM
from bridge.model import Absence, CheckResult, Gap


@dataclass(frozen=True, kw_only=True, slots=True)
class RequiredScope:
    """A scope, the data that is unread without it, and the variable that leaves these out of our documents.

    `alternatives` are other scopes that grant the same.
    """

    scope: str
    what: str
    flag: str
    alternatives: tuple[str, ...] = ()


REQUIRED_SCOPES = (
    RequiredScope(scope="read_customers", what="customer", flag="customer"),
    RequiredScope(scope="read_orders", what="orders", flag="orders"),
    RequiredScope(scope="read_all_orders", what="orders older than 60 days", flag="all_orders"),
    RequiredScope(scope="read_returns", what="returns", flag="returns"),
    RequiredScope(
        scope="read_merchant_managed_fulfillment_orders",
        what="fulfilment orders",
        flag="dispatches",
        alternatives=("read_assigned_fulfillment_orders", "read_third_party_fulfillment_orders"),
    ),
    RequiredScope(scope="read_draft_orders", what="draft orders", flag="drafts"),
    RequiredScope(scope="read_gift_cards", what="gift cards", flag="cards"),
    RequiredScope(scope="read_customer_payment_methods", what="payment methods", flag="methods"),
    RequiredScope(scope="read_store_credit_accounts", what="store credit accounts", flag="credits"),
    RequiredScope(scope="read_store_credit_account_transactions", what="store credit transactions", flag="creditMoves"),
    RequiredScope(scope="read_own_subscription_contracts", what="subscription contracts", flag="subscriptions"),
    RequiredScope(scope="read_customer_merge", what="merge state", flag="merge"),
    RequiredScope(scope="read_metaobjects", what="metaobjects", flag="metaobjects"),
    RequiredScope(
        scope="read_content", what="blog comments", flag="comments", alternatives=("read_online_store_pages",)
    ),
)

# Scopes of single fields that may be null: requested in any case, and reported where Shopify denies one.
OPTIONAL_SCOPES = (
    ("gift card transactions", "read_gift_card_transactions"),
    ("payment terms of an order", "read_payment_terms"),
    ("campaigns that led to a visit", "read_marketing_events"),
    ("bank accounts, and payment methods stored for an order", "read_payment_mandate"),
    ("disputes", "read_shopify_payments_disputes"),
    ("evidence in a dispute", "read_shopify_payments_dispute_evidences"),
    ("which metaobjects name a customer", "read_metaobject_definitions"),
    ("titles of products in an abandoned cart", "read_products"),
)

# Scopes of what is not read by a document: webhooks, and what is changed at Shopify for a request opened by hand.
# Shopify counts two links of an e-mail address, to unsubscribe and to track opening, among what customers are changed by.
ACTION_SCOPES = (
    ("webhooks about fulfilments", "read_fulfillments"),
    ("asking Shopify to erase, and cancelling that", "write_customer_data_erasure"),
    (
        "taking back consents; removing what other apps wrote about a customer; two links of an e-mail address",
        "write_customers",
    ),
    ("removing what other apps wrote about an order", "write_orders"),
)


def list_app_scopes() -> tuple[str, ...]:
    """Return the scopes that the Shopify app must ask for, so that an export is complete and an erasure possible."""
    others = (scope for _, scope in (*OPTIONAL_SCOPES, *ACTION_SCOPES))
    return (*(need.scope for need in REQUIRED_SCOPES), *others)


def read_granted_scopes(installation: Mapping[str, Any]) -> frozenset[str]:
    """Return the scopes in an answer to `installation`."""
    app = installation.get("currentAppInstallation") or {}
    return frozenset(str(scope.get("handle", "")) for scope in app.get("accessScopes") or () if isinstance(scope, dict))


def find_missing_scopes(granted_scopes: Collection[str]) -> list[RequiredScope]:
    """Return the required scopes that are not granted. A write scope includes reading."""
    return [
        need
        for need in REQUIRED_SCOPES
        if not any(is_scope_granted(name, granted_scopes) for name in (need.scope, *need.alternatives))
    ]


def is_scope_granted(scope: str, granted_scopes: Collection[str]) -> bool:
    """Return whether the scope is granted, by itself or by the write scope that includes it."""
    return scope in granted_scopes or scope.replace("read_", "write_", 1) in granted_scopes


SCOPE_FIX = "add it to scopes in shopify.app.toml, deploy the app, and have the shop accept it"


def check_scopes(granted_scopes: Collection[str]) -> list[CheckResult]:
    """Return a line for each scope of the app: granted, or what is lost without it."""
    missing_scopes = {need.scope for need in find_missing_scopes(granted_scopes)}
    checks = [
        _build_scope_check(need.scope, f"{need.what} cannot be read", is_missing=need.scope in missing_scopes, ok=False)
        for need in REQUIRED_SCOPES
    ]
    for losses, consequence in ((OPTIONAL_SCOPES, "will be missing"), (ACTION_SCOPES, "will not work")):
        for what, scope in losses:
            is_missing = not is_scope_granted(scope, granted_scopes)
            checks.append(_build_scope_check(scope, f"{what} {consequence}", is_missing=is_missing, ok=None))
    return checks


def _build_scope_check(scope: str, loss: str, *, is_missing: bool, ok: bool | None) -> CheckResult:
    detail = f"not granted: {loss}" if is_missing else "granted"
    return CheckResult(name=f"shopify scope {scope}", ok=ok if is_missing else True, detail=detail, fix=SCOPE_FIX)


def list_scope_gaps(missing_scopes: Collection[RequiredScope]) -> tuple[Gap, ...]:
    """Return the gap that an export must state for each missing scope."""
    return tuple(
        Gap(system=SYSTEM, absence=Absence.DENIED, what=need.what, reason=need.scope) for need in missing_scopes
    )
