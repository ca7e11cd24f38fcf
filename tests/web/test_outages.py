"""Without Redis, deliveries are stored all the same. Without the database the answer is 503, so Shopify retries."""

import time

import pytest

from bridge.sandbox.processes import Bridge
from bridge.sandbox.processes.embedded_redis import Valkey
from tests.e2e import processes

TOPIC = "customers/redact"


def redact(number):
    return {"shop_domain": processes.SHOP, "customer": {"id": number}, "orders_to_redact": []}


def states_of(environ, marks):
    rows = processes.say(environ, "inbox", "list", "--json").json
    return {row["state"] for row in rows if row["webhook_id"] in marks}


def readiness(bridge):
    return processes.ask(bridge.url, "/readyz", how="GET")


def test_without_redis_deliveries_are_kept_as_fast_and_done_when_it_is_back(tmp_path):
    marks = [processes.new_id() for _ in range(12)]
    with Valkey() as valkey:
        environ = processes.environment(f"sqlite:///{tmp_path}/bridge.db", valkey.url, SWEEP_EVERY_S="0.5")
        processes.migrate(environ)
        with Bridge(environ, logs=tmp_path / "logs") as bridge:
            bridge.start(workers=0)
            processes.post(bridge.url, TOPIC, redact(99))
            valkey.kill()
            for number, mark in enumerate(marks):
                answer = processes.post(bridge.url, TOPIC, redact(number + 1), webhook_id=mark)
                assert answer.status == 200
                assert answer.seconds < 0.5
            ready = readiness(bridge)
            assert ready.status == 200, "it is ready without Redis"
            assert b"unreachable" in ready.body
            assert states_of(environ, marks) == {"received"}
            valkey.start()
            bridge.start_process("worker")
            done = lambda: states_of(environ, marks) == {"done"}  # noqa: E731
            processes.until("all jobs are enqueued", done, 25)
            assert bridge.list_running() == ["web.1", "clock.1", "worker.1"]
    assert len(processes.say(environ, "dsr", "list", "--json").json) == 13


def test_without_the_database_it_says_503_and_comes_back_by_itself(tmp_path, postgres, postgres_template):
    if not postgres.embedded:
        pytest.skip("a server named by TEST_DATABASE_URL is not ours to kill")
    database = postgres.create_database("outage", template=postgres_template)
    with Valkey() as valkey:
        environ = processes.environment(database, valkey.url, ACCEPT_WAIT_S="2")
        with Bridge(environ, logs=tmp_path / "logs") as bridge:
            bridge.start(workers=0, clock=False)
            assert processes.post(bridge.url, TOPIC, redact(1)).status == 200
            assert readiness(bridge).status == 200
            pids = bridge.pids("web")
            postgres.kill()
            try:
                for number in range(3):
                    answer = processes.post(bridge.url, TOPIC, redact(number))
                    assert (answer.status, answer.body) == (503, b"")
                    assert int(answer.headers["retry-after"]) > 0
                    assert answer.seconds < 5, "Shopify waits no longer"
                assert processes.post(bridge.url, TOPIC, redact(2), secret="nobody's").status == 401
                assert processes.ask(bridge.url, "/healthz", how="GET").status == 200
                ready = readiness(bridge)
                assert ready.status == 503
                assert b"database" in ready.body
                metrics = processes.ask(bridge.url, "/metrics", how="GET")
                assert metrics.status == 200
                assert b"bridge_rows" not in metrics.body
            finally:
                postgres.start()
            again = lambda: processes.post(bridge.url, TOPIC, redact(1)).status == 200  # noqa: E731
            processes.until("the database is back", again, 10)
            assert readiness(bridge).status == 200
            assert bridge.pids("web") == pids, "nobody was restarted"
            assert "postgres" not in bridge.logs["web.1"].read_text().lower()
    postgres.drop_database("outage")


def test_a_database_that_is_locked_is_503_in_time_and_accepts_afterwards(tmp_path):
    with Valkey() as valkey:
        environ = processes.environment(f"sqlite:///{tmp_path}/bridge.db", valkey.url, ACCEPT_WAIT_S="0.5")
        processes.migrate(environ)
        with Bridge(environ, logs=tmp_path / "logs") as bridge, processes.services(environ) as services:
            bridge.start(workers=0, clock=False)
            with services.store.transaction():
                began = time.monotonic()
                assert processes.post(bridge.url, TOPIC, redact(1)).status == 503
                assert 0.4 < time.monotonic() - began < 2
            processes.until("the lock is gone", lambda: processes.post(bridge.url, TOPIC, redact(1)).status == 200, 8)
