"""The signature is verified before anything else; every signed webhook is stored."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from bridge.errors import SignatureInvalid, StoreUnavailable
from bridge.model import DeliveryState
from bridge.rules.webhooks.signature import sign_webhook
from bridge.steps.webhooks.receive import WebhookReceipt, receive_webhook
from tests.factories import NOW, SECRETS, SHOP, fixture, order_body, redact_body

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

NEW = WebhookReceipt(DeliveryState.RECEIVED, is_new=True)
REJECTED = WebhookReceipt(DeliveryState.REJECTED, is_new=True)


def posted(body, topic="orders/create", /, *, secret=SECRETS[0], family="x-shopify-", **headers):
    """Return path, headers and raw body as the web layer passes them."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    values = {
        "hmac-sha256": sign_webhook(raw, secret.encode()),
        "topic": topic,
        "shop-domain": SHOP,
        "api-version": "2026-10",
        "webhook-id": "b54557e4",
        "event-id": "98880550",
        "triggered-at": NOW.isoformat(),
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    return topic, {family + name: value for name, value in values.items() if value is not None}, raw


def kept(services):
    with services.store.transaction() as tx:
        return [tx.operator_queries.reveal_delivery(row["id"]) for row in tx.operator_queries.list_deliveries()]


@pytest.mark.parametrize("family", ["x-shopify-", "shopify-"])
def test_a_signed_webhook_is_stored_with_its_headers(services, family):
    topic, headers, raw = posted(order_body(), family=family)
    assert receive_webhook(topic, headers, raw, services=services) == NEW
    [delivery] = kept(services)
    assert (delivery.raw, delivery.shop, delivery.topic) == (raw, SHOP, "orders/create")
    assert (delivery.webhook_id, delivery.event_id, delivery.api_version) == ("b54557e4", "98880550", "2026-10")
    assert (delivery.triggered_at, delivery.received_at, delivery.secret_index) == (NOW, NOW, 0)


def test_the_same_webhook_again_is_not_new(services):
    for new in (True, False):
        assert receive_webhook(*posted(order_body()), services=services) == replace(NEW, is_new=new)
    assert len(kept(services)) == 1


def test_every_secret_verifies_and_its_index_is_stored(services):
    receive_webhook(*posted(order_body(), secret=SECRETS[1]), services=services)
    assert kept(services)[0].secret_index == 1


def test_the_same_bytes_under_another_id_are_not_new(services):
    for number, new in enumerate((True, False)):
        webhook = posted(order_body(), webhook_id=f"id-{number}")
        assert receive_webhook(*webhook, services=services) == replace(NEW, is_new=new)


def test_after_a_change_of_the_secret_an_order_is_known_by_its_id(services):
    for secret, new in zip(SECRETS, (True, False), strict=True):
        webhook = posted(order_body(), secret=secret)
        assert receive_webhook(*webhook, services=services) == replace(NEW, is_new=new)


@pytest.mark.parametrize("webhook_id", [None, "id-1", "id-2"])
def test_after_a_change_of_the_secret_a_mandatory_body_is_known_by_its_bytes(services, webhook_id):
    body = {"shop_domain": SHOP, "customer": {"id": 42}, "orders_to_redact": [1]}
    first = posted(body, "customers/redact", webhook_id="id-1")
    assert receive_webhook(*first, services=services) == NEW
    again = posted(body, "customers/redact", secret=SECRETS[1], webhook_id=webhook_id)
    assert receive_webhook(*again, services=services) == replace(NEW, is_new=False)


@pytest.mark.parametrize(
    ("topic", "headers"),
    [
        ("orders/create", {}),
        ("customers/redact", {}),
        ("no topic at all", {}),
        ("products/update", {"shop_domain": "unknown.myshopify.com"}),
        ("orders/create", {"shop_domain": "evil.example", "topic": "other"}),
    ],
)
@pytest.mark.parametrize("header", [None, "", "AAAA", "é"])
def test_an_unsigned_body_is_refused_before_anything_else_is_read(services, topic, headers, header):
    webhook = posted(b"{not json", topic, **{"hmac_sha256": header} | headers)
    with pytest.raises(SignatureInvalid):
        receive_webhook(*webhook, services=services)
    assert kept(services) == []


@pytest.mark.parametrize("name", ["hmac-sha256", "shop-domain", "topic", "webhook-id"])
def test_two_header_families_that_differ_are_refused(services, name):
    topic, headers, raw = posted(order_body())
    assert receive_webhook(topic, headers | {f"shopify-{name}": headers[f"x-shopify-{name}"]}, raw, services=services)
    with pytest.raises(SignatureInvalid, match="families_differ"):
        receive_webhook(topic, headers | {f"shopify-{name}": "another"}, raw, services=services)


@pytest.mark.parametrize(
    ("webhook", "reason", "shop", "topic"),
    [
        (posted({}, "no topic"), "topic_malformed", SHOP, ""),
        (posted({}, "products/update"), "topic_not_handled", SHOP, "products/update"),
        (posted({}, shop_domain="evil.example"), "shop_malformed", "", "orders/create"),
        (posted({}, shop_domain=None), "shop_malformed", "", "orders/create"),
        (posted(b"{not json", "customers/redact"), "not_json", "", "customers/redact"),
        (posted({}, "shop/redact"), "shop_domain_missing", "", "shop/redact"),
        (posted(fixture("customers_redact.json"), "customers/redact"), "shop_malformed", "", "customers/redact"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_signed_malformed_webhook_is_stored_as_rejected(services, webhook, reason, shop, topic):
    assert receive_webhook(*webhook, services=services) == REJECTED
    [delivery] = kept(services)
    assert (delivery.reason, delivery.shop, delivery.topic, delivery.raw) == (reason, shop, topic, webhook[2])


def test_a_mandatory_body_under_another_topic_is_what_its_body_says_and_known_when_it_comes_again(services):
    webhook = posted(redact_body(1001), "customers/redact")
    headers = webhook[1] | {"x-shopify-topic": "customers/data_request"}
    assert receive_webhook("customers/data_request", headers, webhook[2], services=services) == NEW
    assert [delivery.topic for delivery in kept(services)] == ["customers/redact"]
    assert receive_webhook(*webhook, services=services) == replace(NEW, is_new=False)


def test_an_order_under_a_mandatory_topic_is_rejected_and_does_not_block_the_right_one(services):
    webhook = posted(order_body())
    headers = webhook[1] | {"x-shopify-topic": "customers/redact"}
    assert receive_webhook("customers/redact", headers, webhook[2], services=services) == REJECTED
    assert receive_webhook(*webhook, services=services) == NEW


def test_an_unknown_shop_is_rejected_except_for_privacy_topics(services):
    ours = replace(services, merchant=replace(services.merchant, shops=(SHOP,)))
    other = {"shop_domain": "elsewhere.myshopify.com"}
    assert receive_webhook(*posted(order_body(), **other), services=ours) == REJECTED
    webhook = posted({"shop_id": 1} | other, "shop/redact", **other)
    assert receive_webhook(*webhook, services=ours) == NEW


def test_bodies_of_other_topics_are_stored_unread(services):
    assert receive_webhook(*posted(b"{not json"), services=services) == NEW


@pytest.mark.parametrize("value", ["x" * 129, "é", "a\nb"])
def test_malformed_ids_are_not_stored(services, value):
    receive_webhook(*posted(order_body(), webhook_id=value, event_id=value, triggered_at=value), services=services)
    [delivery] = kept(services)
    assert (delivery.webhook_id, delivery.event_id, delivery.triggered_at) == ("", "", None)


def test_an_unavailable_database_raises_and_stores_nothing(services):
    def refuse(_row):
        raise StoreUnavailable("too many", retry_after_s=1)

    services.store._group_commit.commit_row = refuse
    with pytest.raises(StoreUnavailable):
        receive_webhook(*posted(order_body()), services=services)
    assert kept(services) == []
