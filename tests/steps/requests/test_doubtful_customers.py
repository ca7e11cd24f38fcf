"""A customer that may be another person is laid before an operator, and the decision goes into the request."""

from __future__ import annotations

import pytest

from bridge.model import Absence, DoubtedCustomer, FindingPage, Gap
from bridge.steps.requests.process import process_request
from bridge.steps.webhooks.dispatch import dispatch_delivery
from tests.factories import accepted, data_request_body

SEVERAL = Gap(
    system="shopify", absence=Absence.UNATTRIBUTED, what="records of a second customer", reason="several_customers"
)


OTHER = DoubtedCustomer(id="7002", found_by=(("email", "asha@work.example.com"),), reason="names_differ")


@pytest.mark.parametrize(("doubts", "reviews"), [((OTHER,), 1), ((), 0)])
def test_an_address_of_another_customer_opens_a_review_once(services, platform, doubts, reviews):
    platform.pages = [
        FindingPage(findings=(), cursor="1", gaps=(SEVERAL,) if doubts else (), doubtful_customers=doubts)
    ]
    delivery = accepted(services.store, "customers/data_request", data_request_body())
    request_id = dispatch_delivery(delivery.id, services=services)
    for _ in range(2):
        process_request(request_id, services=services)
        with services.store.transaction() as tx:
            found = tx.reviews.list_reviews(kind="several_customers")
            tx.request_changes.restart_request(request_id)
        assert [review.request_id for review in found] == [request_id] * reviews
