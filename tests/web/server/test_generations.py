"""A web process is replaced under load: by the next release on the same port, and by the server after its hours."""

import http.client
import os
import signal
import threading
import time
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from bridge.sandbox.processes import Bridge
from bridge.sandbox.processes.embedded_redis import Valkey
from tests.e2e import processes

TOPIC = "orders/create"
CLIENTS = 6
LISTENING = "0A"
AFTER_S = 1.0  # of load after the change
PAUSE_S = 0.02  # of a client: the new process needs the processors too


class Client(threading.Thread):
    """Posts webhooks over one kept connection until it is told to stop, and sends again what was lost, as Shopify does."""

    def __init__(self, port, is_over):
        super().__init__()
        self._port, self._is_over = port, is_over
        self.accepted, self.statuses, self.refused, self.lost = [], set(), 0, 0

    def run(self):
        numbers = count()
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        while not self._is_over.is_set():
            raw = b'{"id": %d, "name": "#%d"}' % (id(self) + next(numbers), self.ident)
            headers = processes.signed(TOPIC, raw)
            while not self._send(connection, raw, headers):
                time.sleep(0.01)
            time.sleep(PAUSE_S)
        connection.close()

    def _send(self, connection, raw, headers):
        try:
            connection.request("POST", f"/webhooks/{TOPIC}", raw, headers)
            answer = connection.getresponse()
            answer.read()
        except ConnectionRefusedError:
            self.refused += 1
        except (OSError, http.client.HTTPException):
            self.lost += 1
        else:
            self.statuses.add(answer.status)
            self.accepted.append(headers["X-Shopify-Webhook-Id"])
            return True
        connection.close()
        return False


@pytest.fixture
def web_environ(tmp_path):
    with Valkey() as valkey:
        made = processes.environment(f"sqlite:///{tmp_path}/bridge.db", valkey.url)
        processes.migrate(made)
        yield made


@contextmanager
def post_all_webhooks(port):
    """Keep clients busy while the block runs; then check what they were answered."""
    is_over = threading.Event()
    clients = [Client(port, is_over) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    try:
        yield clients
        time.sleep(AFTER_S)
    finally:
        is_over.set()
        for client in clients:
            client.join()


def check(clients, environ):
    """Nobody was refused, each answer was 200, and what was answered is stored once."""
    accepted = [webhook_id for client in clients for webhook_id in client.accepted]
    assert len(accepted) > 100, "there was load"
    assert {status for client in clients for status in client.statuses} == {200}
    assert sum(client.refused for client in clients) == 0, "somebody always listened"
    assert sum(client.lost for client in clients) <= 2 * CLIENTS, "a request that meets the end of its connection"
    with processes.services(environ) as services, services.store.transaction() as tx:
        stored = [row["webhook_id"] for row in tx.operator_queries.list_deliveries(limit=1_000_000)]
    assert sorted(stored) == sorted(accepted)


def count_listeners(port):
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return sum(line.split()[1].endswith(f":{port:04X}") and line.split()[3] == LISTENING for line in lines)


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="only Linux tells who listens")
def test_the_next_release_on_the_same_port_takes_over_without_a_gap(web_environ, tmp_path):
    with (
        Bridge(web_environ, logs=tmp_path / "old") as old,
        Bridge(web_environ, logs=tmp_path / "new", port=old.port) as new,
    ):
        old.start(workers=0, clock=False)
        with post_all_webhooks(old.port) as clients:
            new.start_process("web")
            processes.until("both to listen", lambda: count_listeners(old.port) == 2)
            assert old.stop(grace_s=20) == {"web.1": 0}
        assert new.list_running() == ["web.1"]
    check(clients, web_environ)


def test_a_process_that_the_server_replaces_ends_after_the_next_one_answers(web_environ, tmp_path):
    """SIGHUP replaces the processes in the way in which their lifetime does, hours earlier."""
    with Bridge(web_environ, logs=tmp_path / "logs") as bridge:
        bridge.start(workers=0, clock=False)
        server, *before = bridge.pids("web")
        with post_all_webhooks(bridge.port) as clients:
            os.kill(server, signal.SIGHUP)
            processes.until("the old process to end", lambda: not set(before) & set(bridge.pids("web")))
        assert len(bridge.pids("web")) == len(before) + 1
    check(clients, web_environ)
