"""Whatever a signed body holds: 200, one row, and a reason where it does not fit. Never a 5xx."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from bridge.rules.webhooks.topics import INDEXED_TOPIC_PREFIXES, MANDATORY_TOPICS
from bridge.steps.index.index_orders import index_deliveries
from bridge.steps.webhooks.dispatch import dispatch_delivery
from tests.e2e import processes

INDEX = json.loads((processes.SAMPLES / "INDEX.json").read_text())
DEEP = b"[" * 100_000 + b"]" * 100_000


def make_request_body(**more):
    return {
        "shop_id": 954889,
        "shop_domain": processes.SHOP,
        "orders_requested": [299938],
        "customer": {"id": 191167, "email": "asha@example.com", "phone": "555-625-1199"},
        "data_request": {"id": 9999},
        **more,
    }


def redacted(**more):
    return {"shop_id": 1, "shop_domain": processes.SHOP, "customer": {"id": 5}, "orders_to_redact": [1], **more}


# body: the reason it is rejected with, or "" where it is acted on
HOSTILE = {
    "not JSON": (b"hello", "not_json"),
    "nothing": (b"", "not_json"),
    "half": (b'{"shop_domain": "mini', "not_json"),
    "a list": (b"[]", "not_an_object"),
    "a string": (b'"customer"', "not_an_object"),
    "null": (b"null", "not_an_object"),
    "100,000 deep": (DEEP, "too_deep"),
    "100,000 deep inside": (b'{"customer": ' + DEEP + b"}", "too_deep"),
    "an integer of 5,000 digits": (b'{"customer": {"id": ' + b"9" * 5000 + b"}}", "number_too_long"),
    "a key given twice": (b'{"shop_domain": "a", "shop_domain": "b"}', "duplicate_key"),
    "NaN": (b'{"customer": {"id": NaN}}', "not_a_number"),
    "Infinity": (b'{"customer": {"id": -Infinity}}', "not_a_number"),
    "a float without end": (b'{"customer": {"id": 1e999999}}', "shop_domain_missing"),
    "invalid UTF-8": (b'{"customer": {"email": "\xff\xfe"}}', "not_utf8"),
    "UTF-16": ('{"customer": {"id": 1}}'.encode("utf-16"), "not_utf8"),
    "a null byte": (b"\0", "not_json"),
    "a byte order mark": (b"\xef\xbb\xbf" + json.dumps(make_request_body()).encode(), ""),
    "lone surrogates": (make_request_body(customer={"id": 7, "email": "\ud800@example.com", "phone": "\udfff"}), ""),
    "lone surrogates alone": (make_request_body(customer={"email": "\ud800@example.com"}, orders_requested=[]), ""),
    "a null character in a name": (make_request_body(customer={"email": "a\0@example.com", "phone": "\0"}), ""),
    "ids as strings": (make_request_body(customer={"id": "191167"}, orders_requested=["1", "2"]), ""),
    "ids as gids": (make_request_body(customer={"id": "gid://shopify/Customer/19"}), ""),
    "an id that is null": (make_request_body(customer={"id": None, "email": "a@example.com"}), ""),
    "an id that is true": (make_request_body(customer={"id": True}), ""),
    "an id that is negative": (make_request_body(customer={"id": -5}, orders_requested=[-1]), "nobody_named"),
    "an id that is a list": (make_request_body(customer={"id": [1]}), "customer_malformed"),
    "an id that is a fraction": (make_request_body(customer={"id": 1.5}), "customer_malformed"),
    "orders that are objects": (make_request_body(orders_requested=[{"id": 1}, None, [], True, 1.5, "x"]), ""),
    "orders that are no list": (make_request_body(orders_requested={"a": 1}), "orders_malformed"),
    "an e-mail only": (make_request_body(customer={"email": "only@example.com"}, orders_requested=[]), ""),
    "orders only": (make_request_body(customer={"id": None, "email": None, "phone": None}), ""),
    "empty orders": (make_request_body(orders_requested=[]), ""),
    "nulls for orders": (make_request_body(orders_requested=None), ""),
    "nobody": (
        make_request_body(customer={"id": None, "email": "", "phone": None}, orders_requested=[]),
        "nobody_named",
    ),
    "a customer that is null": (make_request_body(customer=None), ""),
    "a customer that is a list": (make_request_body(customer=[]), "customer_missing"),
    "a request that is null": (make_request_body(data_request=None), ""),
    "a request that is a number": (make_request_body(data_request=5), "data_request_malformed"),
    "a request whose id is a sentence": (make_request_body(data_request={"id": "now, please"}), ""),
    "a shop that is another": (make_request_body(shop_domain="other.myshopify.com"), ""),
    "a shop that is null": (make_request_body(shop_domain=None), "shop_domain_missing"),
    "a shop that is a list": (make_request_body(shop_domain=[]), "shop_malformed"),
    "an e-mail of a megabyte": (make_request_body(customer={"email": "a" * 1_000_000 + "@example.com"}), ""),
    "10,000 orders": (make_request_body(orders_requested=list(range(1, 10_001))), ""),
    "the body of a redact": (redacted(), ""),
}
ORDERS = {
    "not JSON": (b"hello", "not_json"),
    "100,000 deep": (DEEP, "too_deep"),
    "a list": (b"[1]", "not_an_object"),
    "no id": ({"email": "a@example.com"}, "id_missing"),
    "an id that is null": ({"id": None}, "id_missing"),
    "an id that is true": ({"id": True}, "id_missing"),
    "an id that is negative": ({"id": -1}, "id_missing"),
    "an id as text": ({"id": "12"}, ""),
    "another shop": ({"id": 5, "shop_domain": "other.myshopify.com"}, "topic_ambiguous"),
    "everything null": (dict.fromkeys(("email", "phone", "customer", "shipping_address", "fulfillments", "created_at", "updated_at", "name"), None) | {"id": 6}, ""),
    "everything of a wrong kind": (
        {"id": 7, "email": 5, "phone": [], "customer": "x", "fulfillments": [1, None, {"tracking_numbers": 5}], "name": {}, "created_at": 5, "updated_at": "yesterday"},
        "",
    ),
    "lone surrogates": ({"id": 8, "email": "\udcff@example.com", "name": "\ud800", "fulfillments": [{"tracking_number": "\ud800", "tracking_company": "\ud800", "tracking_url": "http://[\ud800"}]}, ""),
    "null characters": ({"id": 9, "name": "\0", "email": "\0@x.in", "fulfillments": [{"tracking_number": "A\0B"}]}, ""),
    "dates at the end of time": ({"id": 10, "created_at": "0001-01-01T00:00:00+14:00", "updated_at": "9999-12-31T23:59:59-14:00"}, ""),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_privacy_request_is_kept_with_its_reason_or_acted_on(edge, name):
    body, reason = HOSTILE[name]
    mark = processes.new_id()
    answer = processes.post(edge.url, "customers/data_request", body, webhook_id=mark)
    assert (answer.status, answer.body) == (200, b"")
    (row,) = edge.inbox(mark)
    assert (row["state"], row["reason"]) == ("rejected" if reason else "received", reason)
    if not reason:
        assert dispatch_delivery(row["id"], services=edge.services).startswith("req_")
        assert edge.inbox(mark)[0]["state"] == "done"


@pytest.mark.parametrize("name", ORDERS)
def test_a_hostile_order_is_rejected_alone_or_learned_from(edge, name):
    body, reason = ORDERS[name]
    mark, other = processes.new_id(), processes.new_id()
    assert processes.post(edge.url, "orders/create", body, webhook_id=mark).status == 200
    assert processes.post(edge.url, "orders/create", {"id": 77, "name": other}, webhook_id=other).status == 200
    index_deliveries(processes.SHOP, services=edge.services)
    (row,) = edge.inbox(mark)
    assert (row["state"], row["reason"]) == ("rejected" if reason else "done", reason)
    assert edge.inbox(other)[0]["state"] == "done"


@pytest.mark.parametrize("name", ["\ud800", "\0", "9" * 60])
@pytest.mark.parametrize("topic", ["customers/redact", "customers/data_request"])
def test_an_id_that_is_no_number_names_nobody_and_harms_nobody(edge, topic, name):
    mark = processes.new_id()
    body = redacted(customer={"id": name}) if topic == "customers/redact" else make_request_body(customer={"id": name})
    assert processes.post(edge.url, topic, body, webhook_id=mark).status == 200
    (row,) = edge.inbox(mark)
    assert dispatch_delivery(row["id"], services=edge.services)


@pytest.mark.parametrize("sample", INDEX, ids=[row["file"] for row in INDEX])
def test_every_sample_of_shopify_is_answered_200(edge, sample):
    raw = (processes.SAMPLES / sample["file"]).read_bytes().replace(b"{shop}.", b"minimiss-demo.")
    mark, topic = processes.new_id(), sample["topic"]
    assert processes.post(edge.url, topic, raw, webhook_id=mark).status == 200
    (row,) = edge.inbox(mark)
    handled = topic in MANDATORY_TOPICS or topic.startswith(INDEXED_TOPIC_PREFIXES)
    assert (row["state"], row["reason"]) == (("received", "") if handled else ("rejected", "topic_not_handled"))


@pytest.mark.parametrize(
    ("path", "headers", "body", "reason"),
    [
        ("orders/create", {"X-Shopify-Topic": "orders/updated"}, {"id": 1}, "topic_header_differs"),
        ("shop/redact", {}, {"shop_domain": processes.SHOP, "customer": {"id": 1}}, "topic_ambiguous"),
        ("customers/data_request", {}, {"id": 820982911946154508}, "body_of_another_topic"),
        ("app/uninstalled", {}, {"id": 424242}, "shop_domain_missing"),
        ("app/uninstalled", {}, {"id": 1, "myshopify_domain": "other.myshopify.com"}, "shop_differs"),
        ("locales/create", {}, {"id": 1}, "topic_not_handled"),
        ("Orders/Create", {}, {"id": 1}, "topic_malformed"),
        ("a" * 300, {}, {"id": 1}, "topic_malformed"),
    ],
)
def test_parts_that_disagree_are_kept_as_rejected_and_answered_200(edge, path, headers, body, reason):
    raw = json.dumps(body | {"once": processes.new_id()}).encode()
    sent = processes.signed(path, raw) | headers
    answer = processes.ask(edge.url, f"/webhooks/{path}", raw, sent)
    assert (answer.status, answer.body) == (200, b"")
    (row,) = edge.inbox(sent["X-Shopify-Webhook-Id"])
    assert (row["state"], row["reason"]) == ("rejected", reason)


@pytest.mark.parametrize(
    ("path", "headers", "body", "topic"),
    [
        ("", {}, redacted(), "customers/redact"),
        ("compliance", {"X-Shopify-Topic": ""}, make_request_body(), "customers/data_request"),
        ("", {"X-Shopify-Topic": "orders/create"}, {"shop_domain": processes.SHOP}, "shop/redact"),
        ("customers/redact", {"X-Shopify-Topic": "shop/redact"}, redacted(), "customers/redact"),
        ("customers/redact", {"X-Shopify-Topic": ""}, redacted(), "customers/redact"),
        ("customers/redact", {"X-Shopify-Shop-Domain": "other.myshopify.com"}, redacted(), "customers/redact"),
        ("customers/redact", {"X-Shopify-Shop-Domain": "evil.example.com"}, redacted(), "customers/redact"),
        ("customers/redact", {"X-Shopify-Shop-Domain": ""}, redacted(), "customers/redact"),
        ("customers/redact", {}, make_request_body(), "customers/data_request"),
        ("shop/redact", {}, redacted(customer=None), "customers/redact"),
        ("orders/create", {}, make_request_body(id=5), "customers/data_request"),
        ("no/such/topic/at/all", {}, redacted(), "customers/redact"),
    ],
)
def test_a_mandatory_body_is_acted_on_wherever_it_is_posted(edge, path, headers, body, topic):
    raw = json.dumps(body | {"once": processes.new_id()}).encode()
    sent = processes.signed(path, raw) | headers
    answer = processes.ask(edge.url, f"/webhooks/{path}".rstrip("/"), raw, sent)
    assert (answer.status, answer.body) == (200, b"")
    (row,) = edge.inbox(sent["X-Shopify-Webhook-Id"])
    assert (row["state"], row["reason"], row["topic"], row["shop"]) == ("received", "", topic, processes.SHOP)
    assert dispatch_delivery(row["id"], services=edge.services).startswith("req_")


def test_an_order_at_an_address_without_a_topic_is_learned_from(edge):
    raw = json.dumps({"id": 78, "name": processes.new_id()}).encode()
    sent = processes.signed("orders/create", raw)
    assert processes.ask(edge.url, "/webhooks", raw, sent).status == 200
    index_deliveries(processes.SHOP, services=edge.services)
    (row,) = edge.inbox(sent["X-Shopify-Webhook-Id"])
    assert (row["state"], row["topic"]) == ("done", "orders/create")


@pytest.mark.parametrize("name", ["Webhook-Id", "Event-Id", "API-Version", "Triggered-At"])
@pytest.mark.parametrize(
    "value", ["", "é".encode("latin-1"), "x" * 4000, "0001-01-01T00:00:00+14:00", "2026-13-45", "%00'\"--"]
)
def test_odd_headers_other_a_good_signature_do_no_harm(edge, name, value):
    raw = processes.new_id().encode()
    headers = processes.signed("orders/create", raw) | {f"X-Shopify-{name}": value}
    assert processes.ask(edge.url, "/webhooks/orders/create", raw, headers).status == 200


def test_all_that_was_kept_is_listed_without_a_body(edge):
    rows = processes.say(edge.environ, "inbox", "list", "--json", "--limit", "10000").json
    assert {row["state"] for row in rows} <= {"received", "done", "rejected"}
    assert all(row["reason"] for row in rows if row["state"] == "rejected")
    assert "example.com" not in json.dumps(rows)


def test_sixteen_at_once_with_one_webhook_id_are_one_row(edge):
    for _ in range(3):
        mark, body = processes.new_id(), {"id": 5, "once": processes.new_id()}
        with ThreadPoolExecutor(16) as pool:
            posts = [pool.submit(processes.post, edge.url, "orders/create", body, webhook_id=mark) for _ in range(16)]
            assert [each.result(30).status for each in posts] == [200] * 16
        assert len(edge.inbox(mark)) == 1


def test_the_same_bytes_under_another_webhook_id_are_one_row_too(edge):
    marks, body = [processes.new_id() for _ in range(8)], {"id": 5, "once": processes.new_id()}
    with ThreadPoolExecutor(8) as pool:
        for answer in pool.map(lambda mark: processes.post(edge.url, "orders/create", body, webhook_id=mark), marks):
            assert answer.status == 200
    assert sum(len(edge.inbox(mark)) for mark in marks) == 1
