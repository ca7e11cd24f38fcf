"""The signed body decides which mandatory webhook it is; path and headers are hints for what its shape leaves open."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.rules.webhooks.classify import classify_delivery
from bridge.rules.webhooks.mandatory_bodies import MANDATORY_TOPICS, identify_mandatory_topic, read_principal
from bridge.rules.webhooks.topics import is_mandatory
from tests.factories import OTHER_SHOP, SHOP, fixture, order_body, uninstalled_body

DATA_REQUEST, REDACT, SHOP_REDACT = MANDATORY_TOPICS
FIXTURES = Path(__file__).parents[2] / "fixtures" / "shopify"
ONE_ENDPOINT = json.loads((FIXTURES / "one_endpoint.json").read_text())
NULL_CUSTOMER = json.loads((FIXTURES / "null_customer_redact.json").read_text())
RECORDED = {row["file"]: row["topic"] for row in fixture("INDEX.json")}
OTHERS = {
    **{name: fixture(name) for name, topic in RECORDED.items() if topic not in MANDATORY_TOPICS},
    "app_uninstalled": uninstalled_body(),
    "order": order_body(),
    "refund": {"id": 1, "order_id": 2, "refund_line_items": []},
    "return": {"id": 1, "admin_graphql_api_id": "gid://shopify/Return/1", "order": {"id": 2}},
    "dispute": {"id": 1, "order_id": 2, "status": "lost"},
}
HINTS = st.sampled_from(
    ["", "compliance", "orders/create", "app/uninstalled", "customers/update", "no topic", *MANDATORY_TOPICS]
)
IDS = st.integers(1, 10**17).flatmap(lambda n: st.sampled_from([n, str(n), f"gid://shopify/Order/{n}"]))
ORDERS = st.lists(IDS, max_size=3)
DOMAINS = st.sampled_from([SHOP, SHOP.upper(), f" {SHOP}"])
EXTRAS = st.dictionaries(st.sampled_from(["note", "sent_at", "api", "extra_list"]), st.none() | st.integers() | ORDERS)
CUSTOMERS = st.fixed_dictionaries(
    {}, optional={"id": IDS | st.none(), "email": st.sampled_from(["a@example.com", None, ""]), "phone": st.none()}
)


def body_of(**parts):
    """Bodies with these parts, a shop's domain, perhaps its number, and keys that nobody knows."""
    shop = st.fixed_dictionaries({"shop_domain": DOMAINS, **parts}, optional={"shop_id": IDS})
    return st.tuples(EXTRAS, shop).map(lambda pair: {**pair[0], **pair[1]})


NOBODY_OR_SOMEBODY = CUSTOMERS | st.none()
MANDATORY = st.one_of(
    st.tuples(st.just(REDACT), body_of(orders_to_redact=ORDERS | st.none(), customer=NOBODY_OR_SOMEBODY)),
    st.tuples(st.just(REDACT), body_of(orders_to_redact=ORDERS | st.none())),
    st.tuples(st.just(DATA_REQUEST), body_of(orders_requested=ORDERS | st.none(), customer=NOBODY_OR_SOMEBODY)),
    st.tuples(st.just(DATA_REQUEST), body_of(data_request=st.just({"id": 9}) | st.none(), customer=NOBODY_OR_SOMEBODY)),
    st.tuples(st.just(SHOP_REDACT), body_of()),
)


def classify(body, path="", header="", shop=SHOP, known=()):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return classify_delivery(raw, path_topic=path, topic_header=header, shop_header=shop, known_shops=known)


@given(MANDATORY, HINTS, HINTS, st.sampled_from([SHOP, OTHER_SHOP, "", "evil.example"]))
def test_a_mandatory_body_is_what_it_is_wherever_and_under_whatever_header_it_comes(named, path, header, shop):
    topic, body = named
    found = classify(body, path, header, shop, known=(OTHER_SHOP,))
    names_somebody = topic == SHOP_REDACT or _names_somebody(topic, body)
    assert (found.topic, found.shop, found.reason) == (topic, SHOP, "" if names_somebody else "nobody_named")
    assert is_mandatory(found.topic, found.reason)


def _names_somebody(topic, body):
    principal = read_principal(topic, body)
    return bool(principal.customer_id or principal.email or principal.phone or principal.order_ids)


@given(st.sampled_from(sorted(OTHERS)), HINTS, HINTS, st.sampled_from([SHOP, OTHER_SHOP]))
def test_a_body_of_another_topic_is_never_mandatory_wherever_it_comes(name, path, header, shop):
    found = classify(OTHERS[name], path, header, shop)
    assert identify_mandatory_topic(OTHERS[name], (path, header)) == ""
    assert not is_mandatory(found.topic, found.reason)
    assert found.reason or found.topic not in MANDATORY_TOPICS


@pytest.mark.parametrize("case", ONE_ENDPOINT["cases"], ids=lambda case: case["topic"])
@pytest.mark.parametrize("header", ["", "its own", "customers/redact", "orders/create"])
def test_one_address_for_the_three_topics_is_enough(case, header):
    found = classify(
        case["body"], ONE_ENDPOINT["path"].removeprefix("/webhooks"), header.replace("its own", case["topic"])
    )
    assert (found.topic, found.shop, found.reason) == (case["topic"], "minimiss-demo.myshopify.com", "")


@pytest.mark.parametrize("path", ["", "compliance", REDACT, DATA_REQUEST, SHOP_REDACT, "orders/create"])
@pytest.mark.parametrize("customer", [None, {}, {"id": None}, "absent"])
def test_a_redact_of_orders_without_a_customer_is_about_these_orders(path, customer):
    body = {name: value for name, value in NULL_CUSTOMER.items() if name != "customer"}
    body |= {} if customer == "absent" else {"customer": customer}
    assert (classify(body, path).topic, classify(body, path).reason) == (REDACT, "")
    principal = read_principal(REDACT, body)
    assert (principal.order_ids, principal.customer_id, principal.email) == (("75001",), "", "")


@pytest.mark.parametrize(
    ("path", "header", "topic"),
    [
        ("", REDACT, REDACT),
        (DATA_REQUEST, "", DATA_REQUEST),
        (REDACT, REDACT, REDACT),
        ("", "", ""),
        ("", SHOP_REDACT, ""),
        (REDACT, DATA_REQUEST, ""),
        ("orders/create", "orders/create", ""),
    ],
)
def test_a_customer_without_a_list_of_orders_is_what_the_hints_say(path, header, topic):
    found = classify({"shop_id": 1, "shop_domain": SHOP, "customer": {"id": 1}}, path, header)
    assert found.reason == ("" if topic else "topic_ambiguous")
    assert is_mandatory(found.topic, found.reason)
    assert not topic or found.topic == topic


@pytest.mark.parametrize(
    ("body", "path", "reason"),
    [
        (b"{not json", REDACT, "not_json"),
        (b"\xff", SHOP_REDACT, "not_utf8"),
        (b"[]", DATA_REQUEST, "not_an_object"),
        (b'{"shop_domain": "x", "orders_to_redact": [1], "orders_to_redact": []}', "", "duplicate_key"),
        ({}, SHOP_REDACT, "shop_domain_missing"),
        ({"shop_id": 1}, "", "shop_domain_missing"),
        ({"orders_to_redact": [1]}, "", "shop_domain_missing"),
        ({"customer": {"id": 1}}, REDACT, "shop_domain_missing"),
        ({"shop_domain": "evil.example"}, "", "shop_malformed"),
        ({"shop_domain": 5, "orders_to_redact": [1]}, "", "shop_malformed"),
        ({"shop_domain": SHOP, "orders_to_redact": [], "orders_requested": []}, REDACT, "topic_ambiguous"),
        ({"shop_domain": SHOP, "orders_to_redact": {"id": 1}}, "", "orders_malformed"),
        ({"shop_domain": SHOP, "orders_to_redact": [1], "customer": "x"}, "", "customer_missing"),
        ({"shop_domain": SHOP, "orders_to_redact": [1], "customer": {"phone": [1]}}, "", "customer_malformed"),
        ({"shop_domain": SHOP, "orders_to_redact": None, "customer": None}, "", "nobody_named"),
        ({"shop_domain": SHOP, "id": 7}, "orders/create", "topic_ambiguous"),
    ],
)
def test_what_is_mandatory_and_cannot_be_acted_on_is_rejected_as_such(body, path, reason):
    found = classify(body, path)
    assert found.reason == reason
    assert is_mandatory(found.topic, found.reason)


@pytest.mark.parametrize("path", ["", "compliance"])
@pytest.mark.parametrize(
    ("header", "topic", "reason"),
    [
        ("orders/create", "orders/create", ""),
        ("products/update", "products/update", "topic_not_handled"),
        ("", "", "topic_malformed"),
        ("no topic", "", "topic_malformed"),
        (REDACT, REDACT, "body_of_another_topic"),
    ],
)
def test_at_an_address_without_a_topic_the_header_decides_on_other_bodies(path, header, topic, reason):
    found = classify(order_body(), path, header)
    assert (found.topic, found.reason) == (topic, reason)


@pytest.mark.parametrize("size", [10, 5000])
def test_an_order_is_not_mandatory_whatever_words_it_holds(size):
    body = order_body(note='"shop_domain"', tags="x" * size)
    assert classify(body, "orders/create", "orders/create").reason == ""


@pytest.mark.parametrize(
    ("shop", "body", "reason"),
    [
        (SHOP, uninstalled_body(), ""),
        (SHOP.upper(), uninstalled_body(SHOP.upper()), ""),
        (OTHER_SHOP, uninstalled_body(), "shop_differs"),
        (SHOP, {"id": 424242}, "shop_domain_missing"),
        (SHOP, {"id": 1, "domain": SHOP}, "shop_domain_missing"),
        (SHOP, order_body(), "body_of_another_topic"),
        (SHOP, b"{", "not_json"),
    ],
)
def test_an_uninstall_is_a_shop_that_names_itself(shop, body, reason):
    found = classify(body, "app/uninstalled", "app/uninstalled", shop)
    assert (found.topic, found.reason) == ("app/uninstalled", reason)


@pytest.mark.parametrize(
    "number", [7, "7", "gid://shopify/Order/7", {"id": 7}, {"admin_graphql_api_id": "gid://shopify/Order/7"}]
)
def test_an_order_is_named_in_many_spellings(number):
    assert read_principal(REDACT, {"orders_to_redact": [number, None, "x"]}).order_ids == ("7",)


def test_a_phone_may_be_a_number():
    assert read_principal(REDACT, {"customer": {"phone": 9811122233}}).phone == "9811122233"


@pytest.mark.parametrize("padding", [0, 5000])
def test_a_key_may_be_written_with_escapes(padding):
    raw = json.dumps({"shop_domain": SHOP, "orders_to_redact": [1], "note": "x" * padding}).encode()
    escaped = raw.replace(b"shop_domain", b"shop\\u005fdomain").replace(b"orders_to", b"\\u006frders_to")
    assert escaped != raw
    assert classify(escaped, "orders/create", "orders/create").topic == REDACT
