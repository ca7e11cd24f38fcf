"""The payments of Asha's first order: one with each kind of details, a refund, and a dispute."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.sandbox.shopify.records.parts import Record, make_gid

if TYPE_CHECKING:
    from bridge.sandbox.shopify.records.seeded_data import RecordSeeder
    from bridge.sandbox.shopify.state import Shop


def seed_payments(seeder: RecordSeeder, payment: Record) -> list[Record]:
    """Return the payment by card, and three failed ones before it: one of each kind of details."""
    card = seeder.overlay(payment, "OrderTransaction", paymentDetails=seeder("CardPaymentDetails"))
    failed_payments = (
        "LocalPaymentMethodsPaymentDetails",
        "PaypalWalletPaymentDetails",
        "ShopPayInstallmentsPaymentDetails",
    )
    failed = {"status": "FAILURE", "errorCode": "CARD_DECLINED", "kind": "AUTHORIZATION"}
    rows = [
        card | failed | {"id": seeder.make_id("OrderTransaction", at), "paymentDetails": seeder(kind)}
        for at, kind in enumerate(failed_payments, 1)
    ]
    return [card, *rows]


def seed_refund(seeder: RecordSeeder, refund: Record) -> Record:
    """Return a refund with its payment."""
    paid = seeder("OrderTransaction", sibling=5, kind="OrderTransaction", amountSet=refund["totalRefundedSet"])
    return seeder.overlay(refund, "Refund", transactions=[paid | {"kind": "REFUND"}])


def make_dispute(shop: Shop, order_id: int) -> Record:
    """Return the dispute over an order, with evidence that names its buyer."""
    seeder = shop.seeder
    number = seeder.make_id("OrderDisputeSummary").rpartition("/")[2]
    evidence = seeder(
        "ShopifyPaymentsDisputeEvidence",
        billingAddress=seeder("MailingAddress"),
        shippingAddress=seeder("MailingAddress"),
        disputeFileUploads=[],
        fulfillments=[],
        productDescription="Jewellery",
    )
    dispute: Record = {
        "__typename": "ShopifyPaymentsDispute",
        "id": make_gid("ShopifyPaymentsDispute", int(number)),
        "legacyResourceId": number,
        "status": "UNDER_REVIEW",
        "type": "CHARGEBACK",
        "disputeEvidence": evidence,
        "order": lambda _: shop.find_order_record(order_id),
    }
    evidence["dispute"] = lambda _: dispute
    return dispute
