"""Records that name Asha: drafts, gift cards, an abandoned checkout, a comment, tenders, metaobjects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.sandbox.shopify.records.parts import Record, make_gid
from bridge.sandbox.shopify.rich.order import make_buyer
from bridge.sandbox.shopify.rich.timeline_events import make_timeline_events

if TYPE_CHECKING:
    from bridge.sandbox.shopify.records.seeded_data import RecordSeeder
    from bridge.sandbox.shopify.state import Shop
    from bridge.sandbox.world.models import Checkout, DraftOrder


def seed_draft(shop: Shop, draft: DraftOrder, record: Record) -> Record:
    """Return a draft order with seeded values."""
    seeder = shop.seeder
    return seeder.overlay(
        record,
        "DraftOrder",
        appliedDiscount=seeder("DraftOrderAppliedDiscount"),
        localizedFields=[seeder("LocalizedField", sibling=1)],
        localizationExtensions=[seeder("LocalizationExtension", sibling=1)],
        shippingLine=seeder("ShippingLine", sibling=1),
        purchasingEntity=lambda _: make_buyer(shop, draft.person_id or 0),
        events=make_timeline_events(seeder, "DraftOrder", draft.id),
    )


def seed_gift_card(seeder: RecordSeeder, record: Record, *, received: bool) -> Record:
    """Return a gift card with seeded values, of the buyer or of its recipient."""
    if received:
        recipient = seeder.overlay(record["recipientAttributes"], "GiftCardRecipient")
        return record | {"recipientAttributes": recipient}
    debit = seeder("GiftCardTransaction", kind="GiftCardDebitTransaction")
    return seeder.overlay(record, "GiftCard", transactions=[debit])


def seed_checkout(seeder: RecordSeeder, record: Record) -> Record:
    """Return a checkout with seeded values."""
    lines = [line | {"customAttributes": [seeder("Attribute", sibling=5)]} for line in record["lineItems"]]
    attributes = [seeder("Attribute", sibling=4)]
    return seeder.overlay(record, "AbandonedCheckout", lineItems=lines, customAttributes=attributes)


def seed_abandonment(shop: Shop, abandoned_checkout: Checkout, checkout_record: Record) -> Record:
    """Return Shopify's data about an abandoned checkout."""
    seeder = shop.seeder
    products = [{"__typename": "CustomerVisitProductInfo", "quantity": 1, "product": seeder("Product")}]
    customer: Record = {
        "customer": lambda _: (
            shop.find_customer_record(abandoned_checkout.person_id) if abandoned_checkout.person_id else None
        )
    }
    return seeder(
        "Abandonment",
        abandonedCheckoutPayload=checkout_record,
        productsAddedToCart=products,
        productsViewed=products,
        **customer,
    )


def seed_tender(seeder: RecordSeeder, record: Record) -> Record:
    """Return a tender transaction with seeded values."""
    return record | seeder(
        "TenderTransaction",
        id=record["id"],
        processedAt=record["processedAt"],  # the time of the payment, by which a client matches the two
        transactionDetails=seeder("TenderTransactionCreditCardDetails"),
    )


def seed_metaobject(seeder: RecordSeeder, record: Record, person_id: int) -> Record:
    """Return a metaobject with seeded values that names a customer."""
    owner = {"key": "customer", "type": "customer_reference", "value": make_gid("Customer", person_id)}
    field = seeder("MetaobjectField", type="single_line_text_field")
    return record | seeder("Metaobject", id=record["id"], fields=[owner, field])
