"""A database with a history, made by the steps against stand-ins in this process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bridge.model import DeliveryState
from bridge.sandbox import webhooks
from bridge.sandbox.merchant_files import write_merchant_files
from bridge.sandbox.sandbox import StandIns, invent_worlds
from bridge.sandbox.shopify.server import CLIENT_SECRET
from bridge.sandbox.world.models import World
from bridge.services import Services
from bridge.steps.index.index_orders import index_deliveries
from bridge.steps.requests.process import process_request
from bridge.steps.webhooks.dispatch import dispatch_delivery
from bridge.steps.webhooks.receive import receive_webhook
from tests.e2e import processes


@dataclass(frozen=True, kw_only=True)
class Office:
    """A bridge that an operator runs commands on."""

    environ: Mapping[str, str]
    services: Services
    world: World
    folder: Path
    stand_ins: StandIns | None = None

    def say(self, *words: str) -> processes.Result:
        return processes.say(self.environ, *words)

    def take(self, topic: str, *, work: bool = True, **which: Any) -> str:
        """Receive one webhook; with `work` it is acted on too. Returns the delivery's id."""
        raw = webhooks.build_body(topic, self.world, **which)
        mark = processes.new_id()
        headers = processes.signed(topic, raw, secret=CLIENT_SECRET, webhook_id=mark)
        receive_webhook(topic, {name.lower(): value for name, value in headers.items()}, raw, services=self.services)
        with self.services.store.transaction() as tx:
            (taken,) = (
                row["id"] for row in tx.operator_queries.list_deliveries(limit=10_000) if row["webhook_id"] == mark
            )
        if work and (request_id := dispatch_delivery(taken, services=self.services)):
            process_request(request_id, services=self.services)
        return taken

    def request(self, kind: str) -> Any:
        """Return the one closed request of a kind, as `dsr list --json` shows it."""
        rows = self.say("dsr", "list", "--kind", kind, "--json").json
        (answered,) = (row for row in rows if row["closed_at"])
        return answered

    def fail(self, delivery_id: str) -> str:
        """Mark a delivery as failed, as a worker does after the last attempt."""
        with self.services.store.transaction() as tx:
            legal_hold, _ = tx.inbox.acquire_lease(delivery_id)
            tx.inbox.finish_delivery(legal_hold, DeliveryState.FAILED, "KeyError at dispatch.py:9 dispatch")
        return delivery_id

    def facts(self) -> list[str]:
        with self.services.store.transaction() as tx:
            return [event.fact for event in tx.evidence.iterate_facts()]


@contextmanager
def open_office(folder: Path, orders: int, **more: str) -> Iterator[Office]:
    """Open a bridge with an empty database, and stand-ins of a shop with so many orders."""
    world, uninstalled = invent_worlds(orders, datetime.now(UTC).replace(microsecond=0))
    stand_ins = StandIns(world, uninstalled).start()
    environ = processes.environment(f"sqlite:///{folder}/bridge.db", "", **stand_ins.environment, **more)
    processes.migrate(environ)
    with processes.services(environ) as services:
        yield Office(environ=environ, services=services, world=world, folder=folder, stand_ins=stand_ins)
    stand_ins.stop()


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with open_office(tmp_path_factory.mktemp("office"), 40) as office:
        for order in office.world.list_orders(office.world.bikram):
            office.take("orders/create", work=False, order=order)
            office.take("fulfillments/create", work=False, parcel=order.parcels[0])
        index_deliveries(office.world.shop, services=office.services)
        office.take("customers/data_request", request_id=501)
        office.take("customers/redact", person=office.world.bikram)
        yield office


@pytest.fixture(scope="module")
def named(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Office:
    """The same bridge, with a merchant whose contact is filled in."""
    files = write_merchant_files(tmp_path_factory.mktemp("merchant"), shops=[office.world.shop], notice_terms={})
    return Office(
        environ={**office.environ, **files}, services=office.services, world=office.world, folder=office.folder
    )
