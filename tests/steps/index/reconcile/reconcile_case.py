"""What tests of reconciliations do: deliver webhooks, reconcile, and read the index in the clear."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from bridge.model import Reconciliation, ReconciliationKind, ReconciliationState
from bridge.sandbox.shopify.server import ShopifyStandIn
from bridge.sandbox.webhooks import build_body
from bridge.sandbox.world import INVENTED_SHOP, World
from bridge.services import Services
from bridge.steps.index.index_orders import index_deliveries
from bridge.steps.index.reconcile.open_reconciliation import open_reconciliation
from bridge.steps.index.reconcile.run_reconciliation import run_reconciliation
from bridge.store.schema import index_tables
from tests.factories import NOW, accepted

LONG_AGO = NOW - timedelta(days=3650)
Rows = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class ReconcileCase:
    """Services over the stand-in and its world."""

    services: Services
    world: World
    stand_in: ShopifyStandIn

    def deliver(self, topic: str, **selection: Any) -> None:
        """Accept a webhook about a thing of the world."""
        accepted(self.services.store, topic, build_body(topic, self.world, **selection), shop=INVENTED_SHOP)

    def index(self) -> None:
        """Index what was delivered."""
        index_deliveries(INVENTED_SHOP, services=self.services, until_empty=True)

    def begin(
        self, kind: ReconciliationKind = ReconciliationKind.MANUAL, since: datetime | None = LONG_AGO
    ) -> Reconciliation:
        """Begin a run and return it."""
        run = open_reconciliation(INVENTED_SHOP, kind, since, actor="operator:test", services=self.services)
        assert run is not None
        return run

    def work(self, run: Reconciliation, *, max_jobs: int = 20) -> Reconciliation:
        """Work on a run as jobs do until it ends; return it."""
        for _ in range(max_jobs):
            run_reconciliation(run.id, services=self.services)
            run = self.read(run)
            if run.state is not ReconciliationState.RUNNING:
                break
        return run

    def reconcile(self, **given: Any) -> Reconciliation:
        """Begin a run and work on it until it ends."""
        return self.work(self.begin(**given))

    def read(self, run: Reconciliation) -> Reconciliation:
        """Return the run as it is stored."""
        with self.services.store.read() as tx:
            found = tx.reconciliations.find_reconciliation(run.id)
        assert found is not None
        return found

    def read_index(self) -> Rows:
        """Return the rows of the index with what is sealed in the clear, without keys and times that differ by way."""
        with self.services.store.read() as tx:
            orders = {row.order_key: row for row in self._rows(tx, index_tables.orders)}
            found: Rows = {
                f"order {key}": (
                    row.customer_key,
                    row.email_key,
                    row.phone_key,
                    row.placed_at,
                    row.source_updated_at,
                    _sort_clues(tx.index.open_order_doc(row.shop, row)),
                )
                for key, row in orders.items()
            }
            for row in self._rows(tx, index_tables.parcels):
                aad = f"parcels|{row.parcel_key}|doc|{row.shop}"
                found[f"parcel {row.parcel_key} {row.order_key}"] = (
                    row.carrier,
                    row.account_holder,
                    row.shipped_at,
                    json.loads(tx.session.open(row.doc, aad)),
                )
            for row in self._rows(tx, index_tables.customers):
                found[f"customer {row.customer_key}"] = (row.email_key, row.phone_key, row.source_updated_at)
            for row in self._rows(tx, index_tables.contact_keys):
                found[f"contact {row.row_key} {row.field} {row.key}"] = True
        return found

    def _rows(self, tx: Any, table: Any) -> Any:
        return tx.session.connection.execute(select(table)).all()


def _sort_clues(doc: dict[str, Any]) -> dict[str, Any]:
    """Return the document with its tokens in one order: they are stored in the order in which they came."""
    tokens = json.loads(doc["clues"]) if doc["clues"] else {}
    return {**doc, "clues": {name: sorted(map(json.dumps, values)) for name, values in tokens.items()}}
