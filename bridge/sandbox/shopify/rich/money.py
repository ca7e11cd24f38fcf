"""How Asha's first order was paid: a payment with each kind of details, one given back, and the quarrel over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.sandbox.shopify.records.parts import Record, gid

if TYPE_CHECKING:
    from bridge.sandbox.shopify.records.seeded_data import Planter
    from bridge.sandbox.shopify.state import Shop


def payments(plant: Planter, paid: Record) -> list[Record]:
    """Give the payment by card, and three that were tried before it: one of each kind of details there is."""
    card = plant.over(paid, "OrderTransaction", paymentDetails=plant("CardPaymentDetails"))
    tried = (
        "LocalPaymentMethodsPaymentDetails",
        "PaypalWalletPaymentDetails",
        "ShopPayInstallmentsPaymentDetails",
    )
    failed = {"status": "FAILURE", "errorCode": "CARD_DECLINED", "kind": "AUTHORIZATION"}
    rows = [
        card | failed | {"id": plant.id("OrderTransaction", at), "paymentDetails": plant(kind)}
        for at, kind in enumerate(tried, 1)
    ]
    return [card, *rows]


def given_back(plant: Planter, back: Record) -> Record:
    """Lay the payment that a refund was made by over it."""
    paid = plant("OrderTransaction", sibling=5, kind="OrderTransaction", amountSet=back["totalRefundedSet"])
    return plant.over(back, "Refund", transactions=[paid | {"kind": "REFUND"}])


def dispute(shop: Shop, order_id: int) -> Record:
    """Give the quarrel over an order, with the evidence that names its buyer."""
    plant = shop.plant
    number = plant.id("OrderDisputeSummary").rpartition("/")[2]
    evidence = plant(
        "ShopifyPaymentsDisputeEvidence",
        billingAddress=plant("MailingAddress"),
        shippingAddress=plant("MailingAddress"),
        disputeFileUploads=[],
        fulfillments=[],
        productDescription="Jewellery",
    )
    quarrel: Record = {
        "__typename": "ShopifyPaymentsDispute",
        "id": gid("ShopifyPaymentsDispute", int(number)),
        "legacyResourceId": number,
        "status": "UNDER_REVIEW",
        "type": "CHARGEBACK",
        "disputeEvidence": evidence,
        "order": lambda _: shop.order_record(order_id),
    }
    evidence["dispute"] = lambda _: quarrel
    return quarrel
