"""Asha's payment methods with each instrument, store credit, and a subscription."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.sandbox.shopify.records.parts import Record

if TYPE_CHECKING:
    from bridge.sandbox.shopify.state import Shop


def make_payment_methods(shop: Shop, person_id: int) -> list[Record]:
    """Return one payment method with each instrument; the last one is revoked."""
    plant = shop.seeder
    bank_address = plant("CustomerPaymentInstrumentBillingAddress")
    card_address = plant("CustomerCreditCardBillingAddress")
    instruments = (
        plant("CustomerCreditCard", billingAddress=card_address),
        plant("CustomerPaypalBillingAgreement", billingAddress=bank_address),
        plant("CustomerShopPayAgreement", billingAddress=card_address),
        plant("BankAccount", billingAddress=bank_address),
    )
    found = []
    for at, instrument in enumerate(instruments):
        more: Record = {"instrument": instrument, "customer": lambda _: shop.find_customer_record(person_id)}
        alive: Record = {} if at == len(instruments) - 1 else {"revokedAt": None, "revokedReason": None}
        found.append(plant("CustomerPaymentMethod", sibling=at, **more, **alive))
    return found


def make_store_credit(shop: Shop, person_id: int) -> Record:
    """Return a store credit account with one transaction."""
    plant = shop.seeder
    money = plant("MoneyV2")
    moved = plant(
        "StoreCreditAccountTransaction",
        kind="StoreCreditAccountCreditTransaction",
        amount=money,
        balanceAfterTransaction=money,
    )
    owner: Record = {"owner": lambda _: shop.find_customer_record(person_id)}
    return plant("StoreCreditAccount", balance=money, transactions=[moved], **owner)


def make_subscription(shop: Shop, person_id: int) -> Record:
    """Return a contract of this app, delivered locally, with a line and a billing attempt."""
    plant = shop.seeder
    option = plant("SubscriptionDeliveryMethodLocalDeliveryOption")
    method = plant.make_bare_record(
        "SubscriptionDeliveryMethodLocalDelivery", address=plant("MailingAddress"), localDeliveryOption=option
    )
    links: Record = {
        "customer": lambda _: shop.find_customer_record(person_id),
        "customerPaymentMethod": lambda _: make_payment_methods(shop, person_id)[0],
        "originOrder": lambda _: shop.find_order_record(shop.world.orders[0].id),
    }
    return plant(
        "SubscriptionContract",
        customAttributes=[plant("Attribute", sibling=1)],
        lines=[plant("SubscriptionLine", customAttributes=[plant("Attribute", sibling=2)])],
        deliveryMethod=method,
        billingAttempts=[plant("SubscriptionBillingAttempt")],
        **links,
    )
