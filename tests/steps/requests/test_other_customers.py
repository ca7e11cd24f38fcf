"""An access request whose address is another customer's than the customer that it names opens a review."""

from __future__ import annotations

import pytest

from bridge.model import Absence, FindingPage, Gap
from bridge.steps.requests.process import process_request
from bridge.steps.webhooks.dispatch import dispatch_delivery
from tests.factories import accepted, data_request_body

SEVERAL = Gap(
    system="shopify", absence=Absence.UNATTRIBUTED, what="records of a second customer", reason="several_customers"
)


@pytest.mark.parametrize(("gaps", "reviews"), [((SEVERAL,), 1), ((), 0)])
def test_an_address_of_another_customer_opens_a_review_once(services, platform, gaps, reviews):
    platform.pages = [FindingPage(findings=(), cursor="1", gaps=gaps)]
    delivery = accepted(services.store, "customers/data_request", data_request_body())
    request_id = dispatch_delivery(delivery.id, services=services)
    for _ in range(2):
        process_request(request_id, services=services)
        with services.store.transaction() as tx:
            found = tx.reviews.list_reviews(kind="several_customers")
            tx.request_changes.restart_request(request_id)
        assert [review.request_id for review in found] == [request_id] * reviews
