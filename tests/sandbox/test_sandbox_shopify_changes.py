"""What an app may change at the stand-in, what it may not, and that a reset restores the invented world."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime

import pytest
import requests

from bridge.sandbox import webhooks
from bridge.sandbox.http_messages import Response
from bridge.sandbox.httpd import StandIn
from bridge.sandbox.shopify.engine.search import SearchQuery
from bridge.sandbox.world import invent_world

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
WORLD = invent_world(now=NOW)
ASHA = f"gid://shopify/Customer/{WORLD.asha.id}"
ORDER = f"gid://shopify/Order/{WORLD.orders[0].id}"


def test_an_order_and_a_customer_are_rewritten_and_brought_back(ask, stand_in):
    ask("mutation M($i: OrderInput!) { orderUpdate(input: $i) { order { id } } }", i={"id": ORDER, "note": ""})
    ask("mutation M($i: CustomerInput!) { customerUpdate(input: $i) { customer { id } } }", i={"id": ASHA, "note": "x"})
    look = "query L($o: ID!, $c: ID!) { order(id: $o) { note } customer(id: $c) { note } }"
    assert ask(look, o=ORDER, c=ASHA) == {"order": {"note": ""}, "customer": {"note": "x"}}
    stand_in.reset()
    assert ask(look, o=ORDER, c=ASHA)["customer"]["note"] == WORLD.asha.note


def test_metafields_and_tags_are_removed(ask):
    gone = [
        {"ownerId": ASHA, "namespace": "whatsapp", "key": "number"},
        {"ownerId": ASHA, "namespace": "x", "key": "y"},
    ]
    query = "mutation M($m: [MetafieldIdentifierInput!]!) { metafieldsDelete(metafields: $m) { deletedMetafields { key } } }"
    assert ask(query, m=gone)["metafieldsDelete"]["deletedMetafields"] == [{"key": "number"}, None]
    ask('mutation M($id: ID!) { tagsRemove(id: $id, tags: ["vip"]) { node { id } } }', id=ASHA)
    look = """query L($id: ID!) { customer(id: $id) { tags metafields(first: 5) { nodes { key } }
      one: metafield(namespace: "loyalty", key: "birthday") { value } two: metafield(namespace: "whatsapp", key: "number") { value } } }"""
    assert ask(look, id=ASHA)["customer"] == {
        "tags": ["festival-list"],
        "metafields": {"nodes": [{"key": "birthday"}, {"key": "canary-Metafield-key"}, {"key": "about"}]},
        "one": {"value": "1991-02-03"},
        "two": None,
    }


def test_a_sale_of_data_is_opted_out_of(ask):
    query = "mutation M($e: String!) { dataSaleOptOut(email: $e) { customerId userErrors { code } } }"
    assert ask(query, e=WORLD.asha.email)["dataSaleOptOut"]["customerId"] == ASHA
    assert ask(query, e="no address")["dataSaleOptOut"]["userErrors"] == [{"code": "FAILED"}]
    assert ask("query L($id: ID!) { customer(id: $id) { dataSaleOptOut } }", id=ASHA)["customer"]["dataSaleOptOut"]


def test_an_unknown_address_that_opts_out_becomes_a_customer(ask):
    query = "mutation M($e: String!) { dataSaleOptOut(email: $e) { customerId userErrors { code } } }"
    made = ask(query, e="Nobody@example.com")["dataSaleOptOut"]["customerId"]
    assert ask(query, e="nobody@example.com")["dataSaleOptOut"]["customerId"] == made
    look = """query L($i: CustomerIdentifierInput!) { customerByIdentifier(identifier: $i) { id dataSaleOptOut canDelete firstName
      defaultAddress { city } defaultEmailAddress { emailAddress } defaultPhoneNumber { phoneNumber } } }"""
    assert ask(look, i={"emailAddress": "nobody@example.com"})["customerByIdentifier"] == {
        "id": made,
        "dataSaleOptOut": True,
        "canDelete": True,
        "firstName": None,
        "defaultAddress": None,
        "defaultEmailAddress": {"emailAddress": "nobody@example.com"},
        "defaultPhoneNumber": None,
    }


def test_an_erasure_is_cancelled_only_where_one_was_asked_for(ask):
    cancel = "mutation M($id: ID!) { customerCancelDataErasure(customerId: $id) { customerId userErrors { code } } }"
    assert ask(cancel, id=ASHA)["customerCancelDataErasure"]["userErrors"] == [{"code": "NOT_BEING_ERASED"}]
    ask("mutation M($id: ID!) { customerRequestDataErasure(customerId: $id) { customerId } }", id=ASHA)
    assert ask(cancel, id=ASHA)["customerCancelDataErasure"]["customerId"] == ASHA


def test_an_unsupported_mutation_is_answered_with_an_error(ask):
    query = "mutation M($id: ID!) { orderDelete(orderId: $id) { userErrors { message } } }"
    assert ask(query, id=ORDER)["orderDelete"]["userErrors"][0]["message"] == "The stand-in does not do this"


def test_a_redacted_customer_is_not_found_by_address_and_a_deleted_one_not_at_all(ask, stand_in):
    find = "query F($i: CustomerIdentifierInput!) { customerByIdentifier(identifier: $i) { id } }"
    url = f"{stand_in.base_url}/_sandbox"
    requests.post(f"{url}/redact", json={"customer_id": ASHA}, timeout=5)
    assert ask(find, i={"emailAddress": WORLD.asha.email}) == {"customerByIdentifier": None}
    assert ask(find, i={"id": ASHA}) == {"customerByIdentifier": {"id": ASHA}}
    requests.post(f"{url}/forget", json={"customer_id": WORLD.asha.id}, timeout=5)
    assert ask(find, i={"id": ASHA}) == {"customerByIdentifier": None}


def test_a_global_id_returns_its_object(ask):
    ids = [
        ASHA,
        ORDER,
        f"gid://shopify/DraftOrder/{WORLD.drafts[0].id}",
        f"gid://shopify/GiftCard/{WORLD.gift_cards[0].id}",
        f"gid://shopify/Fulfillment/{WORLD.parcels[0].id}",
        f"gid://shopify/Refund/{WORLD.orders[0].refunds[0].id}",
        "gid://shopify/Order/1",
        "gid://shopify/Product/1",
    ]
    nodes = ask("query N($ids: [ID!]!) { nodes(ids: $ids) { id __typename } }", ids=ids)["nodes"]
    assert [node and node["id"] for node in nodes] == [*ids[:6], None, None]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", True),
        ("email:a@example.com", True),
        ("email:'A@Example.com'", True),
        ("NOT email:a@example.com", False),
        ("-email:a@example.com", False),
        ("email:a@*", True),
        ("phone:*", False),
        ("created_at:>=2026-01-01 created_at:<2027-01-01", True),
        ('(email:x OR email:"a@example.com") AND id:7', True),
        ("email:x OR id:8", False),
        ("example", True),
    ],
)
def test_the_search_syntax(text, found):
    facts = {"email": ("a@example.com",), "id": ("7",), "created_at": ("2026-05-01T00:00:00Z",)}
    assert SearchQuery(text, frozenset({"email", "id", "created_at", "phone"}))(facts) is found


def test_a_webhook_is_posted_to_the_path_of_its_topic():
    with StandIn("receiver", lambda request: Response.from_value({"path": request.path})) as receiver:
        raw = webhooks.build_body("customers/redact", WORLD)
        signed = webhooks.build_headers("customers/redact", WORLD.shop, "s3cret", raw, triggered_at=NOW)
        answer = webhooks.post_delivery(receiver.base_url, "customers/redact", raw, signed)
        assert answer.json() == {"path": "/webhooks/customers/redact"}
        with requests.Session() as session:
            assert webhooks.post_delivery(receiver.base_url, "shop/redact", raw, signed, session=session).ok


def test_it_runs_as_a_process_of_its_own():
    command = [sys.executable, "-m", "bridge.sandbox.shopify", "--orders", "5"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline()
            base = line.split()[0].partition("=")[2].replace("/{shop}", "")
            assert requests.get(f"{base}/_sandbox/calls", timeout=5).json()["total"] == 0
        finally:
            process.terminate()
            process.wait(10)
