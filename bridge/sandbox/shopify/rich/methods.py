"""Asha's payment methods with each instrument, store credit, and a subscription."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.sandbox.shopify.records.parts import Record

if TYPE_CHECKING:
    from bridge.sandbox.shopify.state import Shop


def make_payment_methods(shop: Shop, person_id: int) -> list[Record]:
    """Return one payment method with each instrument; the last one is revoked."""
    seeder = shop.seeder
    bank_address = seeder("CustomerPaymentInstrumentBillingAddress")
    card_address = seeder("CustomerCreditCardBillingAddress")
    instruments = (
        seeder("CustomerCreditCard", billingAddress=card_address),
        seeder("CustomerPaypalBillingAgreement", billingAddress=bank_address),
        seeder("CustomerShopPayAgreement", billingAddress=card_address),
        seeder("BankAccount", billingAddress=bank_address),
    )
    found = []
    for at, instrument in enumerate(instruments):
        more: Record = {"instrument": instrument, "customer": lambda _: shop.find_customer_record(person_id)}
        revocation: Record = {} if at == len(instruments) - 1 else {"revokedAt": None, "revokedReason": None}
        found.append(seeder("CustomerPaymentMethod", sibling=at, **more, **revocation))
    return found


def make_store_credit(shop: Shop, person_id: int) -> Record:
    """Return a store credit account with one transaction."""
    seeder = shop.seeder
    money = seeder("MoneyV2")
    movement = seeder(
        "StoreCreditAccountTransaction",
        kind="StoreCreditAccountCreditTransaction",
        amount=money,
        balanceAfterTransaction=money,
    )
    owner: Record = {"owner": lambda _: shop.find_customer_record(person_id)}
    return seeder("StoreCreditAccount", balance=money, transactions=[movement], **owner)


def make_subscription(shop: Shop, person_id: int) -> Record:
    """Return a contract of this app, delivered locally, with a line and a billing attempt."""
    seeder = shop.seeder
    option = seeder("SubscriptionDeliveryMethodLocalDeliveryOption")
    method = seeder.make_bare_record(
        "SubscriptionDeliveryMethodLocalDelivery", address=seeder("MailingAddress"), localDeliveryOption=option
    )
    links: Record = {
        "customer": lambda _: shop.find_customer_record(person_id),
        "customerPaymentMethod": lambda _: make_payment_methods(shop, person_id)[0],
        "originOrder": lambda _: shop.find_order_record(shop.world.orders[0].id),
    }
    return seeder(
        "SubscriptionContract",
        customAttributes=[seeder("Attribute", sibling=1)],
        lines=[seeder("SubscriptionLine", customAttributes=[seeder("Attribute", sibling=2)])],
        deliveryMethod=method,
        billingAttempts=[seeder("SubscriptionBillingAttempt")],
        **links,
    )
