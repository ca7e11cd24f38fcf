"""The search fields of each list of Shopify. Any other field is ignored with a warning.

https://shopify.dev/docs/api/usage/search-syntax
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


SEARCHABLE: Mapping[str, frozenset[str]] = {
    "orders": frozenset(
        [
            "cart_token",
            "checkout_token",
            "confirmation_number",
            "created_at",
            "customer_id",
            "discount_code",
            "email",
            "financial_status",
            "fulfillment_status",
            "gateway",
            "id",
            "name",
            "phone",
            "po_number",
            "processed_at",
            "return_status",
            "risk_level",
            "sku",
            "source_identifier",
            "source_name",
            "status",
            "tag",
            "tag_not",
            "test",
            "updated_at",
        ]
    ),
    "customers": frozenset(
        [
            "accepts_marketing",
            "country",
            "customer_date",
            "email",
            "first_name",
            "id",
            "last_name",
            "orders_count",
            "phone",
            "state",
            "tag",
            "tag_not",
            "updated_at",
        ]
    ),
    "draftOrders": frozenset(["created_at", "customer_id", "id", "source", "status", "tag", "updated_at"]),
    "giftCards": frozenset(
        ["balance_status", "created_at", "customer_id", "expires_on", "id", "recipient_id", "source", "status"]
    ),
    "abandonedCheckouts": frozenset(["created_at", "email_state", "id", "recovery_state", "status", "updated_at"]),
    "comments": frozenset(["created_at", "id", "published_at", "published_status", "status", "updated_at"]),
    "companies": frozenset(["created_at", "external_id", "id", "name", "updated_at"]),
    "disputes": frozenset(["id", "initiated_at", "status"]),
    "events": frozenset(["action", "comments", "created_at", "id", "subject_type"]),
    "fulfillmentOrders": frozenset(["assigned_location_id", "id", "status", "updated_at"]),
    "metaobjects": frozenset(["display_name", "handle", "id", "updated_at"]),
    "segments": frozenset(["id", "name"]),
    "subscriptionContracts": frozenset(["created_at", "id", "status", "updated_at"]),
    "tenderTransactions": frozenset(["id", "point_of_sale", "processed_at", "test"]),
}
