"""A mandatory webhook that nobody can act on calls for an operator until it is acted on or dismissed."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from bridge.model import DeliveryState
from bridge.sandbox.processes import Bridge
from bridge.sandbox.processes.embedded_redis import Valkey
from bridge.steps.requests.process import process_request
from bridge.steps.webhooks.dispatch import dispatch_delivery
from tests.e2e import processes
from tests.factories import make_delivery, redact_body

NOBODY = {"shop_id": 1, "shop_domain": processes.SHOP, "customer": {}, "orders_to_redact": []}


@pytest.fixture(scope="module")
def receiver(tmp_path_factory):
    """A bridge with a worker, and its environment."""
    folder = tmp_path_factory.mktemp("receiver")
    with Valkey() as valkey:
        environ = processes.environment(f"sqlite:///{folder}/bridge.db", valkey.url)
        processes.migrate(environ)
        with Bridge(environ, logs=folder / "logs") as bridge:
            bridge.start(workers=1, clock=True)
            yield bridge, environ


def post_mandatory(url, body, path="/webhooks", topic="customers/redact"):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = processes.signed(topic, raw)
    assert processes.ask(url, path, raw, sent).status == 200
    return sent["X-Shopify-Webhook-Id"]


def row_of(environ, webhook_id):
    rows = processes.say(environ, "inbox", "list", "--json", "--limit", "1000").json
    (row,) = (row for row in rows if row["webhook_id"] == webhook_id)
    return row


def check(environ):
    result = processes.say(environ, "doctor", "--offline", "--json").json
    (found,) = (check for check in result["checks"] if check["name"] == "mandatory webhooks")
    # nobody answers for Shopify here: the access request is answered without it, and that fails for itself
    rest = [check for check in result["checks"] if not check["name"].startswith("request incomplete")]
    return found["ok"], found["detail"], all(check["ok"] is not False for check in rest)


def metric(url, name):
    lines = processes.ask(url, "/metrics", None, None, "GET").body.decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name))


def test_all_mandatory_topics_at_one_address_are_acted_on(receiver):
    bridge, environ = receiver
    words = ("send", "--all-topics-one-uri", "--url", bridge.url, "--json")
    output = processes.say(environ, *words)
    assert output.code == 0, output.out + output.err
    assert [(row["topic"], row["status"], row["state"], row["reason"]) for row in output.json] == [
        ("customers/data_request", 200, "done", ""),
        ("customers/redact", 200, "done", ""),
        ("shop/redact", 200, "done", ""),
    ]
    shown = processes.say(environ, "dsr", "list", "--json").json
    assert {row["request"] for row in output.json} == {row["id"] for row in shown}
    again = processes.say(environ, *words)
    assert (again.code, {row["state"] for row in again.json} <= {"done", "repeated"}) == (0, True)
    assert [row["request"] for row in again.json] == [row["request"] for row in output.json]
    assert check(environ) == (True, "all acted on", True)


@pytest.mark.parametrize(
    "words",
    [
        ("send",),
        ("send", "orders/create", "--all-topics-one-uri"),
        ("send", "--all-topics-one-uri", "--file", __file__),
    ],
)
def test_a_topic_or_all_of_them(receiver, words):
    assert processes.say(receiver[1], *words).code == 2


def test_in_production_the_shop_that_a_sample_erases_must_be_named(receiver):
    production = {**receiver[1], "BRIDGE_ENV": "production"}
    assert processes.say(production, "send", "--all-topics-one-uri").code != 0


def test_what_nobody_can_act_on_is_seen_everywhere_until_it_is_dismissed(receiver):
    bridge, environ = receiver
    before = metric(bridge.url, "bridge_mandatory_webhooks_rejected_total")
    row = row_of(environ, post_mandatory(bridge.url, NOBODY))
    assert (row["state"], row["reason"], row["topic"]) == ("rejected", "nobody_named", "customers/redact")
    ok, detail, well = check(environ)
    assert (ok, well) == (False, False)
    assert "1 not acted on (nobody_named 1)" in detail
    assert "inbox list --needs-action" in detail
    assert processes.say(environ, "doctor", "--offline").code == 1
    assert metric(bridge.url, "bridge_mandatory_webhooks_rejected_total") == before + 1
    assert metric(bridge.url, "bridge_mandatory_webhooks_waiting") == 1
    lines = [json.loads(line) for line in bridge.logs["web.1"].read_text().splitlines() if line.startswith("{")]
    (logged,) = (line for line in lines if line["event"] == "mandatory_webhook.rejected")
    assert (logged["delivery"], logged["reason"], logged["level"]) == (row["id"], "nobody_named", "warning")
    listed = processes.say(environ, "inbox", "list", "--needs-action", "--json").json
    assert [each["id"] for each in listed] == [row["id"]]
    replayed = processes.say(environ, "inbox", "replay", row["id"], "--json")
    assert (replayed.code, replayed.json["replayed"]) == (1, [])
    assert processes.say(environ, "inbox", "dismiss", "--yes", row["id"]).code == 2
    assert processes.say(environ, "inbox", "dismiss", "--yes", row["id"], "--reason", "  ").code == 2
    done = processes.say(
        environ, "inbox", "dismiss", "--yes", row["id"], "--reason", "Shopify sent it again with a name", "--json"
    )
    assert (done.code, done.json) == (0, {"id": row["id"], "was": "nobody_named"})
    assert check(environ) == (True, "all acted on", True)
    assert metric(bridge.url, "bridge_mandatory_webhooks_waiting") == 0
    with processes.services(environ) as services, services.store.transaction() as tx:
        fact = list(tx.evidence.iterate_facts())[-1]
    assert (fact.fact, fact.detail["delivery"], fact.detail["was"]) == ("delivery.dismissed", row["id"], "nobody_named")
    assert fact.detail["reason"].startswith("Shopify sent")
    assert fact.actor.startswith("operator:")
    assert processes.say(environ, "inbox", "dismiss", "--yes", row["id"], "--reason", "again").code == 1
    assert processes.say(environ, "inbox", "dismiss", "--yes", "dlv_nobody", "--reason", "test").code == 1


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"shop_domain": "minimiss-demo.myshopify.com", "orders_to_redact": [1', "not_json"),
        ({"shop_id": 1, "shop_domain": processes.SHOP, "customer": {"id": 5}}, "topic_ambiguous"),
        ({"shop_id": 1, "shop_domain": "evil.example"}, "shop_malformed"),
    ],
)
def test_a_body_that_does_not_say_which_it_is_is_not_silent_either(receiver, body, reason):
    bridge, environ = receiver
    row = row_of(environ, post_mandatory(bridge.url, body, topic="no topic"))
    assert reason in check(environ)[1]
    assert processes.say(environ, "inbox", "dismiss", "--yes", row["id"], "--reason", "a test").code == 0
    assert check(environ)[0] is True


def test_a_rejected_webhook_is_decided_on_anew_by_its_body(receiver):
    """What the release before rejected at one address: without a topic, under the shop that the header named."""
    _, environ = receiver
    with processes.services(environ) as services:
        given = {"topic": "", "state": DeliveryState.REJECTED, "reason": "topic_malformed", "shop": "a.myshopify.com"}
        raw = json.dumps(redact_body(75001, id=None) | {"shop_domain": processes.SHOP}).encode()
        lost = make_delivery(raw=raw, **given)
        order = make_delivery(**given)
        for delivery in (lost, order):
            assert services.store.accept_delivery(delivery)
        dry = processes.say(environ, "inbox", "replay", "--rejected", "--dry-run", "--json")
        assert (dry.code, dry.json["replayed"]) == (0, [lost.id])
        assert row_of(environ, lost.webhook_id)["state"] == "rejected"
        result = processes.say(environ, "inbox", "replay", "--rejected", "--json")
        assert (result.code, result.json["replayed"]) == (0, [lost.id])
        processes.until("a worker takes it", lambda: row_of(environ, lost.webhook_id)["state"] == "done")
        row = row_of(environ, lost.webhook_id)
        assert (row["topic"], row["shop"], row["reason"]) == ("customers/redact", processes.SHOP, "")
        assert row_of(environ, order.webhook_id)["state"] == "rejected"
        with services.store.transaction() as tx:
            (fact,) = (fact for fact in tx.evidence.iterate_facts() if fact.fact == "delivery.replayed")
        assert (fact.detail["delivery"], fact.shop) == (lost.id, processes.SHOP)


def test_a_mandatory_webhook_that_a_worker_rejects_or_fails_on_is_not_silent_either(services, clock):
    store = services.store
    broken = make_delivery(topic="customers/redact", raw=b"{", received_at=clock.now())
    failed = make_delivery(topic="shop/redact", raw=b'{"shop_id": 1}', received_at=clock.now())
    order = make_delivery(raw=b"{", received_at=clock.now())
    for delivery in (broken, failed, order):
        store.accept_delivery(delivery)
    assert dispatch_delivery(broken.id, services=services) == ""
    with store.transaction() as tx:
        tx.inbox.finish_delivery(tx.inbox.acquire_lease(failed.id)[0], DeliveryState.FAILED, "KeyError")
        tx.inbox.finish_delivery(tx.inbox.acquire_lease(order.id)[0], DeliveryState.REJECTED, "not_json")
        assert tx.operator_queries.count_mandatory_rejections() == {"not_json": 1, "KeyError": 1}
    clock.at += timedelta(days=400)
    assert store.expire_bodies_and_packages(keep_failed_days=90, keep_packages_days=14)["raw_bodies"] == 1
    with store.transaction() as tx:
        assert tx.operator_queries.reveal_delivery(broken.id).raw == b"{", "its body waits with it"
        assert tx.inbox.dismiss_delivery(broken.id)
        assert tx.inbox.dismiss_delivery(failed.id)
        assert not tx.inbox.dismiss_delivery(failed.id)
    assert store.expire_bodies_and_packages(keep_failed_days=90, keep_packages_days=14)["raw_bodies"] == 2


def test_the_erasure_of_somebody_else_destroys_no_unread_mandatory_webhook(services):
    store = services.store
    unread = make_delivery(topic="customers/data_request", raw=b"{", state=DeliveryState.REJECTED, reason="not_json")
    store.accept_delivery(unread)
    redact = make_delivery(topic="customers/redact", raw=json.dumps(redact_body(1001)).encode())
    store.accept_delivery(redact)
    process_request(dispatch_delivery(redact.id, services=services), services=services)
    with store.transaction() as tx:
        assert tx.operator_queries.reveal_delivery(unread.id).raw == b"{"
        assert tx.operator_queries.count_mandatory_rejections() == {"not_json": 1}
