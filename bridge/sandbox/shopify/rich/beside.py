"""What stands beside Asha and names her: drafts, gift cards, the checkout she left, her comment, tenders, metaobjects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.sandbox.shopify.records.parts import Record, gid
from bridge.sandbox.shopify.rich.happenings import happenings
from bridge.sandbox.shopify.rich.order import buyer

if TYPE_CHECKING:
    from bridge.sandbox.shopify.records.seeded_data import Planter
    from bridge.sandbox.shopify.state import Shop
    from bridge.sandbox.world.models import Checkout, DraftOrder


def over_draft(shop: Shop, one: DraftOrder, record: Record) -> Record:
    """Lay planted values over a draft order."""
    plant = shop.plant
    return plant.over(
        record,
        "DraftOrder",
        appliedDiscount=plant("DraftOrderAppliedDiscount"),
        localizedFields=[plant("LocalizedField", sibling=1)],
        localizationExtensions=[plant("LocalizationExtension", sibling=1)],
        shippingLine=plant("ShippingLine", sibling=1),
        purchasingEntity=lambda _: buyer(shop, one.person_id or 0),
        events=happenings(plant, "DraftOrder", one.id),
    )


def over_card(plant: Planter, record: Record, *, received: bool) -> Record:
    """Lay planted values over a card: of the buyer, or of the one who received it."""
    if received:
        told = plant.over(record["recipientAttributes"], "GiftCardRecipient")
        return record | {"recipientAttributes": told}
    spent = plant("GiftCardTransaction", kind="GiftCardDebitTransaction")
    return plant.over(record, "GiftCard", transactions=[spent])


def over_checkout(plant: Planter, record: Record) -> Record:
    """Lay planted values over a checkout."""
    lines = [line | {"customAttributes": [plant("Attribute", sibling=5)]} for line in record["lineItems"]]
    attributes = [plant("Attribute", sibling=4)]
    return plant.over(record, "AbandonedCheckout", lineItems=lines, customAttributes=attributes)


def abandonment(shop: Shop, one: Checkout, checkout: Record) -> Record:
    """Give what Shopify tells of a checkout that was left."""
    plant = shop.plant
    seen = [{"__typename": "CustomerVisitProductInfo", "quantity": 1, "product": plant("Product")}]
    customer: Record = {"customer": lambda _: shop.customer_record(one.person_id) if one.person_id else None}
    return plant(
        "Abandonment",
        abandonedCheckoutPayload=checkout,
        productsAddedToCart=seen,
        productsViewed=seen,
        **customer,
    )


def tender(plant: Planter, record: Record) -> Record:
    """Lay planted values over a tender transaction."""
    return record | plant(
        "TenderTransaction",
        id=record["id"],
        processedAt=record["processedAt"],  # the payment's own moment, by which the two are told to be one
        transactionDetails=plant("TenderTransactionCreditCardDetails"),
    )


def metaobject(plant: Planter, record: Record, person_id: int) -> Record:
    """Lay planted values over a metaobject that names a customer."""
    owner = {"key": "customer", "type": "customer_reference", "value": gid("Customer", person_id)}
    field = plant("MetaobjectField", type="single_line_text_field")
    return record | plant("Metaobject", id=record["id"], fields=[owner, field])
