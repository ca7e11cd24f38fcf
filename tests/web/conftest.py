"""The web process as it runs in production: Granian, SQLite, Valkey; no worker, so that deliveries stay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient

from bridge.sandbox.processes import Bridge
from bridge.sandbox.processes.embedded_redis import Valkey
from bridge.services import Services
from tests.e2e import processes
from tests.web.notice_case import client_of


@dataclass(frozen=True, kw_only=True)
class Edge:
    """A running web process, and the services over its database."""

    bridge: Bridge
    environ: Mapping[str, str]
    valkey: Valkey
    services: Services

    @property
    def url(self) -> str:
        return self.bridge.url

    def inbox(self, webhook_id: str) -> list[dict[str, Any]]:
        """Return the rows of one webhook id, as `inbox list` reads them."""
        with self.services.store.transaction() as tx:
            rows = tx.operator_queries.list_deliveries(limit=100_000)
        return [dict(row) for row in rows if row["webhook_id"] == webhook_id]


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    folder = tmp_path_factory.mktemp("edge")
    with Valkey() as valkey:
        environ = processes.environment(f"sqlite:///{folder}/bridge.db", valkey.url, WEB_CONCURRENCY="2")
        processes.migrate(environ)
        with Bridge(environ, logs=folder / "logs") as bridge:
            bridge.start(workers=0, clock=False)
            with processes.services(environ) as services:
                yield Edge(bridge=bridge, environ=environ, valkey=valkey, services=services)


@pytest.fixture
def client(services: Services) -> FlaskClient:
    """A client of the answer page, within this process."""
    return client_of(services)
