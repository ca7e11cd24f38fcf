"""Fixtures for deliveries that are indexed and erasures that are run."""

from __future__ import annotations

import pytest

from bridge.steps.index.index_orders import index_deliveries
from bridge.steps.requests.process import process_request
from bridge.steps.webhooks.dispatch import dispatch_delivery
from tests.factories import SHOP, accepted, redact_body


@pytest.fixture
def deliver(services):
    """Accept a delivery and index it."""

    def of(topic, body, **given):
        accepted(services.store, topic, body, **given)
        index_deliveries(SHOP, services=services)

    return of


@pytest.fixture
def forget(services):
    """Run Asha's customers/redact and return the request's id."""

    def of(*orders):
        delivery = accepted(services.store, "customers/redact", redact_body(*orders))
        request_id = dispatch_delivery(delivery.id, services=services)
        process_request(request_id, services=services)
        return request_id

    return of
