"""Path, headers and body of a webhook must agree: which do, which do not, and why."""

from __future__ import annotations

import pytest

from bridge.errors import PayloadInvalid
from bridge.model import RequestKind
from bridge.rules.webhooks.topics import (
    INDEXED_TOPIC_PREFIXES,
    MANDATORY_TOPICS,
    check_body_shape,
    find_header_mismatch,
    is_shop_domain,
    is_topic_well_formed,
)
from tests.factories import SHOP, data_request_body, fixture, redact_body

INDEX = fixture("INDEX.json")
KNOWN = (SHOP,)


def headers(**given):
    return {"topic": "orders/create", "topic_header": "orders/create", "shop": SHOP, "known_shops": KNOWN} | (given)


def reason_of(topic, body, shop=SHOP):
    with pytest.raises(PayloadInvalid) as caught:
        check_body_shape(topic, body, shop)
    return caught.value.reason


@pytest.mark.parametrize("topic", [row["topic"] for row in INDEX])
def test_every_recorded_topic_is_well_formed(topic):
    assert is_topic_well_formed(topic)


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "/",
        "orders/",
        "/create",
        "Orders/create",
        "orders/create/x",
        "orders create",
        "orders/create\n",
        "../etc",
        "o" * 65,
    ],
)
def test_what_cannot_be_a_topic_is_malformed(topic):
    assert not is_topic_well_formed(topic)
    assert find_header_mismatch(**headers(topic=topic, topic_header=topic)) == "topic_malformed"


@pytest.mark.parametrize(
    ("shop", "is_one"),
    [
        (SHOP, True),
        ("1.myshopify.com", True),
        ("a1-b.myshopify.com", True),
        ("", False),
        ("minimiss.com", False),
        ("MiniMiss.myshopify.com", False),
        ("-a.myshopify.com", False),
        ("a.b.myshopify.com", False),
        (f"{SHOP}.evil.example", False),
        (f"{SHOP}\n", False),
        ("{shop}.myshopify.com", False),
        ("a" * 101 + ".myshopify.com", False),
    ],
)
def test_a_shop_is_a_myshopify_domain_and_nothing_around_it(shop, is_one):
    assert is_shop_domain(shop) is is_one


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, ""),
        ({"topic_header": "orders/updated"}, "topic_header_differs"),
        ({"topic_header": ""}, "topic_header_differs"),
        ({"shop": "evil.example"}, "shop_malformed"),
        ({"shop": "unknown.myshopify.com"}, "shop_unknown"),
        ({"shop": "unknown.myshopify.com", "known_shops": ()}, ""),
        ({"shop": "unknown.myshopify.com", "topic": "shop/redact", "topic_header": "shop/redact"}, ""),
        ({"topic": "products/update", "topic_header": "products/update"}, "topic_not_handled"),
        ({"topic": "app/uninstalled", "topic_header": "app/uninstalled"}, ""),
        ({"topic": "customer.tags_added", "topic_header": "customer.tags_added"}, "topic_not_handled"),
    ],
)
def test_path_headers_and_shop_agree_or_the_first_reason_is_given(changes, why):
    assert find_header_mismatch(**headers(**changes)) == why


def test_the_three_mandatory_topics_ask_for_three_kinds():
    assert dict(MANDATORY_TOPICS) == {
        "customers/data_request": RequestKind.ACCESS,
        "customers/redact": RequestKind.ERASURE,
        "shop/redact": RequestKind.SHOP_ERASURE,
    }


def refusal(topic, body, shop=SHOP):
    """Why a body is refused; empty where it passes."""
    try:
        check_body_shape(topic, body, shop)
    except PayloadInvalid as fault:
        return fault.reason
    return ""


@pytest.mark.parametrize("row", INDEX, ids=lambda row: row["file"])
def test_every_recorded_body_has_the_shape_of_its_topic(row):
    body = fixture(row["file"])
    if row["topic"] in MANDATORY_TOPICS or row["topic"].startswith(INDEXED_TOPIC_PREFIXES):
        assert refusal(row["topic"], body, body.get("shop_domain", SHOP)) == ""


@pytest.mark.parametrize(
    ("topic", "body"),
    [
        ("customers/redact", redact_body()),
        ("customers/redact", redact_body(1, 2, id=None)),
        ("customers/redact", redact_body(email="a@example.com")),
        ("customers/redact", {"shop_domain": SHOP, "customer": {"phone": "1"}}),
        ("customers/data_request", data_request_body()),
        ("customers/data_request", {"shop_domain": SHOP, "customer": {"id": 1}, "data_request": None}),
        ("shop/redact", {"shop_domain": SHOP, "shop_id": 1}),
        ("orders/create", {"admin_graphql_api_id": "gid://shopify/Order/1"}),
        ("refunds/create", {"id": 1}),
        ("app/uninstalled", {"id": 1, "myshopify_domain": SHOP}),
        ("app/uninstalled", {"id": "1", "domain": "shop.example.in", "myshopify_domain": SHOP.upper()}),
        ("customers/redact", {"shop_domain": SHOP, "customer": None, "orders_to_redact": [1]}),
        ("customers/redact", {"shop_domain": SHOP.upper(), "orders_to_redact": ["gid://shopify/Order/1", "2"]}),
        ("customers/data_request", {"shop_domain": SHOP, "customer": {}, "orders_requested": [1]}),
        ("customers/merge", {}),
        ("customers/update", {"id": "1"}),
    ],
)
def test_a_body_of_its_topic_passes(topic, body):
    assert refusal(topic, body) == ""


@pytest.mark.parametrize(
    ("topic", "body", "reason"),
    [
        ("customers/redact", data_request_body(), "body_of_another_topic"),
        ("customers/redact", redact_body() | {"orders_requested": []}, "topic_ambiguous"),
        ("customers/data_request", redact_body(), "body_of_another_topic"),
        ("orders/create", redact_body() | {"id": 1}, "body_of_another_topic"),
        ("shop/redact", redact_body(), "body_of_another_topic"),
        ("shop/redact", {"shop_domain": SHOP, "customer": {}}, "topic_ambiguous"),
        ("shop/redact", {}, "shop_domain_missing"),
        ("shop/redact", {"shop_domain": "other.myshopify.com"}, "shop_differs"),
        ("orders/create", {"id": 1, "shop_domain": None}, "topic_ambiguous"),
        ("customers/redact", {"customer": {"id": 1}}, "shop_domain_missing"),
        ("customers/redact", {"shop_domain": SHOP}, "body_of_another_topic"),
        ("customers/redact", {"shop_domain": SHOP, "customer": [1]}, "customer_missing"),
        ("customers/redact", redact_body(id=["1"]), "customer_malformed"),
        ("customers/redact", redact_body(id=1.5), "customer_malformed"),
        ("customers/redact", redact_body(id=None, email=""), "nobody_named"),
        ("customers/redact", redact_body(note="x"), "nobody_named"),
        ("customers/redact", redact_body(id=1) | {"orders_to_redact": "1,2"}, "orders_malformed"),
        ("customers/redact", redact_body(id="asha") | {"orders_to_redact": [None, "x"]}, "nobody_named"),
        ("customers/redact", redact_body() | {"customer": None}, "nobody_named"),
        ("customers/redact", {"shop_domain": SHOP, "customer": {}}, "nobody_named"),
        ("app/uninstalled", {"id": 1}, "shop_domain_missing"),
        ("app/uninstalled", {"myshopify_domain": SHOP}, "id_missing"),
        ("app/uninstalled", {"id": 1, "myshopify_domain": "other.myshopify.com"}, "shop_differs"),
        ("app/uninstalled", {"shop_id": 1, "shop_domain": SHOP}, "body_of_another_topic"),
        ("orders/create", {"id": 1, "myshopify_domain": SHOP}, "body_of_another_topic"),
        ("orders/delete", {"id": 1, "admin_graphql_api_id": "gid://shopify/Customer/1"}, "body_of_another_topic"),
        ("customers/delete", {"id": 1, "admin_graphql_api_id": "gid://shopify/Order/1"}, "body_of_another_topic"),
        ("customers/data_request", data_request_body() | {"orders_requested": {}}, "orders_malformed"),
        ("customers/data_request", data_request_body() | {"data_request": 9}, "data_request_malformed"),
        ("orders/create", {}, "id_missing"),
        ("orders/create", {"id": "x"}, "id_missing"),
        ("fulfillments/create", {"id": None}, "id_missing"),
        ("customers/update", {"email": "a@example.com"}, "id_missing"),
    ],
)
def test_a_body_of_another_shape_is_refused_with_its_reason(topic, body, reason):
    assert reason_of(topic, body) == reason
