"""Web, worker and clock break over a damaged row: each reports it once, to a real receiver, and nothing of the person."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing

import pytest

from bridge.sandbox.http_messages import Response
from bridge.sandbox.httpd import StandIn
from bridge.sandbox.processes import Bridge
from bridge.sandbox.processes.embedded_redis import Valkey
from tests.e2e import processes
from tests.factories import ASHA, CANARIES
from tests.kit.threads import wait_until
from tests.telemetry.receiver import receive

pytest.importorskip("sentry_sdk", reason="requirements-sentry.txt has it")
pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="requirements-otel.txt has it")

# stands where the database must hold a constant word: Python's own error quotes it
DAMAGED = " ".join(CANARIES)
CUSTOMER_ID = "7001700170017001"  # long: no time, process or id of a row has these digits by chance
TRACES = re.compile(
    "|".join([*map(re.escape, (*CANARIES, ASHA.email, ASHA.phone)), CUSTOMER_ID, "hunter2"]), re.IGNORECASE
)
DATA_REQUEST = {
    "shop_domain": processes.SHOP,
    "shop_id": 1,
    "customer": {"id": int(CUSTOMER_ID), "email": ASHA.email, "phone": ASHA.phone},
    "orders_requested": [],
    "data_request": {"id": 7},
}


def damage_requests(path):
    with closing(sqlite3.connect(path, timeout=20)) as connection, connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        changed = connection.execute(
            "UPDATE requests SET source = ?, state = 'in_progress', wake_at = '2020-01-01 00:00:00'", [DAMAGED]
        )
        assert changed.rowcount == 1


def find_end(path):
    with closing(sqlite3.connect(path, timeout=20)) as connection:
        return connection.execute("SELECT id FROM requests WHERE closed_at IS NOT NULL").fetchone()


@pytest.fixture(scope="module")
def damaged_site(tmp_path_factory):
    """A bridge that has answered a request and whose database was damaged since: the receiver, the request's id, the logs."""
    folder = tmp_path_factory.mktemp("telemetry")
    path = folder / "bridge.db"
    with receive() as receiver, Valkey() as valkey, StandIn("shopify", lambda _: Response(status=503)) as shopify:
        environ = processes.environment(
            f"sqlite:///{path}",
            valkey.url,
            SHOPIFY_BASE_URL=shopify.base_url,
            SHOPIFY_ACCESS_TOKEN="shpat_hunter2",
            CONNECTOR_ATTEMPTS="1",
            SWEEP_EVERY_S="0.3",
            SENTRY_DSN=receiver.dsn,
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.base_url,
            OTEL_BSP_SCHEDULE_DELAY="200",
        )
        processes.migrate(environ)
        with Bridge(environ, logs=folder / "logs") as bridge:
            bridge.start(workers=1, clock=False)
            assert processes.post(bridge.url, "customers/data_request", DATA_REQUEST).status == 200
            (request_id,) = wait_until(lambda: find_end(path), what="the request is closed", timeout_s=30.0)
            damage_requests(path)
            answer = processes.ask(
                bridge.url, f"/metrics?email={ASHA.email}", headers={"Cookie": "session=hunter2"}, how="GET"
            )
            assert answer.status == 500
            bridge.start_process("clock")
            wait_until(lambda: len(receiver.list_events()) >= 3, what="three processes reported", timeout_s=60.0)
        yield receiver, request_id, [log.read_text() for log in bridge.logs.values()]


def test_each_process_reports_the_exception_once(damaged_site):
    receiver, request_id, _ = damaged_site
    events = {event["server_name"]: event for event in receiver.list_events()}
    assert sorted(event["server_name"] for event in receiver.list_events()) == ["clock", "web", "worker"]
    assert {event["exception"]["values"][0]["type"] for event in events.values()} == {"ValueError"}
    places = {name: event["exception"]["values"][0]["stacktrace"]["frames"] for name, event in events.items()}
    broken = {"module": "bridge.store.requests.requests", "filename": "requests.py", "function": "request_from_row"}
    assert all(any(broken.items() <= frame.items() for frame in frames) for frames in places.values())
    assert all(
        frame["in_app"] for frames in places.values() for frame in frames if frame["module"].startswith("workers")
    )
    assert ("workers.jobs", "_run_step") in [(frame["module"], frame["function"]) for frame in places["worker"]]
    assert ("workers.schedule", "tick") in [(frame["module"], frame["function"]) for frame in places["clock"]]
    assert ("bridge.web.metrics", "metrics") in [(frame["module"], frame["function"]) for frame in places["web"]]
    assert events["worker"]["tags"] == {"job": "process", "row": request_id}


def test_spans_tell_what_was_accepted_run_and_called(damaged_site):
    receiver, request_id, _ = damaged_site
    spans = receiver.list_spans()
    (accepted,) = (span for span in spans if span["name"] == "delivery.accept")
    assert (accepted["resource"]["bridge.process"], accepted["bridge.topic"], accepted["bridge.state"], accepted["bridge.new"]) == (
        "web", "customers/data_request", "received", True
    )  # fmt: skip
    tasks = {span["bridge.system"]: span for span in spans if span["name"] == "task.run"}
    assert {span["bridge.request"] for span in tasks.values()} == {request_id}
    assert (tasks["shopify"]["bridge.state"], tasks["shopify"]["bridge.outcome"]) == ("failed", "unreached")
    calls = [span for span in spans if span["name"] == "outside.call"]
    assert {(span["bridge.system"], span["bridge.status"]) for span in calls} == {("shopify", 503)}
    assert {span["span"].parent_span_id for span in calls} == {tasks["shopify"]["span"].span_id}
    (process,) = (span for span in spans if span["span"].span_id == tasks["shopify"]["span"].parent_span_id)
    assert (process["name"], process["bridge.job"]) == ("job.run", "process")


def test_nothing_that_left_or_was_logged_names_the_person(damaged_site):
    receiver, _, logs = damaged_site
    assert len(receiver.everything) > 5_000
    assert TRACES.findall(receiver.everything.decode("latin-1")) == []
    assert [TRACES.findall(log) for log in logs] == [[], [], []]
