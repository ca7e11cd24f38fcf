"""Who got a gift and asks sees nothing of the buyer: neither order, contact nor payment."""

from __future__ import annotations

import json

import pytest

from bridge.model import Absence, Principal
from tests.connectors.shopify.shopify_shop import BIKRAM, Shop, asha, findings, gaps, order, refs, walk

BUYER_MAIL, BUYER_PHONE = "buyer@example.in", "+919845012345"
RECIPIENT_MAIL, RECIPIENT_PHONE = "recipient@example.in", "+919845054321"
SHIPPING = {"name": "Rita Recipient", "phone": RECIPIENT_PHONE, "address1": "7 Gift Street"}
BILLING = {"name": "Bela Buyer", "phone": BUYER_PHONE, "address1": "1 Secret Lane"}


@pytest.fixture
def gift_shop(serve_shop):
    return serve_shop(Shop(customers=[asha()], orders=[]))


def make_gift(**more):
    given = {"email": BUYER_MAIL, "phone": BUYER_PHONE, "billingAddress": BILLING, "shippingAddress": SHIPPING}
    payment = {"transactions": [{"id": "gid://shopify/OrderTransaction/9", "processedAt": "2026-05-01T12:00:00Z"}]}
    return order(9, None, **payment) | given | more


GIFTS = {
    "guest": {},
    "guest without a phone": {"phone": None, "billingAddress": {**BILLING, "phone": None}},
    "guest who named no bill": {"billingAddress": None},
    "customer": {"customer": {"id": BIKRAM}},
}
ASKERS = {
    "phone": Principal(phone=RECIPIENT_PHONE),
    "phone and order": Principal(phone=RECIPIENT_PHONE, order_ids=("9",)),
    "email and order": Principal(email=RECIPIENT_MAIL, order_ids=("9",)),
    "email, phone and order": Principal(email=RECIPIENT_MAIL, phone=RECIPIENT_PHONE, order_ids=("9",)),
}


@pytest.mark.parametrize("gift", GIFTS)
@pytest.mark.parametrize("asker", ASKERS)
def test_e07_the_recipient_of_a_gift_gets_nothing_of_the_buyer(platform, gift_shop, gift, asker):
    """Requirement E-07: the order is counted as another person's and laid before an operator where it was found."""
    gift_shop.orders = [make_gift(**GIFTS[gift])]
    pages = walk(platform, ASKERS[asker])
    shown = json.dumps([dict(finding.body) for finding in findings(pages) if finding.kind != "order_in_doubt"])
    for value in (BUYER_MAIL, BUYER_PHONE, "Bela Buyer", "1 Secret Lane", "OrderTransaction/9"):
        assert value not in shown
    assert refs(pages) == []
    if "order" in asker or gift != "customer":
        assert (Absence.UNATTRIBUTED, "1 orders", "another_customer_or_unconfirmed") in gaps(pages)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"phone": None},
        {"billingAddress": None},
        {"email": None, "phone": None, "billingAddress": None, "shippingAddress": BILLING},
    ],
)
def test_the_buyer_who_asks_by_phone_still_gets_the_order(platform, gift_shop, given):
    """Requirement E-07: what the buyer gave is the buyer's, the recipient's address included."""
    gift_shop.orders = [make_gift(**given)]
    assert refs(walk(platform, Principal(phone=BUYER_PHONE))) == [("9", "phone")]
    assert refs(walk(platform, Principal(phone=BUYER_PHONE, order_ids=("9",)))) == [("9", "phone")]
