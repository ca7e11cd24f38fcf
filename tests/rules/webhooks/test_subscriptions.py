"""Which topics are missing, or sent elsewhere, or in another version."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bridge.model import WebhookSubscription
from bridge.rules.webhooks.subscriptions import REQUIRED_TOPICS, SubscriptionProblem, find_subscription_faults
from bridge.rules.webhooks.topics import find_header_mismatch

ROOT = "https://bridge.example.com"
DEPLOYING = Path(__file__).parents[3] / "docs" / "deploying.md"
ALL = dict.fromkeys(REQUIRED_TOPICS, "2026-10")


def list_faults(listed=(), received=ALL, *, has_orders=True):
    found = find_subscription_faults(listed, received, root=ROOT, api_version="2026-10", has_orders=has_orders)
    return {(one.topic, one.problem): one for one in found}


def subscription(topic="orders/create", uri=f"{ROOT}/webhooks/orders/create", version="2026-10"):
    return WebhookSubscription(topic=topic, uri=uri, api_version=version)


def test_the_page_subscribes_to_the_topics_of_the_list():
    block = DEPLOYING.read_text(encoding="utf-8").partition("[webhooks]")[2].partition("```")[0]
    assert re.findall(r'^topics = \["(.+)"\]$', block, re.MULTILINE) == list(REQUIRED_TOPICS)
    assert re.findall(rf'^uri = "{ROOT}/webhooks/(.+)"$', block, re.MULTILINE)[3:] == list(REQUIRED_TOPICS)


@pytest.mark.parametrize("topic", REQUIRED_TOPICS)
def test_every_topic_of_the_list_is_handled(topic):
    assert find_header_mismatch(topic=topic, topic_header=topic, shop="a.myshopify.com", known_shops=()) == ""


def test_a_topic_that_came_or_is_listed_is_there():
    assert list_faults() == {}
    listed = [subscription(topic, f"{ROOT}/webhooks/{topic}") for topic in REQUIRED_TOPICS]
    assert list_faults(listed, {}) == {}


def test_a_topic_that_neither_came_nor_is_listed_is_missing():
    found = list_faults(
        (), {topic: "2026-10" for topic in REQUIRED_TOPICS if topic not in ("orders/create", "orders/delete")}
    )
    assert {topic: one.is_certain for (topic, _), one in found.items()} == {
        "orders/create": True,
        "orders/delete": False,
    }
    without_orders = list_faults((), {}, has_orders=False)
    assert not any(one.is_certain for one in without_orders.values())
    assert len(without_orders) == len(REQUIRED_TOPICS)


@pytest.mark.parametrize(
    "uri", [f"{ROOT}/webhooks/orders/create", f"{ROOT}/webhooks/orders/create/", f"{ROOT}/webhooks"]
)
def test_an_address_of_the_bridge_is_right(uri):
    assert list_faults([subscription(uri=uri)]) == {}


@pytest.mark.parametrize(
    "uri",
    [
        "https://elsewhere.example.com/webhooks/orders/create",
        f"{ROOT}/webhooks/orders/paid",
        f"{ROOT}.example.com/webhooks/orders/create",
        "http://bridge.example.com/webhooks/orders/create",
        "pubsub://project:topic",
        "",
    ],
)
def test_another_address_is_named(uri):
    [found] = list_faults([subscription(uri=uri)]).values()
    assert (found.problem, found.found) == (SubscriptionProblem.WRONG_URI, uri)


def test_another_version_is_named_also_of_a_topic_that_only_came():
    assert ("orders/create", SubscriptionProblem.WRONG_VERSION) in list_faults([subscription(version="2026-04")])
    found = list_faults((), {**ALL, "customers/redact": "2025-10", "orders/paid": ""})
    assert [(one.topic, one.found) for one in found.values()] == [("customers/redact", "2025-10")]


def test_a_subscription_of_another_app_s_topic_is_no_fault():
    assert list_faults([subscription("products/create", "https://elsewhere.example.com/")]) == {}
