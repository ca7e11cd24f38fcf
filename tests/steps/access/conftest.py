"""Fixtures that run whole access requests over a real store."""

from __future__ import annotations

import io
import zipfile

import pytest

from bridge.steps.index.index_orders import index_deliveries
from bridge.steps.requests.process import process_request
from bridge.steps.webhooks.dispatch import dispatch_delivery
from tests.factories import SHOP, accepted, data_request_body
from tests.kit.handing_over import hand_over_package
from tests.steps.sealed_case import decided


@pytest.fixture
def kept(services):
    """Return services with a reviewed file, whose last days are those of the law."""
    return decided(services)


@pytest.fixture
def run_delivery(kept):
    """Accept a delivery and run its request. Return the request's id, '' if it is only indexed."""

    def of(topic, body):
        delivery = accepted(kept.store, topic, body, received_at=kept.clock.at)
        if not topic.startswith("customers/"):
            index_deliveries(SHOP, services=kept)
            return ""
        request_id = dispatch_delivery(delivery.id, services=kept)
        process_request(request_id, services=kept)
        return request_id

    return of


@pytest.fixture
def request_access(kept, run_delivery):
    """Run an access request of the data subject and return the files of its package by name."""

    def of(number=9999, *orders, **who):
        request_id = run_delivery("customers/data_request", data_request_body(number, *orders, **who))
        with kept.store.transaction() as tx:
            raw = b"".join(tx.packages.read_package(request_id))
        hand_over_package(kept, request_id)
        with zipfile.ZipFile(io.BytesIO(raw)) as opened:
            return {name: opened.read(name).decode() for name in opened.namelist()}

    return of
