"""Disputes over orders, and tender transactions.

Shopify cannot search either by customer: the rows of all customers are returned.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.sandbox.shopify.records.parts import Record, build_price, format_utc_time, make_gid
from bridge.sandbox.shopify.rich import related_records as rich
from bridge.sandbox.shopify.rich.money import make_dispute as rich_dispute

if TYPE_CHECKING:
    from bridge.sandbox.shopify.state import Shop
    from bridge.sandbox.world.models import Order


def dispute_record(shop: Shop, order: Order) -> Record:
    """Return the dispute over an order: the buyer's bank reclaimed the payment."""
    hidden = order.person_id in shop.redacted_customer_ids
    if order.rich and not hidden:
        return rich_dispute(shop, order.id)
    evidence: Record = {
        "__typename": "ShopifyPaymentsDisputeEvidence",
        "id": make_gid("ShopifyPaymentsDisputeEvidence", order.id),
        "customerFirstName": None if hidden else order.first,
        "customerLastName": None if hidden else order.last,
        "customerEmailAddress": None if hidden else order.email,
        "customerPurchaseIp": None if hidden else order.client_ip,
        "uncategorizedText": None if hidden else f"{order.first} {order.last} says it never came",
    }
    record: Record = {
        "__typename": "ShopifyPaymentsDispute",
        "id": make_gid("ShopifyPaymentsDispute", order.id),
        "legacyResourceId": str(order.id),
        "status": "UNDER_REVIEW",
        "type": "CHARGEBACK",
        "initiatedAt": format_utc_time(order.updated_at),
        "amount": build_price(order.total),
        "disputeEvidence": evidence,
        "order": lambda _: shop.find_order_record(order.id),
    }
    evidence["dispute"] = lambda _: record
    return record


def tender_record(shop: Shop, order: Order) -> Record:
    """Return the tender transaction of an order's payment."""
    paid = order.transactions[0]
    record: Record = {
        "__typename": "TenderTransaction",
        "id": make_gid("TenderTransaction", paid.id),
        "amount": build_price(paid.amount),
        "paymentMethod": "credit_card",
        "processedAt": format_utc_time(paid.processed_at),
        "remoteReference": f"pay_{paid.id:x}",
        "test": False,
        "order": lambda _: shop.find_order_record(order.id),
        "transactionDetails": {
            "__typename": "TenderTransactionCreditCardDetails",
            "creditCardCompany": "Visa",
            "creditCardNumber": f"•••• •••• •••• {paid.id % 10_000:04d}",
        },
    }
    if order.rich and order.person_id not in shop.redacted_customer_ids:
        return rich.seed_tender(shop.seeder, record)
    return record
