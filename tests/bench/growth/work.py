"""The daily work of a shop that grows: accept, drain, look up, enqueue, list, expire. Each deed is the product's own.

The bench measures it; a test looks at the plans of its statements.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

from bridge.model import Principal, RequestKind, TaskAction
from bridge.rules.webhooks.signature import sign_webhook
from bridge.steps.index.index_orders import index_deliveries
from bridge.steps.retention.expire import expire_aged_records
from bridge.steps.retention.expire_bodies import expire_bodies_and_packages
from bridge.steps.retention.expire_documents import expire_documents
from bridge.steps.webhooks.enqueue_due import enqueue_due
from bridge.steps.webhooks.receive import receive_webhook
from bridge.store.selection.row_filter import RowFilter
from tests import factories
from tests.factories import NOW, SECRETS, SHOP

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bridge.services import Services
    from tests.conftest import SetClock

ITEMS = 200  # of each run
PERSON_ORDERS = 20


class GrowthWork:
    """The deeds, over one database. Each method of `DEEDS` returns how many items it worked on."""

    def __init__(self, services: Services, clock: SetClock) -> None:
        self.services, self._clock, self._numbers = services, clock, count(5_000_000_000)
        self._learn_person()

    def _learn_person(self) -> None:
        """Index a person whose orders are looked up, each with a parcel."""
        at = NOW - timedelta(days=20)
        with self.services.store.transaction() as tx:
            for number in range(PERSON_ORDERS):
                parcels = [("Delhivery", f"AWBP{number:09d}")]
                tx.index.ingest_sightings(SHOP, [factories.order(4_000_000_000 + number, at=at, parcels=parcels)])

    def _order(self, **given: Any) -> dict[str, Any]:
        number = next(self._numbers)
        who = {"email": f"p{number}@example.com", "phone": None, "customer_id": number}
        body = factories.order_body(
            number, **who, parcels=[("Delhivery", f"AWB{number:012d}")], at=self._clock.now(), **given
        )
        body["customer"]["email"] = who["email"]
        return body

    def accept(self) -> int:
        """Receive orders, each verified, sealed and committed."""

        def post(number: int) -> None:
            raw = json.dumps(self._order()).encode()
            headers = {
                "x-shopify-hmac-sha256": sign_webhook(raw, SECRETS[0].encode()),
                "x-shopify-topic": "orders/create",
                "x-shopify-shop-domain": SHOP,
                "x-shopify-webhook-id": f"webhook-{next(self._numbers)}",
            }
            receive_webhook("orders/create", headers, raw, services=self.services)

        with ThreadPoolExecutor(16) as pool:
            return len(list(pool.map(post, range(ITEMS))))

    def drain(self) -> int:
        """Index what was accepted."""
        return index_deliveries(SHOP, services=self.services, until_empty=True)

    def look_up(self) -> int:
        """Find a person's orders and parcels by pseudonym, several times."""
        for _ in range(10):
            with self.services.store.read() as tx:
                assert len(tx.index.list_orders(SHOP, factories.ASHA)) == PERSON_ORDERS
                assert len(tx.index.list_parcels(SHOP, factories.ASHA)) == PERSON_ORDERS
                tx.erasures.list_prior_erasures(SHOP, factories.ASHA)
                tx.person_lookup.list_customer_rows(SHOP, Principal(email="nobody@example.com"))
        return 10

    def open_requests(self) -> None:
        """Open requests that are due, and a review and a delivery that failed."""
        with self.services.store.transaction() as tx:
            for _ in range(20):
                number = next(self._numbers)
                request = factories.make_request(
                    id=f"req_g{number}",
                    subject=f"subject{number}",
                    kind=RequestKind.ERASURE,
                    received_at=self._clock.now(),
                )
                task = factories.make_task(request.id, "bridge", TaskAction.ERASE, id=f"tsk_g{number}")
                factories.opened(tx, request, task)
                tx.reviews.open_review(SHOP, "bank_details", f"note {number}", order_id=str(number))

    def enqueue(self) -> int:
        """Put due requests on the queue."""
        self._clock.at += timedelta(seconds=30)
        enqueued = enqueue_due(services=self.services)
        assert enqueued
        return enqueued

    def list_all(self) -> int:
        """Read what the operators' lists show."""
        with self.services.store.read() as tx:
            queries = tx.operator_queries
            tx.selection.select_requests(RowFilter())
            tx.selection.select_requests(RowFilter(state="waiting", kind="erasure"))
            tx.selection.select_requests(RowFilter(state="in_progress"))
            tx.selection.select_requests(RowFilter(shop=SHOP))
            queries.list_deliveries()
            queries.list_deliveries(state="failed")
            queries.list_deliveries(topic="customers/redact")
            queries.list_deliveries(topic="orders/updated", state="done")
            queries.list_deliveries(needs_action=True)
            queries.list_deliveries(since=self._clock.now() - timedelta(days=1))
            queries.list_notices()
            queries.list_notices(state="queued")
            queries.list_notices(processor="delhivery")
            queries.count_unsent_items()
            queries.count_refused_items()
            tx.reviews.list_reviews()
            tx.reviews.list_reviews(kind="bank_details")
            tx.documents.list_documents(limit=100)
            tx.documents.list_documents(shop=SHOP, limit=100)
        return 1

    def make_old(self) -> None:
        """Add what has expired: orders with parcels, suppression keys, receipts."""
        old = NOW - timedelta(days=3_650)
        with self.services.store.transaction() as tx:
            bodies = [self._order() for _ in range(ITEMS)]
            tx.index.ingest_sightings(SHOP, [_read_old(body, old) for body in bodies])

    def expire(self) -> int:
        """Destroy what has expired."""
        aged = expire_aged_records(services=self.services)
        expire_bodies_and_packages(services=self.services)
        expire_documents(services=self.services)
        return max(sum(aged.values()), 1)


def _read_old(body: Mapping[str, Any], at: Any) -> Any:
    sighting = factories.extract_sighting("orders/updated", body)
    parcels = tuple(replace(parcel, shipped_at=at) for parcel in sighting.parcels)
    return replace(sighting, placed_at=at, updated_at=at, parcels=parcels)
