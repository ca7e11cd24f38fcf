"""Fixtures of complete installations: stand-ins of Shopify and the carriers, Valkey, web, worker and clock."""

from __future__ import annotations

import itertools
import json
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import redis
import requests

from bridge.model import Fact, PrivacyRequest
from bridge.sandbox import webhooks
from bridge.sandbox.demo.demo_env import contains_any
from bridge.sandbox.processes import COMMANDS, Bridge
from bridge.sandbox.processes.embedded_redis import Valkey
from bridge.sandbox.sandbox import StandIns, invent_worlds
from bridge.sandbox.shopify.server import CLIENT_SECRET
from bridge.sandbox.world.models import Person, World
from bridge.services import Services
from bridge.store.selection.row_filter import RowFilter
from tests.e2e import processes
from tests.kit.apart import read_apart
from tests.kit.config_files import write_named_merchant

ORDERS, HEAVY = 150, 700
LEASE_S = 4.0
NUMBERS = itertools.count(9_000_000_000_001)


@dataclass(frozen=True, kw_only=True)
class Town:
    """One installation, and the actions of its people."""

    folder: Path
    world: World
    stand_ins: StandIns
    valkey: Valkey
    bridge: Bridge
    environ: Mapping[str, str]
    services: Services

    def post(self, topic: str, *, world: World | None = None, webhook_id: str = "", **which: Any) -> None:
        """Post one webhook as Shopify would; fail where the answer is not 200."""
        where = world or self.world
        if topic == "customers/data_request":
            which.setdefault("request_id", next(NUMBERS))
        raw = webhooks.build_body(topic, where, **which)
        assert self.post_raw(topic, raw, shop=where.shop, webhook_id=webhook_id) == 200

    def post_raw(self, topic: str, raw: bytes, *, shop: str = processes.SHOP, webhook_id: str = "") -> int:
        return processes.post(
            self.bridge.url, topic, raw, shop=shop, secret=CLIENT_SECRET, webhook_id=webhook_id
        ).status

    def ship(self, person: Person) -> None:
        """Place and ship the person's orders, and wait until the bridge has processed them."""
        self.post("customers/create", person=person)
        for order in self.world.list_orders(person):
            self.post("orders/create", order=order)
            for parcel in order.parcels:
                self.post("fulfillments/create", parcel=parcel)
        self.settled()

    def settled(self) -> None:
        """Wait until nothing waits in the inbox."""

        def none_waits() -> bool:
            with self.services.store.read() as tx:
                return not tx.operator_queries.list_deliveries(state="received", limit=1)

        processes.until("the inbox is worked through", none_waits, 30)

    def control(self, name: str, **what: Any) -> None:
        """Set how the Shopify stand-in behaves from now on."""
        requests.post(f"{self.stand_ins.shopify.base_url}/_sandbox/{name}", json=what, timeout=5).raise_for_status()

    def requests(self, kind: str = "") -> list[PrivacyRequest]:
        with self.services.store.read() as tx:
            return list(tx.selection.select_requests(RowFilter(kind=kind, limit=10_000)).rows)

    def asked(self, kind: str, person: Person) -> list[PrivacyRequest]:
        """Return the requests of a kind about a person."""
        subject = self._subject(person)
        return [each for each in self.requests(kind) if each.subject == subject]

    def _subject(self, person: Person) -> str:
        return self.services.store.keyring.pseudonym(self.world.shop, "customer", str(person.id))

    def closed(self, kind: str, person: Person, within_s: float = 60.0) -> dict[str, Any]:
        """Wait until a person's request of a kind is closed; return it as `dsr show --json` shows it."""

        def look() -> PrivacyRequest | None:
            return next((each for each in self.asked(kind, person) if each.closed_at), None)

        return self.show(processes.until(f"{kind} of {person.id}", look, within_s).id)

    def show(self, request_id: str) -> dict[str, Any]:
        shown: dict[str, Any] = processes.say(self.environ, "dsr", "show", request_id, "--json").json
        return shown

    def package(self, request_id: str, target: Path) -> zipfile.ZipFile:
        """Fetch the package as an operator does."""
        result = processes.say(
            self.environ, "dsr", "package", request_id, "--out", str(target), "--reason", "an answer", "--json"
        )
        assert result.code == 0, result.err
        return zipfile.ZipFile(target)

    def certificate(self, request_id: str, target: Path) -> dict[str, Any]:
        result = processes.say(self.environ, "dsr", "evidence", request_id, "--out", str(target), "--json")
        assert result.code == 0, result.err
        certificate: dict[str, Any] = json.loads(target.read_text())["certificate"]
        return certificate

    def facts(self, request_id: str) -> Counter[str]:
        with self.services.store.read() as tx:
            return Counter(event.fact for event in tx.evidence.list_facts_of_request(request_id))

    def count(self, fact: Fact) -> int:
        with self.services.store.read() as tx:
            return sum(event.fact == fact for event in tx.evidence.iterate_facts())

    def traces(self, words: Sequence[str]) -> list[str]:
        """List the files and Redis keys that contain any of the words."""
        files = [path for path in self.folder.rglob("*") if path.is_file() and not path.is_symlink()]
        rests = {str(path.relative_to(self.folder)): read_apart(path) for path in files}
        with redis.Redis.from_url(self.valkey.url) as client:
            for name in client.scan_iter():
                rests[f"key {name!r}"] = name + (client.dump(name) or b"")
        return [place for place, content in rests.items() if contains_any(content, [word.encode() for word in words])]


@contextmanager
def founded(
    folder: Path,
    database: str,
    *,
    commands: Mapping[str, Sequence[str]] = COMMANDS,
    workers: int = 1,
    heavy: int = HEAVY,
    **more: str,
) -> Iterator[Town]:
    """Start a town with its own folder and database, where one customer has so many (`heavy`) orders."""
    world, uninstalled = invent_worlds(ORDERS, datetime.now(UTC).replace(microsecond=0), heavy)
    stand_ins = StandIns(world, uninstalled).start()
    (folder / "redis").mkdir()
    try:
        with Valkey(appendonly=True, data=folder / "redis") as valkey:
            environ = processes.environment(
                database, valkey.url,
                **(stand_ins.environment | {"BRIDGE_MERCHANT_FILE": write_named_merchant(folder), "LEASE_S": f"{LEASE_S:g}", "SWEEP_EVERY_S": "0.5", **more}),
            )  # fmt: skip
            processes.migrate(environ)
            with (
                Bridge(environ, commands=commands, logs=folder / "logs") as bridge,
                processes.services(environ) as services,
            ):
                bridge.start(workers=workers)
                yield Town(
                    folder=folder, world=world, stand_ins=stand_ins, valkey=valkey, bridge=bridge,
                    environ=environ, services=services,
                )  # fmt: skip
    finally:
        stand_ins.stop()


@pytest.fixture(scope="session")
def whole_town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("town")
    with founded(folder, f"sqlite:///{folder}/bridge.db", WEB_CONCURRENCY="2") as town:
        yield town


@pytest.fixture
def town(whole_town: Town) -> Iterator[Town]:
    """The town that these tests share: each uses other people, and leaves everything running."""
    yield whole_town
    for server in whole_town.stand_ins.servers:
        server.faults.clear()
        server.calls.clear()
        server.latency_s = 0.0
    for kind in {"web", "worker", "clock"} - {name.partition(".")[0] for name in whole_town.bridge.list_running()}:
        whole_town.bridge.start_process(kind)
    whole_town.bridge.wait_healthy()
