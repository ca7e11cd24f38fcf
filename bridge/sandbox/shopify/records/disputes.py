"""Disputes over orders and the list of tenders: money that was asked back, and money that came.

Shopify cannot search either by customer: everybody's rows come.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.sandbox.shopify.records.parts import Record, build_price, format_utc_time, make_gid
from bridge.sandbox.shopify.rich import beside as rich
from bridge.sandbox.shopify.rich.money import make_dispute as rich_dispute

if TYPE_CHECKING:
    from bridge.sandbox.shopify.state import Shop
    from bridge.sandbox.world.models import Order


def dispute_record(shop: Shop, order: Order) -> Record:
    """Write the dispute over an order: its buyer's bank asked for the money back."""
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
    """Write the movement of money that an order's payment was."""
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
