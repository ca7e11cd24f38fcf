"""Bytes first: on every webhook path, whatever else is wrong, an unsigned request is answered exactly 401."""

import base64
import itertools
import json

import pytest

from tests.e2e import processes

RAW = json.dumps({"id": 1, "name": "#1"}).encode()
VECTORS = json.loads((processes.SAMPLES / "hmac_vectors.json").read_text())
KINDS = {
    row["file"].removesuffix(".json"): row["topic"]
    for row in json.loads((processes.SAMPLES / "INDEX.json").read_text())
}
GOOD = processes.signed("orders/create", RAW)["X-Shopify-Hmac-Sha256"]
BAD = {
    "none": None,
    "empty": "",
    "blank": "   ",
    "a comma": ",",
    "another body's": processes.signed("orders/create", b"{}")["X-Shopify-Hmac-Sha256"],
    "another secret's": processes.signed("orders/create", RAW, secret="nobody's")["X-Shopify-Hmac-Sha256"],
    "no base64": "!!!!",
    "without padding": GOOD.rstrip("="),
    "hexadecimal": base64.b64decode(GOOD).hex(),
    "another spelling of the same digest": GOOD[:-2] + chr(ord(GOOD[-2]) + 1) + "=",
    "latin-1": "é".encode("latin-1"),
    "UTF-8": "ключ".encode(),
    "no text at all": b"\xff\xfe\x80",
    "four kilobytes": "A" * 4096,
    "with a prefix": "sha256=" + GOOD,
}
PATHS = (
    "/webhooks",
    "/webhooks/",
    "/webhooks//",
    "/webhooks/orders/create",
    "/webhooks/orders/create/",
    "/webhooks//orders/create",
    "/webhooks/orders//create",
    "/webhooks/customers/redact",
    "/webhooks/no/such/topic/at/all",
    "/webhooks/..%2f..%2fetc",
    "/webhooks/%ff%fe",
    "/webhooks/orders/create?topic=orders/updated",
    "/webhooks/x%0aY",
    "/webhooks/%0a",
    "/webhooks/customers/redact%0d%0a",
)


def check_refusal(answer):
    assert (answer.status, answer.body) == (401, b"")
    assert "location" not in answer.headers
    return True


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_every_recorded_signature_is_judged_as_shopify_made_it(edge, vector):
    raw = base64.b64decode(vector["body_b64"])
    topic = KINDS.get(vector["name"].partition("/")[0], "orders/create")
    headers = processes.signed(topic, raw) | {"X-Shopify-Hmac-Sha256": vector["header"]}
    answer = processes.ask(edge.url, f"/webhooks/{topic}", raw, headers)
    assert (answer.status, answer.body) == (200 if vector["valid"] else 401, b"")


@pytest.mark.parametrize("name", BAD)
def test_a_bad_signature_is_401_and_nothing_else(edge, name):
    headers = processes.signed("orders/create", RAW)
    del headers["X-Shopify-Hmac-Sha256"]
    if BAD[name] is not None:
        headers["X-Shopify-Hmac-Sha256"] = BAD[name]
    check_refusal(processes.ask(edge.url, "/webhooks/orders/create", RAW, headers))
    assert edge.inbox(headers["X-Shopify-Webhook-Id"]) == []


@pytest.mark.parametrize("path", PATHS)
def test_every_path_asks_for_the_signature_before_anything_else(edge, path):
    check_refusal(processes.ask(edge.url, path, RAW, processes.signed("orders/create", RAW, secret="nobody's")))
    check_refusal(processes.ask(edge.url, path, RAW))
    check_refusal(processes.ask(edge.url, path, b""))


@pytest.mark.parametrize("how", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
@pytest.mark.parametrize("path", ["/webhooks", "/webhooks/customers/redact", "/webhooks/customers/redact/"])
def test_every_method_asks_for_the_signature_before_anything_else(edge, how, path):
    check_refusal(processes.ask(edge.url, path, RAW, {"X-Shopify-Hmac-Sha256": "nobody's"}, how))
    check_refusal(processes.ask(edge.url, path, None, None, how))


@pytest.mark.parametrize("how", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_a_signed_request_that_is_no_post_is_405(edge, how):
    answer = processes.ask(edge.url, "/webhooks/orders/create", RAW, processes.signed("orders/create", RAW), how)
    assert (answer.status, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("how", ["GET", "DELETE", "OPTIONS"])
def test_a_request_that_is_no_post_leaves_no_row(edge, how):
    raw = processes.new_id().encode()
    headers = processes.signed("orders/create", raw)
    assert processes.ask(edge.url, "/webhooks/orders/create", raw, headers, how).status == 405
    assert edge.inbox(headers["X-Shopify-Webhook-Id"]) == []


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "é"])
@pytest.mark.parametrize("good", [True, False])
def test_the_content_type_is_not_looked_at(edge, kind, good):
    raw = b"a=1&b=%ff" + processes.new_id().encode()
    headers = processes.signed("orders/create", raw, secret=processes.SECRET if good else "nobody's")
    del headers["Content-Type"]
    if kind:
        headers["Content-Type"] = kind
    assert processes.ask(edge.url, "/webhooks/orders/create", raw, headers).status == (200 if good else 401)


def test_an_unknown_topic_or_shop_is_401_unsigned_and_200_signed(edge):
    for topic, shop in itertools.product(["locales/create", "orders/create"], ["example.com", "", processes.SHOP]):
        raw = processes.new_id().encode()
        check_refusal(
            processes.ask(edge.url, f"/webhooks/{topic}", raw, processes.signed(topic, raw, shop=shop, secret="x"))
        )
        assert processes.post(edge.url, topic, raw, shop=shop).status == 200


@pytest.mark.parametrize("path", ["/webhooks", "/webhooks/", "/webhooks//orders/create", "/webhooks/orders/create/"])
def test_a_signed_delivery_to_an_odd_path_is_never_redirected(edge, path):
    raw = processes.new_id().encode()
    answer = processes.ask(edge.url, path, raw, processes.signed("orders/create", raw))
    assert (answer.status, answer.body) == (200, b"")


def test_the_same_answer_for_new_and_repeated(edge):
    body = {"id": 1, "once": processes.new_id()}
    answers = [processes.post(edge.url, "orders/create", body, webhook_id="b54557e4-same") for _ in range(3)]
    assert [(answer.status, answer.body) for answer in answers] == [(200, b"")] * 3
    first, again, _ = ({k: v for k, v in answer.headers.items() if k != "date"} for answer in answers)
    assert first == again
    assert len(edge.inbox("b54557e4-same")) == 1


@pytest.mark.parametrize("family", ["X-Shopify-", "Shopify-", "x-shopify-", "SHOPIFY-"])
def test_both_families_of_headers_are_read(edge, family):
    body, mark = {"id": 2, "once": processes.new_id()}, processes.new_id()
    assert processes.post(edge.url, "orders/updated", body, header_prefix=family, webhook_id=mark).status == 200
    (row,) = edge.inbox(mark)
    assert (row["state"], row["shop"], row["topic"]) == ("received", processes.SHOP, "orders/updated")


@pytest.mark.parametrize("name", ["Hmac-Sha256", "Topic", "Shop-Domain", "Webhook-Id"])
def test_families_that_differ_are_401(edge, name):
    both = processes.signed("orders/create", RAW)
    both |= {header.removeprefix("X-"): value for header, value in both.items() if header.startswith("X-")}
    both[f"Shopify-{name}"] = "orders/updated"
    check_refusal(processes.ask(edge.url, "/webhooks/orders/create", RAW, both))


def test_while_secrets_rotate_the_old_one_still_signs_and_its_place_is_recorded(edge):
    for place, secret in enumerate([processes.SECRET, processes.OLD_SECRET]):
        mark = processes.new_id()
        body = {"id": 3, "once": mark}
        assert processes.post(edge.url, "orders/create", body, secret=secret, webhook_id=mark).status == 200
        (row,) = edge.inbox(mark)
        assert row["secret_index"] == place
        assert processes.say(edge.environ, "inbox", "show", row["id"], "--json").json["secret_index"] == place


def test_nothing_of_what_was_refused_or_kept_is_in_the_log(edge):
    body = {"id": 4, "email": "asha.qwertzuiop@example.com"}
    processes.post(edge.url, "orders/create", body)
    processes.post(edge.url, "orders/create", body, secret="nobody's")
    log = edge.bridge.logs["web.1"].read_text()
    assert "signature" in log.lower() or "mismatch" in log
    for word in ("qwertzuiop", GOOD, processes.SECRET, "127.0.0.1:"):
        assert word not in log.replace("Listening at: http://127.0.0.1:", "")
