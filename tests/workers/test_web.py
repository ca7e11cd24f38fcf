"""The web server as configured: metrics of all processes, no address in its log, no control socket."""

import base64
import json
import os
import socket
import sys
import time
from pathlib import Path

import pytest
import requests

from bridge.errors import NeedsOperator
from bridge.sandbox.processes import ROOT, Bridge
from bridge.sandbox.processes.embedded_redis import Valkey
from tests.e2e import processes

APP = """
import os
from prometheus_client import CollectorRegistry, Counter, generate_latest
from bridge import logs
from bridge.web.metrics import ProcessCounters
from bridge.web.server import RequestReceiver
logs.configure_logging("INFO", "json")
asked = Counter("asked", "requests")
def app(environ, start_response):
    asked.inc()
    if environ["PATH_INFO"] == "/canary-breaks":
        raise RuntimeError("canary-text")
    registry = CollectorRegistry()
    ProcessCounters(registry)
    start_response("200 OK", [("X-Folder", os.environ["PROMETHEUS_MULTIPROC_DIR"]), ("X-Pid", str(os.getpid()))])
    return [generate_latest(registry)]
receive = RequestReceiver(
    app, limit=1000, deadline_s=1, threads=2, is_cooperative=lambda *_: False, on_stop=lambda: os.write(1, b"stopped\\n")
)
"""

KEY = base64.b64encode(bytes(32)).decode()
ENVIRONMENT = {
    "PATH": os.defpath,
    "PYTHONPATH": str(ROOT),
    "BRIDGE_KEYS": f"k1:{KEY}",
    "BRIDGE_PSEUDONYM_KEY": KEY,
    "BRIDGE_EVIDENCE_KEY": KEY,
    "SHOPIFY_CLIENT_SECRETS": "invented",
}
COMMAND = [sys.executable, "-m", "workers.web"]


def test_it_counts_over_processes_and_keeps_strangers_out_of_its_log(tmp_path):
    (tmp_path / "app.py").write_text(APP)  # found before that of the project
    environ = ENVIRONMENT | {"HOME": str(tmp_path), "TMPDIR": str(tmp_path), "WEB_CONCURRENCY": "2"}
    with Bridge(environ, commands={"web": COMMAND}, folder=tmp_path, logs=tmp_path / "logs") as bridge:
        bridge.start(workers=0, clock=False)
        end = time.monotonic() + 10  # the first worker answers before the second is there
        answered_by = set()
        while len(answered_by) < 2 and time.monotonic() < end:
            for _ in range(20):
                answer = requests.get(f"{bridge.url}/canary-path", timeout=5)
                answered_by.add(answer.headers["X-Pid"])
        assert len(answered_by) == 2
        counted = float(next(x for x in answer.text.splitlines() if x.startswith("asked_total")).split()[-1])
        assert counted >= 21  # the health checks too
        folder = Path(answer.headers["X-Folder"])
        assert folder.parent == tmp_path
        assert folder.stat().st_mode & 0o777 == 0o700
        with socket.create_connection(("127.0.0.1", bridge.port), timeout=5) as stranger:
            stranger.sendall(b"GET / HTTP/1.1\r\nHost : canary-header\r\n\r\n")
            assert b" 400 " in stranger.recv(200)
        assert requests.get(f"{bridge.url}/canary-breaks", timeout=5).status_code == 500
        assert bridge.stop() == {"web.1": 0}
        assert not folder.exists()
        log = bridge.logs["web.1"].read_text()
    lines = [json.loads(line) for line in log.splitlines() if line != "stopped"]
    assert {line["event"] for line in lines} >= {"request.failed", "Shutting down granian"}
    assert log.count("stopped\n") == 2, "each process ends in order"
    assert "RuntimeError at app.py" in log
    assert "canary" not in log
    assert "ip=" not in log
    assert '"GET' not in log


@pytest.mark.parametrize("level", ["DEBUG", "INFO"])
def test_at_no_level_does_a_line_hold_a_path(tmp_path, level):
    """The path of a notice holds the token that answers it. Nobody outside moves the application below a path either."""
    with Valkey() as valkey:
        environ = processes.environment(f"sqlite:///{tmp_path}/bridge.db", valkey.url, LOG_LEVEL=level)
        processes.migrate(environ)
        with Bridge(environ, logs=tmp_path / "logs") as bridge:
            bridge.start(workers=1, clock=True)
            for path in ("/notices/canary-token", "/webhooks/canary-topic", "/canary-page", "/webhooks/x%0acanary"):
                for how in ("GET", "POST"):
                    assert processes.ask(bridge.url, path, b"{}", how=how).status in (401, 404, 405, 415)
            moved = {"SCRIPT_NAME": "/webhooks", "PATH_INFO": "/healthz", "X-Script-Name": "/canary"}
            assert processes.ask(bridge.url, "/webhooks/customers/redact", b"{}", moved).status == 401
            assert processes.ask(bridge.url, "/canary-page", b"{}", {"PATH_INFO": "/healthz"}, "GET").status == 404
            raw = b'{"id": 1, "name": "#canary"}'
            sent = processes.signed("orders/create", raw) | {"SCRIPT_NAME": "/webhooks"}
            assert processes.ask(bridge.url, "/webhooks/orders/create", raw, sent).status == 200
            assert processes.ask(bridge.url, "/metrics", None, None, "GET").status == 200
            with processes.services(environ) as services:
                processes.until("the order is learned", lambda: _is_done(services))
            bridge.stop(grace_s=10)
            lines = [line for log in bridge.logs.values() for line in log.read_text().splitlines()]
    assert lines
    for word in ("canary", "/webhooks", "/notices", "/metrics", "/healthz", "orders/create"):
        assert [line for line in lines if word in line] == []


def _is_done(services):
    with services.store.transaction() as tx:
        return [row["state"] for row in tx.operator_queries.list_deliveries()] == ["done"]


def test_in_production_it_lists_all_that_is_unset(tmp_path):
    environ = {"PATH": os.defpath, "PYTHONPATH": str(ROOT), "BRIDGE_ENV": "production"}
    with Bridge(environ, commands={"migrate": COMMAND}, folder=tmp_path, logs=tmp_path) as bridge:
        with pytest.raises(NeedsOperator):
            bridge.migrate()
        output = bridge.logs["migrate"].read_text()
    for name in ("DATABASE_URL", "REDIS_URL", "BRIDGE_KEYS", "SHOPIFY_CLIENT_SECRETS"):
        assert f"{name} is not set" in output
    assert "Traceback" not in output
