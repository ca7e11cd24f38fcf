"""What the host and the public may ask: alive, ready, counted, and who processes data."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from bridge.sandbox.processes import Bridge
from bridge.sandbox.processes.embedded_redis import Valkey
from tests.config.test_load import DECIDED
from tests.e2e import processes

TOKEN = "invented-metrics-token"


def get(edge, path, **headers):
    return processes.ask(edge.url, path, None, headers, "GET")


@pytest.fixture(scope="module")
def early(tmp_path_factory):
    """Web that was started before the release phase."""
    folder = tmp_path_factory.mktemp("early")
    with Valkey() as valkey:
        environ = processes.environment(f"sqlite:///{folder}/bridge.db", valkey.url, METRICS_TOKEN=TOKEN)
        with Bridge(environ, logs=folder / "logs") as bridge:
            yield bridge.start(workers=0, clock=False), environ


def test_it_is_ready_only_once_the_release_phase_has_run(early):
    bridge, environ = early
    assert get(bridge, "/healthz").status == 200
    before = get(bridge, "/readyz")
    assert before.status == 503
    assert b"python -m bridge migrate" in before.body
    assert processes.post(bridge.url, "orders/create", {"id": 1}).status == 503
    assert processes.say(environ, "migrate").code == 0
    after = get(bridge, "/readyz")
    assert after.status == 200
    assert after.headers["content-type"] == "application/json"
    assert processes.post(bridge.url, "orders/create", {"id": 1}).status == 200


@pytest.mark.parametrize(
    "given", ["", "Bearer", "Bearer wrong", f"bearer {TOKEN}", f"Basic {TOKEN}", "Bearer é".encode()]
)
def test_metrics_with_a_token_are_for_those_who_have_it(early, given):
    bridge, _ = early
    assert get(bridge, "/metrics", Authorization=given).status == 401
    assert get(bridge, "/metrics").status == 401
    assert get(bridge, "/metrics", Authorization=f"Bearer {TOKEN}").status == 200


def counted(edge):
    lines = get(edge, "/metrics").body.decode().splitlines()
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if line[:1] != "#"}


def test_metrics_count_deliveries_over_all_processes_and_rows_and_jobs(edge):
    """Requirement P-68."""
    before = counted(edge)
    known = 'bridge_deliveries_total{new="true",state="received",topic="orders/create"}'
    other = 'bridge_deliveries_total{new="true",state="rejected",topic="other"}'
    for number in range(20):
        processes.post(edge.url, "orders/create", {"id": number, "once": processes.new_id()})
    processes.post(edge.url, "qwertzuiop/asha", {"id": 1, "once": processes.new_id()})
    processes.post(edge.url, "customers/redact", b"no JSON of " + processes.new_id().encode())
    after = counted(edge)
    assert after[known] - before.get(known, 0) == 20
    assert after[other] - before.get(other, 0) == 2
    assert after['bridge_rows{state="received",table="deliveries"}'] >= 20
    assert after['bridge_rows{state="requests",table="late"}'] == 0
    assert after['bridge_holes_filled{kind="missing"}'] == 0
    assert after["bridge_queue_depth"] >= 1
    assert "qwertzuiop" not in "".join(after)


def test_the_public_sees_who_processes_data_and_no_contact_of_a_contract(edge):
    """Requirement P-44: names, data, countries and safeguards, as of a day; who has no published legal name is named too."""
    page, listed = get(edge, "/processors"), get(edge, "/processors.json")
    assert page.status == listed.status == 200
    assert b"Delhivery Limited" in page.body
    assert b"Delhivery Limited" in listed.body
    assert b"contract_ref" not in listed.body
    assert json.loads(listed.body)["signing_key_sha256"].encode() in page.body
    assert len(json.loads(listed.body)["signing_key_sha256"]) == 64
    assert b"privacy_contact" not in listed.body
    rows = {row["id"]: row for row in json.loads(listed.body)["processors"]}
    assert date.fromisoformat(json.loads(listed.body)["as_of"]) <= datetime.now(UTC).date() + timedelta(days=1)
    assert json.loads(listed.body)["as_of"].encode() in page.body
    assert rows["shopify"]["name"] == "Shopify (legal name not yet published)"
    assert (rows["shopify"]["named"], rows["delhivery"]["named"], rows["sms_gateway"]["named"]) == (False, True, False)
    assert rows["delhivery"]["protection"] == "the data stay in India"
    assert rows["google"]["protection"] == "not yet published"
    assert "standard contractual clauses" in rows["shopify"]["protection"]
    words = page.body.decode().replace("&#39;", "'")
    for row in rows.values():
        for key in ("name", "services", "where", "protection"):
            assert row[key] in words, (row["id"], key)


@pytest.mark.parametrize("path", ["/healthz", "/processors", "/nothing", "/webhooks"])
def test_no_answer_may_be_cached_framed_or_sniffed(edge, path):
    headers = get(edge, path).headers
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/", "/nothing", "/webhooksx", "/metrics/", "/console/"])
def test_what_is_not_there_says_so_in_plain_words(edge, path):
    answer = get(edge, path)
    assert answer.status in (200, 401, 404)
    assert b"<script" not in answer.body


def test_in_production_metrics_need_a_token_and_answers_demand_https(tmp_path):
    """Requirement P-66."""
    files = {}
    for name, changes in DECIDED.items():
        text = (processes.ROOT / "config" / f"{name}.toml").read_text()
        for old, new in changes:
            text = text.replace(old, new, 1)
        (tmp_path / f"{name}.toml").write_text(text)
        files[f"BRIDGE_{name.upper()}_FILE"] = str(tmp_path / f"{name}.toml")
    with Valkey() as valkey:
        environ = processes.environment(
            f"sqlite:///{tmp_path}/bridge.db", valkey.url, **files,
            BRIDGE_ENV="production", SHOPIFY_CLIENT_ID="client",
        )  # fmt: skip
        processes.migrate(environ)
        with Bridge(environ, logs=tmp_path / "logs") as bridge:
            bridge.start(workers=0, clock=False)
            assert get(bridge, "/metrics").status == 401, "no token is set: nobody may look"
            assert get(bridge, "/metrics", Authorization="Bearer ").status == 401
            assert get(bridge, "/healthz").headers["strict-transport-security"] == "max-age=31536000"
            answer = processes.post(bridge.url, "orders/create", {"id": 1}, shop="mini-miss.myshopify.com")
            assert answer.status == 200
            assert "setting.unset" not in bridge.logs["web.1"].read_text()
