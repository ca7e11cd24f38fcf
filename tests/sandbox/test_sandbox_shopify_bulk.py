"""A bulk operation of the stand-in runs, is polled, and writes a file, or fails as at Shopify."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime

import pytest
import requests

from bridge.sandbox.world import invent_world

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
WORLD = invent_world(now=NOW, heavy_orders=300)
RUN = """mutation R($q: String!) { bulkOperationRunQuery(query: $q, groupObjects: false) {
  bulkOperation { id status url } userErrors { field message code } } }"""
LOOK = """query L($id: ID!) { node(id: $id) { ... on BulkOperation { id status type errorCode objectCount rootObjectCount fileSize
  url partialDataUrl completedAt query } } }"""
ORDERS = "{ orders { edges { node { id email customer { id } lineItems { edges { node { id title } } } } } } }"


@pytest.fixture
def dial(stand_in):
    return lambda **given: requests.post(f"{stand_in.base_url}/_sandbox/bulk", json=given, timeout=5)


def begun(ask, query=ORDERS):
    payload = ask(RUN, q=query)["bulkOperationRunQuery"]
    assert payload["userErrors"] == []
    assert payload["bulkOperation"]["status"] == "CREATED"
    return payload["bulkOperation"]["id"]


def finished(ask, number):
    for _ in range(5):
        found = ask(LOOK, id=number)["node"]
        if found["status"] not in {"CREATED", "RUNNING"}:
            return found
    raise AssertionError


def test_it_runs_and_writes_every_order_with_its_lines(ask):
    number = begun(ask)
    assert ask(LOOK, id=number)["node"]["status"] == "RUNNING"
    done = finished(ask, number)
    assert (done["status"], done["type"], done["partialDataUrl"]) == ("COMPLETED", "QUERY", None)
    answer = requests.get(done["url"], timeout=5)
    rows = [json.loads(line) for line in answer.text.splitlines()]
    orders = [row for row in rows if "__parentId" not in row]
    assert len(orders) == len(WORLD.orders) == int(done["rootObjectCount"])
    assert len(rows) == int(done["objectCount"])
    assert len(answer.content) == int(done["fileSize"])
    assert set(orders[0]) == {"id", "email", "customer"}
    assert rows[1]["__parentId"] == orders[0]["id"]
    assert rows[1]["title"] == WORLD.orders[0].lines[0].title


def test_it_is_found_by_its_number_and_in_the_list(ask):
    number = begun(ask)
    query = """query B($id: ID!) { bulkOperation(id: $id) { status } bulkOperations(first: 5) { nodes { id } }
      currentBulkOperation { id } }"""
    found = ask(query, id=number)
    assert found["bulkOperation"]["status"] == "RUNNING"
    assert [one["id"] for one in found["bulkOperations"]["nodes"]] == [number] == [found["currentBulkOperation"]["id"]]
    assert ask(LOOK, id="gid://shopify/BulkOperation/1")["node"] is None


def test_the_file_expires(ask, dial):
    dial(lives_s=1.5)
    done = finished(ask, begun(ask))
    assert requests.get(done["url"], timeout=5).status_code == 200
    time.sleep(1.6)
    assert requests.get(done["url"], timeout=5).status_code == 403
    assert requests.get(done["url"].replace(".jsonl", "0.jsonl"), timeout=5).status_code == 403


def test_it_fails_on_demand_with_a_partial_file(ask, dial):
    dial(fail="INTERNAL_SERVER_ERROR", kept=7)
    failed = finished(ask, begun(ask))
    assert (failed["status"], failed["errorCode"], failed["url"]) == ("FAILED", "INTERNAL_SERVER_ERROR", None)
    assert len(requests.get(failed["partialDataUrl"], timeout=5).text.splitlines()) == 7
    dial()
    assert finished(ask, begun(ask))["status"] == "COMPLETED"


def test_a_forbidden_field_fails_the_whole_operation(ask, stand_in):
    stand_in.faults.add("deny_scope", scope="read_customers")
    failed = finished(ask, begun(ask))
    assert (failed["status"], failed["errorCode"], failed["partialDataUrl"]) == ("FAILED", "ACCESS_DENIED", None)
    stand_in.faults.clear()


def test_it_can_be_stopped(ask):
    number = begun(ask)
    query = "mutation C($id: ID!) { bulkOperationCancel(id: $id) { bulkOperation { status } userErrors { message } } }"
    assert ask(query, id=number)["bulkOperationCancel"]["bulkOperation"]["status"] == "CANCELING"
    assert finished(ask, number)["status"] in {"CANCELING", "CANCELED"}
    assert ask(query, id="gid://shopify/BulkOperation/1")["bulkOperationCancel"]["userErrors"]


def test_only_so_many_run_at_once(ask):
    for _ in range(5):
        begun(ask)
    refused = ask(RUN, q=ORDERS)["bulkOperationRunQuery"]
    assert refused["bulkOperation"] is None
    assert [error["code"] for error in refused["userErrors"]] == ["OPERATION_IN_PROGRESS"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("{ shop { id } }", "must contain at least one connection"),
        ("{ orders { nodes { id } } }", "Selecting via 'nodes' is not supported. Invalid connection fields: 'orders'"),
        ('{ node(id: "gid://shopify/Order/1") { id } }', "cannot contain a top level `node` field"),
        (
            "{ orders { edges { node { name lineItems { edges { node { id } } } } } } }",
            "Connection fields without 'id': orders",
        ),
        (
            "{ orders { edges { node { id fulfillments { events { edges { node { id } } } } } } } }",
            "within a list field",
        ),
        ('mutation { orderDelete(orderId: "gid://shopify/Order/1") { deletedId } }', "Only `query` operations"),
        ("{ orders { edges { node { shoeSize } } } }", "Field 'shoeSize' doesn't exist on type 'Order'"),
        ("", "Invalid bulk query: "),
        (
            """{ customers { edges { node { id orders { edges { node { id returns { edges { node { id
          returnLineItems { edges { node { id } } } } } } } } } } } } }""",
            "nesting depth greater than 2",
        ),
        (
            """{ customers { edges { node { id metafields { edges { node { id } } } events { edges { node { id } } }
          addressesV2 { edges { node { id } } } paymentMethods { edges { node { id } } } orders { edges { node { id } } } } } } }""",
            "more than 5 connections",
        ),
    ],
)
def test_a_query_that_shopify_refuses_is_refused(ask, query, words):
    payload = ask(RUN, q=query)["bulkOperationRunQuery"]
    assert payload["bulkOperation"] is None
    assert any(words in one["message"] for one in payload["userErrors"]), payload
    assert payload["userErrors"][0]["code"] == "INVALID"
