"""Access rights: missing scopes, protected fields, and Shopify's error messages for both.

It knows types and scopes only, no shop and no token. https://shopify.dev/docs/api/usage/access-scopes
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

SCOPES: tuple[str, ...] = (
    "read_all_orders",
    "read_companies",
    "read_content",
    "read_customer_merge",
    "read_customer_payment_methods",
    "read_customers",
    "read_draft_orders",
    "read_fulfillments",
    "read_gift_card_transactions",
    "read_gift_cards",
    "read_marketing_events",
    "read_merchant_managed_fulfillment_orders",
    "read_metaobject_definitions",
    "read_metaobjects",
    "read_orders",
    "read_own_subscription_contracts",
    "read_payment_mandate",
    "read_payment_terms",
    "read_privacy_settings",
    "read_products",
    "read_returns",
    "read_shopify_payments_dispute_evidences",
    "read_shopify_payments_disputes",
    "read_store_credit_account_transactions",
    "read_store_credit_accounts",
    "read_users",
    "write_content",
    "write_customer_data_erasure",
    "write_customers",
    "write_draft_orders",
    "write_gift_cards",
    "write_orders",
    "write_privacy_settings",
)
# Any one of the scopes opens the type, wherever a field leads to it.
SCOPES_BY_TYPE: Mapping[str, tuple[str, ...]] = {
    "AbandonedCheckout": ("read_orders",),
    "Abandonment": ("read_orders",),
    "Article": ("read_content", "read_online_store_pages"),
    "Comment": ("read_content", "read_online_store_pages"),
    "Company": ("read_customers", "read_companies"),
    "CompanyContact": ("read_customers", "read_companies"),
    "CompanyContactRoleAssignment": ("read_customers", "read_companies"),
    "CompanyLocation": ("read_customers", "read_companies"),
    "Customer": ("read_customers",),
    "CustomerJourneySummary": ("read_orders",),
    "CustomerPaymentMethod": ("read_customer_payment_methods",),
    "DraftOrder": ("read_draft_orders",),
    "Fulfillment": (
        "read_orders",
        "read_fulfillments",
        "read_assigned_fulfillment_orders",
        "read_merchant_managed_fulfillment_orders",
        "read_third_party_fulfillment_orders",
    ),
    "FulfillmentOrder": (
        "read_assigned_fulfillment_orders",
        "read_merchant_managed_fulfillment_orders",
        "read_third_party_fulfillment_orders",
    ),
    "GiftCard": ("read_gift_cards",),
    "GiftCardTransaction": ("read_gift_card_transactions",),
    "MarketingEvent": ("read_marketing_events",),
    "Metaobject": ("read_metaobjects",),
    "MetaobjectDefinition": ("read_metaobject_definitions",),
    "Order": ("read_orders",),
    "OrderTransaction": ("read_orders",),
    "PaymentTerms": ("read_payment_terms",),
    "PrivacySettings": ("read_privacy_settings",),
    "Product": ("read_products",),
    "Return": ("read_returns",),
    "ReverseDelivery": ("read_returns",),
    "ReverseFulfillmentOrder": ("read_returns",),
    "Segment": ("read_customers",),
    "SegmentMembershipResponse": ("read_customers",),
    "ShopifyPaymentsDispute": ("read_shopify_payments_disputes",),
    "ShopifyPaymentsDisputeEvidence": ("read_shopify_payments_dispute_evidences",),
    "StaffMember": ("read_users",),
    "StoreCreditAccount": ("read_store_credit_accounts",),
    "StoreCreditAccountTransaction": ("read_store_credit_account_transactions",),
    "SubscriptionContract": ("read_own_subscription_contracts",),
    "TaxSettings": ("read_customers",),
    "TenderTransaction": ("read_orders",),
    "CommentDeletePayload": ("write_content",),
    "CustomerCancelDataErasurePayload": ("write_customer_data_erasure",),
    "CustomerDeletePayload": ("write_customers",),
    "CustomerEmailMarketingConsentUpdatePayload": ("write_customers",),
    "CustomerRequestDataErasurePayload": ("write_customer_data_erasure",),
    "CustomerSmsMarketingConsentUpdatePayload": ("write_customers",),
    "CustomerAddressCreatePayload": ("write_customers",),
    "CustomerAddressUpdatePayload": ("write_customers",),
    "CustomerUpdatePayload": ("write_customers",),
    "DataSaleOptOutPayload": ("write_privacy_settings",),
    "DraftOrderDeletePayload": ("write_draft_orders",),
    "GiftCardUpdatePayload": ("write_gift_cards",),
    "OrderUpdatePayload": ("write_orders",),
}
SCOPES_DOCS_URL = "https://shopify.dev/api/usage/access-scopes"
PROTECTED_DATA_URL = "https://shopify.dev/docs/apps/launch/protected-customer-data"


def list_required_scopes(type_name: str) -> tuple[str, ...]:
    """Return the scopes that open a field of this type; none if it is open to all."""
    name = type_name.removesuffix("Connection").removesuffix("Edge")
    return SCOPES_BY_TYPE.get(name, ())


def list_remaining_scopes(denied_scopes: set[str]) -> tuple[str, ...]:
    """Return the scopes of an app that lacks some; without a read scope there is no write scope either."""
    lacking_scopes = denied_scopes | {f"write_{name.removeprefix('read_')}" for name in denied_scopes}
    return tuple(one for one in SCOPES if one not in lacking_scopes)


def describe_missing_scope(field: str, scopes: tuple[str, ...]) -> tuple[str, Mapping[str, Any]]:
    """Return message and extensions for a field whose scope was not granted."""
    access = " or ".join(f"`{scope}` access scope" for scope in scopes) + "."
    message = f"Access denied for {field} field. Required access: {access}"
    return message, {"code": "ACCESS_DENIED", "documentation": SCOPES_DOCS_URL, "requiredAccess": access}


def describe_unapproved_field(field: str) -> tuple[str, Mapping[str, Any]]:
    """Return message and extensions for a protected field that the app is not approved for."""
    message = f"This app is not approved to use the {field} field. See {PROTECTED_DATA_URL} for more details."
    return message, {"code": "ACCESS_DENIED", "documentation": SCOPES_DOCS_URL}
