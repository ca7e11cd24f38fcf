"""`doctor` reports what is wrong and exits with 1; `send` posts what Shopify posts and exits with 1 if it fails."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bridge.cli.doctor.evidence import check_clock_error
from bridge.clock_error import ClockError
from bridge.connectors.shopify.api.versions import check_version
from bridge.sandbox.http_messages import Response
from bridge.sandbox.httpd import StandIn
from bridge.sandbox.processes import free_port
from bridge.sandbox.processes.embedded_redis import Valkey
from tests.e2e import processes
from tests.kit.doctor_checks import index_checks


def test_doctor_checks_every_system_and_nothing_fails(office):
    with Valkey() as valkey:
        output = processes.say({**office.environ, "REDIS_URL": valkey.url}, "doctor", "--json")
    result = index_checks(output)
    assert result["redis"]["ok"] is True
    assert result["migrations"]["ok"] is True
    assert [check for check in output.json["checks"] if check["ok"] is False] == []
    assert (output.code, output.json["ok"]) == (0, True)
    assert {name.partition(".")[0] for name in result} >= {"delhivery", "bluedart", "keys", "redis"}


def test_doctor_names_what_cannot_be_reached_and_ends_with_1(office):
    environ = {**office.environ, "REDIS_URL": "redis://127.0.0.1:1/0", "DELHIVERY_BASE_URL": "http://127.0.0.1:1"}
    output = processes.say(environ, "doctor", "--json")
    result = index_checks(output)
    assert (output.code, output.json["ok"]) == (1, False)
    assert result["redis"]["ok"] is False
    assert any(check["ok"] is False for name, check in result.items() if name.startswith("delhivery"))
    assert "secret" not in json.dumps(output.json).replace("client secrets", "").replace("_SECRET", "").lower()


def test_doctor_offline_contacts_no_system(office):
    environ = {**office.environ, "DELHIVERY_BASE_URL": "http://127.0.0.1:1"}
    assert processes.say(environ, "doctor", "--offline", "--json").code == 0


def test_doctor_reports_a_database_that_is_not_at_head(office, tmp_path):
    environ = {**office.environ, "DATABASE_URL": f"sqlite:///{tmp_path}/new.db"}
    output = processes.say(environ, "doctor", "--offline", "--json")
    assert output.code == 1
    assert "migrate" in index_checks(output)["migrations"]["detail"]


def test_doctor_reports_when_a_topic_was_last_seen_and_what_is_unset(office):
    output = processes.say(office.environ, "doctor", "--offline", "--all")
    assert output.code == 0
    assert "customers/redact" in output.out
    assert "last seen 0 min ago" in output.out
    assert "never seen" in output.out, "shop/redact never came"
    assert "legal_name" in output.out


@pytest.fixture(scope="module")
def receiver():
    """A server that answers with a status that depends on the topic in the path."""
    received = []

    def answer(request):
        received.append(request)
        return Response(status=401 if "uninstalled" in request.path else 200)

    with StandIn("receiver", answer) as server:
        yield server, received


SAMPLES = (
    "app/uninstalled",
    "customers/data_request",
    "customers/redact",
    "customers/update",
    "fulfillments/create",
    "orders/create",
    "orders/updated",
    "shop/redact",
)


@pytest.mark.parametrize("topic", SAMPLES)
def test_a_sample_is_sent_as_shopify_would(office, receiver, topic):
    server, received = receiver
    output = office.say("send", topic, "--url", server.base_url + "/", "--webhook-id", "mark-1", "--json")
    wanted = 401 if topic == "app/uninstalled" else 200
    assert (output.code, output.json["status"]) == (0 if wanted == 200 else 1, wanted)
    request = received[-1]
    assert request.path == f"/webhooks/{topic}"
    assert request.headers["x-shopify-webhook-id"] == "mark-1"
    again = processes.signed(topic, request.body, secret="sandbox-secret")
    assert request.headers["x-shopify-hmac-sha256"] == again["X-Shopify-Hmac-Sha256"]
    assert request.headers["x-shopify-topic"] == topic
    assert json.loads(request.body).get("shop_domain", output.json["shop"]) == output.json["shop"]
    assert json.loads(request.body).get("myshopify_domain", output.json["shop"]) == output.json["shop"]


def test_a_file_is_sent_byte_by_byte(office, receiver, tmp_path):
    server, received = receiver
    (tmp_path / "body").write_bytes(b' {"a": "\xe0\xa4\x86" }\n')
    words = ("send", "orders/create", "--file", str(tmp_path / "body"), "--url", server.base_url)
    assert office.say(*words, "--shop", "another.myshopify.com").code == 0
    assert received[-1].body == b' {"a": "\xe0\xa4\x86" }\n'
    assert received[-1].headers["x-shopify-shop-domain"] == "another.myshopify.com"


def test_a_missing_answer_is_reported(office):
    output = office.say("send", "orders/create", "--url", f"http://127.0.0.1:{free_port()}", "--json")
    assert (output.code, output.out) == (1, "")
    assert re.fullmatch(
        r"No answer from http://127\.0\.0\.1:\d+/webhooks/orders/create: nothing listens there\.",
        json.loads(output.err)["error"],
    )


def test_invalid_settings_are_listed_together_and_exit_with_1(office):
    output = processes.say({**office.environ, "PORT": "asha", "DATABASE_URL": "oracle://x"}, "inbox", "list", "--json")
    assert (output.code, output.out) == (1, "")
    assert "PORT" in output.err
    assert "DATABASE_URL" in output.err
    assert "asha" not in output.err


def test_doctor_as_a_process_prints_the_same(office):
    output = processes.run(office.environ, "-m", "bridge", "dsr", "list", "--json")
    assert output.code == 0
    assert output.json == processes.say(office.environ, "dsr", "list", "--json").json
    assert processes.run(office.environ, "-m", "bridge", "nonsense").code == 2


@pytest.mark.parametrize("version", ["2026-10", "unstable", "2031-01"])
def test_doctor_says_until_when_shopify_supports_the_version(office, version):
    environ = {**office.environ, "SHOPIFY_API_VERSION": version}
    expected = check_version(version, datetime.now(UTC).date())
    line = index_checks(processes.say(environ, "doctor", "--offline", "--json"))["shopify version"]
    assert (line["ok"], line["detail"]) == (expected.ok, expected.detail)


def test_doctor_names_the_supported_versions_for_a_retired_one(office):
    result = processes.say({**office.environ, "SHOPIFY_API_VERSION": "2025-10"}, "doctor", "--offline")
    assert (result.code, "2026-01, 2026-04, 2026-07, 2026-10 or newer" in result.err) == (1, True)


def test_the_machine_clock_is_checked():
    """Requirement L-05: a clock that NTP keeps passes; one that nobody keeps, or of which nothing is known, is named."""
    kept = ClockError(is_synchronised=True, offset_us=1200, max_error_us=42_000)
    assert check_clock_error(kept).ok is True
    assert "1.2 ms off, 42 ms at most" in check_clock_error(kept).detail
    for error in (replace(kept, is_synchronised=False), None):
        assert check_clock_error(error).ok is None
