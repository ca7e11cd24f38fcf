"""A parcel whose company and link name different carriers is laid before an operator, once."""

from __future__ import annotations

import pytest

from bridge.rules.notices.parcel_reviews import CARRIER_REVIEW_KIND
from bridge.steps.index.index_orders import index_deliveries
from tests.factories import ASHA, SHOP, accepted, order_body
from tests.steps.parcel_case import fulfillment

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

GUESSED = "788830567028"  # the form of FedEx, and of older numbers of Delhivery
LINK = f"https://www.fedex.com/fedextrack/?trknbr={GUESSED}"


def index(services, *shipments):
    for shipment in shipments:
        accepted(services.store, "fulfillments/create", shipment)
    index_deliveries(SHOP, services=services)
    with services.store.transaction() as tx:
        carriers = [parcel.carrier for parcel in tx.index.list_parcels(SHOP, ASHA)]
        return carriers, tx.reviews.list_reviews(kind=CARRIER_REVIEW_KIND)


def test_a_guessed_link_attributes_nothing_and_opens_one_review(services):
    accepted(services.store, "orders/create", order_body(1001))
    guessed = fulfillment(GUESSED, tracking_company="Delhivery Surface", tracking_urls=[LINK])
    again = guessed | {"updated_at": "2026-11-23T10:00:00Z"}
    carriers, reviews = index(services, guessed, again)
    assert carriers == ["unknown"]
    assert len(reviews) == 1
    assert GUESSED not in repr(reviews)


def test_texts_that_agree_open_none(services):
    accepted(services.store, "orders/create", order_body(1001))
    carriers, reviews = index(services, fulfillment("14908123456714"))
    assert (carriers, reviews) == (["delhivery"], [])
