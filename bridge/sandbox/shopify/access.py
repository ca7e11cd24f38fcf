"""Who may see what: tokens that end, scopes that can be missing, and the words Shopify refuses with.

Holds no real secret. https://shopify.dev/docs/api/usage/access-scopes
"""

from __future__ import annotations

import secrets
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TOKEN_LASTS_S = 86_399
SCOPES: tuple[str, ...] = (
    "read_all_orders",
    "read_companies",
    "read_content",
    "read_customer_merge",
    "read_customer_payment_methods",
    "read_customers",
    "read_draft_orders",
    "read_fulfillments",
    "read_gift_cards",
    "read_merchant_managed_fulfillment_orders",
    "read_metaobjects",
    "read_orders",
    "read_own_subscription_contracts",
    "read_privacy_settings",
    "read_returns",
    "read_shopify_payments_dispute_evidences",
    "read_store_credit_account_transactions",
    "read_store_credit_accounts",
    "read_users",
    "write_customer_data_erasure",
    "write_customers",
    "write_draft_orders",
    "write_orders",
    "write_privacy_settings",
)
# Any one of the scopes opens the type, wherever a field leads to it.
OPENS: Mapping[str, tuple[str, ...]] = {
    "AbandonedCheckout": ("read_orders",),
    "Comment": ("read_content",),
    "Company": ("read_companies", "read_customers"),
    "CompanyContact": ("read_companies", "read_customers"),
    "Customer": ("read_customers",),
    "CustomerPaymentMethod": ("read_customer_payment_methods",),
    "DraftOrder": ("read_draft_orders",),
    "Fulfillment": ("read_orders", "read_fulfillments"),
    "FulfillmentOrder": ("read_merchant_managed_fulfillment_orders",),
    "GiftCard": ("read_gift_cards",),
    "Metaobject": ("read_metaobjects",),
    "Order": ("read_orders",),
    "PrivacySettings": ("read_privacy_settings",),
    "Return": ("read_returns",),
    "ReverseDelivery": ("read_returns",),
    "ReverseFulfillmentOrder": ("read_returns",),
    "ShopifyPaymentsDisputeEvidence": ("read_shopify_payments_dispute_evidences",),
    "StaffMember": ("read_users",),
    "StoreCreditAccount": ("read_store_credit_accounts",),
    "StoreCreditAccountTransaction": ("read_store_credit_account_transactions",),
    "SubscriptionContract": ("read_own_subscription_contracts",),
    "CustomerRequestDataErasurePayload": ("write_customer_data_erasure",),
    "CustomerCancelDataErasurePayload": ("write_customer_data_erasure",),
    "CustomerUpdatePayload": ("write_customers",),
    "DataSaleOptOutPayload": ("write_privacy_settings",),
    "OrderUpdatePayload": ("write_orders",),
}
DOCS = "https://shopify.dev/api/usage/access-scopes"
PROTECTED = "https://shopify.dev/docs/apps/launch/protected-customer-data"


def needed(type_name: str) -> tuple[str, ...]:
    """Which scopes open a field that leads to this type; none where it is open to all."""
    name = type_name.removesuffix("Connection").removesuffix("Edge")
    return OPENS.get(name, ())


def scope_missing(field: str, scopes: tuple[str, ...]) -> tuple[str, Mapping[str, Any]]:
    """Give message and extensions for a field whose scope was not granted."""
    access = " or ".join(f"`{scope}` access scope" for scope in scopes) + "."
    message = f"Access denied for {field} field. Required access: {access}"
    return message, {"code": "ACCESS_DENIED", "documentation": DOCS, "requiredAccess": access}


def not_approved(field: str) -> tuple[str, Mapping[str, Any]]:
    """Give message and extensions for a protected field the app was not approved to use."""
    message = f"This app is not approved to use the {field} field. See {PROTECTED} for more details."
    return message, {"code": "ACCESS_DENIED", "documentation": DOCS}


class Door:
    """Tokens of the client-credentials grant, each with its end."""

    def __init__(self, *, client_id: str, secrets_known: tuple[str, ...], now_s: Callable[[], float]) -> None:
        """`secrets_known` are the unrevoked client secrets; any of them opens."""
        self.client_id = client_id
        self.secrets = secrets_known
        self.lasts_s: float = TOKEN_LASTS_S
        self.installed = True
        self.fixed: set[str] = set()
        self._now_s = now_s
        self._lock = threading.Lock()
        self._ends: dict[tuple[str, str], float] = {}

    def grant(self, shop: str, form: Mapping[str, str]) -> tuple[str, str]:
        """Give (token, "") or ("", error word)."""
        if form.get("grant_type") != "client_credentials":
            return "", "unsupported_grant_type"
        if form.get("client_id") != self.client_id or form.get("client_secret") not in self.secrets:
            return "", "invalid_client"
        if not self.installed:
            return "", "app_not_installed"
        token = f"shpat_{secrets.token_hex(16)}"
        with self._lock:
            self._ends[shop, token] = self._now_s() + self.lasts_s
        return token, ""

    def admits(self, shop: str, token: str) -> bool:
        """Whether a token opens this shop now."""
        if not self.installed:
            return False
        with self._lock:
            return token in self.fixed or self._ends.get((shop, token), 0.0) > self._now_s()

    def expire(self) -> None:
        """End every token that was granted."""
        with self._lock:
            self._ends.clear()
