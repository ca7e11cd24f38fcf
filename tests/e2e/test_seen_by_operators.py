"""What operators see of real processes: the life of a request in the log, gaps that shout, processes that are silent."""

import json
import os
import re
import signal
import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from bridge import __version__
from bridge.sandbox import webhooks
from bridge.sandbox.http_messages import Response
from bridge.sandbox.httpd import StandIn
from bridge.sandbox.processes import Bridge
from bridge.sandbox.processes.embedded_redis import Valkey
from bridge.sandbox.sandbox import StandIns, invent_worlds
from bridge.sandbox.shopify.server import CLIENT_SECRET
from tests.e2e import processes

CANARIES = re.compile(rb"example\.(com|in)|asha|bikram", re.IGNORECASE)
PLACEHOLDER = re.compile(r"%[sdr]")


class Pager:
    """Receives alerts, or refuses them."""

    def __init__(self):
        self.bodies, self.status = [], 200

    def answer(self, request):
        if self.status == 200:
            self.bodies.append(json.loads(request.body))
        return Response(status=self.status)

    def received_alerts(self):
        return [(row["condition"], row["status"]) for body in self.bodies for row in body["alerts"]]


class Site:
    """One installation with all its processes, and what it writes and shows."""

    def __init__(self, folder, world, stand_ins, bridge, environ, pager):
        self.folder, self.world, self.stand_ins = folder, world, stand_ins
        self.bridge, self.environ, self.pager = bridge, environ, pager

    def post(self, topic, **which):
        raw = webhooks.build_body(topic, self.world, **which)
        answer = processes.post(self.bridge.url, topic, raw, shop=self.world.shop, secret=CLIENT_SECRET)
        assert answer.status == 200

    def lines(self, *names):
        """Every line that these processes wrote, each parsed."""
        logs = [path for name, path in self.bridge.logs.items() if not names or name.partition(".")[0] in names]
        return [json.loads(line) for path in logs for line in path.read_text().splitlines()]

    def events(self, event):
        return [line for line in self.lines() if line["event"] == event]

    def doctor(self):
        result = processes.say(self.environ, "doctor", "--offline", "--json")
        return result.code, {check["name"]: check for check in result.json["checks"] if check["ok"] is False}

    def metrics(self):
        page = processes.ask(self.bridge.url, "/metrics", how="GET").body.decode()
        return dict(line.rsplit(" ", 1) for line in page.splitlines() if not line.startswith("#"))

    def start_clock_of_long_ago(self, by=timedelta(minutes=5)):
        """Start a clock that would have noticed long ago whether a worker is there."""
        self.age_heartbeats(timedelta(minutes=5))
        started = len(self.events("process.started"))
        self.bridge.start_process("clock")
        processes.until("it turns", lambda: len(self.events("process.started")) > started and self.count_fresh_clocks())
        self.age_heartbeats(by)

    def count_fresh_clocks(self):
        with processes.services(self.environ) as services, services.store.read() as tx:
            return tx.heartbeats.count_seen_since("clock", datetime.now(UTC) - timedelta(seconds=30))

    def age_heartbeats(self, by):
        with processes.services(self.environ) as services, services.store.engine.begin() as connection:
            rows = connection.execute(text("SELECT kind, name, seen_at, started_at FROM heartbeats")).mappings().all()
            for row in rows:
                earlier = {key: str(datetime.fromisoformat(str(row[key])) - by) for key in ("seen_at", "started_at")}
                statement = "UPDATE heartbeats SET seen_at = :seen_at, started_at = :started_at WHERE kind = :kind AND name = :name"
                connection.execute(text(statement), {**row, **earlier})


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    world, uninstalled = invent_worlds(20, datetime.now(UTC).replace(microsecond=0))
    stand_ins, pager = StandIns(world, uninstalled).start(), Pager()
    with Valkey() as valkey, StandIn("pager", pager.answer) as receiver:
        environ = processes.environment(
            f"sqlite:///{folder}/bridge.db",
            valkey.url,
            **stand_ins.environment,
            CONNECTOR_ATTEMPTS="1",
            SWEEP_EVERY_S="0.3",
            ALERT_WEBHOOK_URL=f"{receiver.base_url}/hook/secret-token",
            LOG_LEVEL="INFO",
        )
        processes.migrate(environ)
        with Bridge(environ, logs=folder / "logs") as bridge:
            bridge.start(workers=1)
            yield Site(folder, world, stand_ins, bridge, environ, pager)
    stand_ins.stop()


def test_a_request_that_is_answered_incompletely_shouts_until_it_is_healed(site):
    site.stand_ins.shopify.faults.add("http_503", times=None)
    site.post("customers/data_request", request_id=901, person=site.world.people[3])
    (line,) = processes.until("the gap is logged", lambda: site.events("request.incomplete"))
    assert (line["level"], line["systems"], line["outcomes"]) == ("warning", ["shopify"], ["unreached"])
    code, failed = site.doctor()
    assert code == 1
    check = failed["request incomplete unreached"]
    assert f"dsr replay {line['id']}" in check["fix"]
    assert "docs/runbooks/gap-unreached.md" in check["fix"]
    assert site.metrics()['bridge_conditions{condition="request_incomplete",reason="unreached"}'] == "1.0"
    tasks = 'bridge_tasks{outcome="unreached",state="failed",system="shopify",wait_reason=""}'
    assert float(site.metrics()[tasks]) == 1
    status = processes.say(site.environ, "status", "--json").json
    assert [row["ids"] for row in status["incomplete"]] == [[line["id"]]]
    processes.until("the pager rang", lambda: ("request_incomplete", "raised") in site.pager.received_alerts())
    site.stand_ins.shopify.faults.clear()
    assert processes.say(site.environ, "dsr", "replay", line["id"]).code == 0
    processes.until("it is healed", lambda: "request incomplete unreached" not in site.doctor()[1])
    processes.until(
        "the pager received_alerts", lambda: ("request_incomplete", "recovered") in site.pager.received_alerts()
    )
    assert site.pager.received_alerts().count(("request_incomplete", "raised")) == 1


def test_the_log_tells_the_life_of_a_request_and_every_line_is_json_without_placeholders(site):
    site.post("customers/data_request", request_id=902, person=site.world.people[4])
    processes.until("two were closed", lambda: len(site.events("request.closed")) >= 2)
    lines = site.lines()
    assert {line["process"] for line in lines if line["event"] == "process.started"} == {"web", "worker", "clock"}
    assert {line["version"] for line in lines if line["event"] == "process.started"} == {__version__}
    events = {line["event"] for line in lines}
    assert events >= {"delivery.accepted", "request.opened", "task.failed", "task.done", "request.closed"}
    assert [line for line in lines if PLACEHOLDER.search(line["event"])] == []
    assert not any(CANARIES.search(path.read_bytes()) for path in site.bridge.logs.values())
    assert not any("secret-token" in path.read_text() for path in site.bridge.logs.values())


def test_a_killed_work_horse_gives_a_line(site):
    leader = os.getsid(site.bridge.pids("worker.1")[0])
    site.stand_ins.shopify.latency_s = 2.0
    site.post("customers/data_request", request_id=903, person=site.world.people[5])

    def find_horse_of_a_long_job():
        seen = {*site.bridge.pids("worker.1")}
        time.sleep(0.5)
        return sorted((seen & {*site.bridge.pids("worker.1")}) - {leader})

    os.kill(processes.until("a work-horse works", find_horse_of_a_long_job)[0], signal.SIGKILL)
    (line,) = processes.until("its end is logged", lambda: site.events("work_horse.lost"))
    assert (line["level"], line["signal"]) == ("error", signal.SIGKILL)
    site.stand_ins.shopify.latency_s = 0.0
    assert [line for line in site.lines("worker") if PLACEHOLDER.search(line["event"])] == []


def test_a_silent_clock_and_worker_are_named_everywhere_and_the_database_remembers(site):
    answer = processes.ask(site.bridge.url, "/readyz?deep", how="GET")
    assert (answer.status, json.loads(answer.body)["silent"]) == (200, [])
    for kind in ("clock", "worker"):
        site.bridge.kill(kind)
    site.age_heartbeats(timedelta(minutes=2))
    code, failed = site.doctor()
    assert code == 1
    assert failed.keys() >= {"clock silent", "worker silent"}
    assert "python -m workers.schedule" in failed["clock silent"]["fix"]
    assert "last seen 2 min ago" in failed["worker silent"]["detail"]
    metrics = site.metrics()
    assert metrics["bridge_workers_seen"] == "0.0"
    assert float(metrics['bridge_silent_seconds{process="clock"}']) > 100
    for condition in ("clock_silent", "worker_silent"):
        assert metrics[f'bridge_conditions{{condition="{condition}",reason=""}}'] == "1.0"
    answer = processes.ask(site.bridge.url, "/readyz?deep", how="GET")
    assert answer.status == 503
    assert set(json.loads(answer.body)["silent"]) == {"clock_silent", "worker_silent"}
    assert processes.ask(site.bridge.url, "/readyz", how="GET").status == 200, "webhooks are taken all the same"


def test_a_clock_alone_tells_that_no_worker_is_there_and_a_restart_repeats_nothing(site):
    site.pager.status = 500
    site.start_clock_of_long_ago()
    processes.until("nobody is reached", lambda: site.events("message.not_sent"), 120)
    assert "message not sent alerts" in site.doctor()[1]
    site.bridge.kill("clock")
    site.pager.status = 200
    with processes.services(site.environ) as services, services.store.engine.begin() as connection:
        connection.execute(text("UPDATE operator_messages SET wake_at = '2020-01-01 00:00:00.000000'"))
    site.start_clock_of_long_ago()
    raised = lambda: site.pager.received_alerts().count(("worker_silent", "raised"))  # noqa: E731
    processes.until("the clock itself tells", raised, 120)
    site.bridge.kill("clock")
    site.bridge.start_process("worker")
    site.start_clock_of_long_ago(timedelta(seconds=30))
    processes.until("its return is told", lambda: ("worker_silent", "recovered") in site.pager.received_alerts(), 120)
    assert raised() == 1
    site.bridge.stop(grace_s=10)
    assert {line["level"] for line in site.lines()} <= {"info", "warning", "error"}
