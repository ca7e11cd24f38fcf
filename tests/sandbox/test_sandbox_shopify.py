"""Shopify's stand-in is as strict as Shopify: over real sockets."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import requests

from bridge.sandbox.schema import VERSIONS, load_schema

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
HEAVY_ORDERS = 60
FORM = {"grant_type": "client_credentials", "client_id": "sandbox-client", "client_secret": "sandbox-secret"}
PAGE = """query Page($id: ID!, $first: Int!, $after: String) { customer(id: $id) {
  orders(first: $first, after: $after, sortKey: ID) { nodes { id } edges { cursor } pageInfo { hasNextPage endCursor } } } }"""
FIND = "query Find($q: String!) { orders(first: 50, query: $q) { nodes { id customer { id } } } }"


@pytest.fixture(scope="module")
def world(world):
    """The invented world with one order that is 300 days old."""
    old = replace(world.orders[3], created_at=NOW - timedelta(days=300))
    return replace(world, orders=(*world.orders[:3], old, *world.orders[4:]), _by_id={})


class Caller:
    def __init__(self, stand_in, shop):
        self.stand_in, self.http = stand_in, requests.Session()
        self.base = stand_in.url.replace("{shop}", shop)
        self.token = self.grant().json()["access_token"]

    def grant(self, **more):
        url = f"{self.base}/admin/oauth/access_token"
        return self.http.post(url, data={**FORM, **more}, timeout=10)

    def post(self, query, variables=None, version="2026-10", **more):
        url = f"{self.base}/admin/api/{version}/graphql.json"
        headers = {"X-Shopify-Access-Token": self.token}
        body = {"query": query, "variables": variables or {}, **more}
        return self.http.post(url, json=body, headers=headers, timeout=10)

    def ask(self, query, **variables):
        return self.post(query, variables).json()

    def control(self, word, method="POST", **given):
        url = f"{self.stand_in.base_url}/_sandbox/{word}"
        return self.http.request(method, url, json=given, timeout=10).json()


@pytest.fixture
def caller(stand_in, world):
    stand_in.reset()
    made = Caller(stand_in, world.shop)
    stand_in.calls.clear()
    yield made
    made.http.close()
    stand_in.reset()
    stand_in._control_bucket({"maximum": 20_000, "restore_rate": 10_000})
    stand_in._control_tokens({"expires_in": 86_399})


def gid(person):
    return f"gid://shopify/Customer/{person.id}"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_schema_loads_fast(version):
    load_schema.cache_clear()
    start = time.perf_counter()
    assert load_schema(version).query_type.fields["customerByIdentifier"]
    assert time.perf_counter() - start < 3


def test_a_wrong_secret_gets_no_token(caller):
    answer = caller.grant(client_secret="wrong")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client")
    assert caller.grant().json()["expires_in"] == 86_399


def test_without_a_token_there_is_no_answer(caller):
    caller.token = "shpat_wrong"
    answer = caller.post("{ shop { id } }")
    assert answer.status_code == 401
    assert "Invalid API key or access token" in answer.json()["errors"]


def test_a_token_expires(caller):
    caller.control("tokens", expires_in=1.5)
    caller.token = caller.grant().json()["access_token"]
    assert caller.post("{ shop { id } }").status_code == 200
    time.sleep(1.6)
    assert caller.post("{ shop { id } }").status_code == 401


def test_every_token_can_be_expired_at_once_and_a_new_one_requested(caller):
    caller.control("faults", kind="token_expired")
    assert caller.post("{ shop { id } }").status_code == 401
    caller.token = caller.grant().json()["access_token"]
    assert caller.post("{ shop { id } }").status_code == 200
    caller.control("uninstall")
    assert caller.post("{ shop { id } }").status_code == 401
    assert caller.grant().status_code == 400


def test_an_unknown_shop_or_path_is_not_found(caller):
    url = f"{caller.stand_in.base_url}/other.myshopify.com/admin/api/2026-10/graphql.json"
    assert caller.http.post(url, json={}, timeout=5).status_code == 404
    short = f"{caller.stand_in.base_url}/admin/api/2026-10/graphql.json"
    headers = {"X-Shopify-Access-Token": caller.token}
    answer = caller.http.post(short, json={"query": "{ shop { myshopifyDomain } }"}, headers=headers, timeout=5)
    assert answer.json()["data"]["shop"]["myshopifyDomain"] == "minimiss-demo.myshopify.com"


def test_a_throttled_call_is_throttled_once(caller):
    caller.control("faults", kind="throttle")
    assert caller.ask("{ shop { id } }")["errors"][0]["message"] == "Throttled"
    assert "errors" not in caller.ask("{ shop { id } }")


def test_an_unknown_field_is_refused_in_shopifys_words(caller):
    fault = caller.ask("{ shop { nonsense } }")["errors"][0]
    assert fault["message"] == "Field 'nonsense' doesn't exist on type 'Shop'"
    assert fault["extensions"]["code"] == "undefinedField"


def test_a_newer_field_is_unknown_to_the_older_version(caller):
    query = "{ customers(first: 1) { nodes { defaultPhoneNumber { smsMarketingConsent { state } } } } }"
    assert "errors" not in caller.post(query, version="2026-10").json()
    assert "errors" in caller.post(query, version="2026-07").json()


@pytest.mark.parametrize(
    ("query", "variables", "code"),
    [
        (PAGE, {"first": 1}, "INVALID_VARIABLE"),
        (PAGE, {"id": "not-a-gid", "first": 1}, "INVALID_VARIABLE"),
        (PAGE, {"id": "gid://shopify/Customer/1", "first": 251}, "BAD_REQUEST"),
        ("{ orders { nodes { id } } }", {}, "BAD_REQUEST"),
    ],
)
def test_a_wrong_variable_or_page_is_refused(caller, query, variables, code):
    assert caller.ask(query, **variables)["errors"][0]["extensions"]["code"] == code


def test_no_more_than_250_ids_are_taken_at_once(caller):
    query = "query N($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    fault = caller.ask(query, ids=["gid://shopify/Order/1"] * 251)["errors"][0]
    assert fault["extensions"]["code"] == "MAX_INPUT_SIZE_EXCEEDED"
    assert caller.ask(query, ids=["gid://shopify/Order/1"])["data"] == {"nodes": [None]}


def test_pages_follow_their_cursors_and_none_is_fetched_twice(caller, world):
    found, after = [], None
    while True:
        page = caller.ask(PAGE, id=gid(world.heavy_customer), first=25, after=after)["data"]["customer"]["orders"]
        found += [node["id"] for node in page["nodes"]]
        assert page["edges"][-1]["cursor"] == page["pageInfo"]["endCursor"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert len(set(found)) == len(found) == 60
    calls = caller.control("calls", "GET")
    assert calls["by_name"]["Page"] == 3
    assert len({call["digest"] for call in calls["last"]}) == 3
    fault = caller.ask(PAGE, id=gid(world.heavy_customer), first=25, after="bm9uZQ==")["errors"][0]
    assert "Invalid cursor" in fault["message"]


def test_a_guest_order_is_found_by_its_address_only(caller, world):
    nodes = caller.ask(FIND, q=f"email:'{world.asha.email}'")["data"]["orders"]["nodes"]
    assert [node["customer"] is None for node in nodes] == [False, False, True]
    own_orders = caller.ask(FIND, q=f"customer_id:{world.asha.id}")["data"]["orders"]["nodes"]
    assert len(own_orders) == 2
    ids = " OR ".join(f"id:{order.id}" for order in world.orders[:4])
    assert len(caller.ask(FIND, q=ids)["data"]["orders"]["nodes"]) == 4
    both = f"({ids}) AND phone:{world.bikram.phone}"
    assert len(caller.ask(FIND, q=both)["data"]["orders"]["nodes"]) == 1


def test_an_unknown_search_field_is_ignored_with_a_warning(caller, world):
    answer = caller.ask(FIND, q="shoe_size:44")
    assert len(answer["data"]["orders"]["nodes"]) == 50
    assert answer["extensions"]["search"][0]["warnings"][0]["code"] == "invalid_field"


@pytest.mark.parametrize("how", ["id", "emailAddress", "phoneNumber"])
def test_a_customer_is_found_by_every_identifier(caller, world, how):
    wanted = {"id": gid(world.asha), "emailAddress": world.asha.email, "phoneNumber": world.asha.phone}[how]
    query = "query Q($i: CustomerIdentifierInput!) { customerByIdentifier(identifier: $i) { displayName } }"
    assert caller.ask(query, i={how: wanted})["data"]["customerByIdentifier"]["displayName"] == world.asha.name


def test_the_price_is_the_fitted_one_and_an_expensive_query_is_refused(caller, world):
    cost = caller.ask(PAGE, id=gid(world.asha), first=50)["extensions"]["cost"]
    assert cost["requestedQueryCost"] == 10
    deep = """{ orders(first: 250) { nodes { lineItems(first: 250) { nodes { taxLines { priceSet { shopMoney { amount } } } } }
      metafields(first: 250) { nodes { id owner { __typename } } } returns(first: 250) { nodes { id } }
      fulfillmentOrders(first: 250) { nodes { id } } } } }"""
    fault = caller.ask(deep)["errors"][0]
    assert fault["extensions"]["code"] == "MAX_COST_EXCEEDED"
    assert fault["extensions"]["maxCost"] == 1_000


def test_an_empty_bucket_throttles_with_status_200_and_fills_again(caller, world):
    caller.control("bucket", maximum=25, restore_rate=20)
    answers = [caller.post(PAGE, {"id": gid(world.asha), "first": 50}) for _ in range(4)]
    last = answers[-1].json()
    assert answers[-1].status_code == 200
    assert last["errors"][0]["extensions"]["code"] == "THROTTLED"
    assert last["extensions"]["cost"]["throttleStatus"]["restoreRate"] == 20
    time.sleep(1.4)
    assert "errors" not in caller.ask(PAGE, id=gid(world.asha), first=50)


def test_a_denied_scope_gives_null_and_names_the_scope(caller, world):
    caller.control("faults", kind="deny_scope", scope="read_draft_orders")
    query = "{ shop { id } draftOrders(first: 1) { nodes { id } } currentAppInstallation { accessScopes { handle } } }"
    answer = caller.ask(query)
    fault = answer["errors"][0]
    assert fault["extensions"]["code"] == "ACCESS_DENIED"
    assert "read_draft_orders" in fault["extensions"]["requiredAccess"]
    assert fault["path"] == ["draftOrders"]
    assert answer["data"] is None  # the schema allows no null there: it propagates


def test_a_protected_field_is_null_and_its_parent_where_null_is_not_allowed(caller, world):
    caller.control("faults", kind="deny_field", field="phone")
    query = "query Q($id: ID!) { order(id: $id) { name phone shippingAddress { city phone } } }"
    answer = caller.ask(query, id=f"gid://shopify/Order/{world.orders[0].id}")
    assert answer["data"]["order"] == {
        "name": "#1001",
        "phone": None,
        "shippingAddress": {"city": "Bengaluru", "phone": None},
    }
    assert [fault["path"] for fault in answer["errors"]] == [["order", "phone"], ["order", "shippingAddress", "phone"]]
    assert "not approved to use the phone field" in answer["errors"][0]["message"]
    caller.control("faults", kind="deny_field", field="Customer.displayName")
    answer = caller.ask("query Q($id: ID!) { customer(id: $id) { id displayName } }", id=gid(world.asha))
    assert answer["data"] == {"customer": None}


def test_old_orders_need_a_scope_of_their_own(caller, world):
    query = f"customer_id:{world.bikram.id}"
    assert len(caller.ask(FIND, q=query)["data"]["orders"]["nodes"]) == 3
    caller.control("faults", kind="deny_scope", scope="read_all_orders")
    assert len(caller.ask(FIND, q=query)["data"]["orders"]["nodes"]) == 2
    page = caller.ask(PAGE, id=gid(world.bikram), first=10)["data"]["customer"]["orders"]
    assert len(page["nodes"]) == 2


def test_an_erasure_is_asked_for_and_carried_out_later(caller, world):
    ask = """mutation Erase($id: ID!) { customerRequestDataErasure(customerId: $id) {
      customerId userErrors { code message } } }"""
    look = """query Look($id: ID!) { customer(id: $id) { displayName firstName note defaultAddress { city }
      defaultEmailAddress { emailAddress } defaultPhoneNumber { phoneNumber marketingState }
      emailMarketingConsent { marketingState } metafields(first: 5) { nodes { value } }
      orders(first: 5) { nodes { email shippingAddress { city } fulfillments { trackingInfo { number } } } } } }"""
    payload = caller.ask(ask, id=gid(world.asha))["data"]["customerRequestDataErasure"]
    assert payload == {"customerId": gid(world.asha), "userErrors": []}
    assert caller.ask(look, id=gid(world.asha))["data"]["customer"]["firstName"] == "Asha"
    caller.control("erasure", delay_s=0)
    customer = caller.ask(look, id=gid(world.asha))["data"]["customer"]
    # REDACTED is a state of a consent and of a number, but none that an e-mail address can have
    assert customer["defaultPhoneNumber"] == {"phoneNumber": "redacted", "marketingState": "REDACTED"}
    assert customer["emailMarketingConsent"] == {"marketingState": "REDACTED"}
    assert customer["defaultEmailAddress"] is None
    assert customer["firstName"] is customer["note"] is customer["defaultAddress"] is None
    assert customer["metafields"]["nodes"] == []
    assert {order["email"] for order in customer["orders"]["nodes"]} == {None}
    assert customer["orders"]["nodes"][0]["fulfillments"][0]["trackingInfo"][0]["number"]
    other = caller.ask(look, id=gid(world.bikram))["data"]["customer"]
    assert other["firstName"] == "Bikram"
    fault = caller.ask(ask, id="gid://shopify/Customer/1")["data"]["customerRequestDataErasure"]
    assert fault["userErrors"][0]["code"] == "DOES_NOT_EXIST"


def test_asha_has_one_of_everything(caller, world):
    query = """query All($order: ID!, $q: String!, $mail: String!) {
      order(id: $order) { note customAttributes { key value } refunds { note } transactions { kind }
        lineItems(first: 5) { nodes { customAttributes { key value } } } metafields(first: 5) { nodes { key } }
        returns(first: 5) { nodes { returnLineItems(first: 5) { nodes { ... on ReturnLineItem { customerNote } } }
          reverseFulfillmentOrders(first: 5) { nodes { reverseDeliveries(first: 5) { nodes { deliverable {
            __typename ... on ReverseDeliveryShippingDeliverable { tracking { number } } } } } } } } }
        events(first: 5) { nodes { __typename ... on CommentEvent { rawMessage } } } }
      draftOrders(first: 5, query: $q) { nodes { note2 } } giftCards(first: 5, query: $q) { nodes { note } }
      abandonedCheckouts(first: 5, query: $mail) { nodes { note } } comments(first: 5, query: $mail) { nodes { ip } } }"""
    answer = caller.ask(
        query,
        order=f"gid://shopify/Order/{world.orders[0].id}",
        q=f"customer_id:{world.asha.id}",
        mail=world.asha.email,
    )
    assert "errors" not in answer
    order = answer["data"]["order"]
    assert {"key": "Engraving", "value": "For Asha"} in order["lineItems"]["nodes"][0]["customAttributes"]
    back = order["returns"]["nodes"][0]["reverseFulfillmentOrders"]["nodes"][0]["reverseDeliveries"]["nodes"][0]
    assert len(back["deliverable"]["tracking"]["number"]) == 14
    assert order["events"]["nodes"][0]["__typename"] == "CommentEvent"
    for name, found in (("draftOrders", 1), ("giftCards", 1), ("abandonedCheckouts", 2), ("comments", 1)):
        assert len(answer["data"][name]["nodes"]) == found  # one of the checkouts only mentions Asha


def test_switches_aliases_and_fragments_are_followed(caller, world):
    query = """query S($id: ID!, $on: Boolean!) { one: customer(id: $id) { ...C } two: customer(id: $id) {
      id @skip(if: $on) note @include(if: $on) } } fragment C on Customer { firstName ... on Node { id } }"""
    for on in (True, False):
        data = caller.ask(query, id=gid(world.asha), on=on)["data"]
        assert data["one"] == {"firstName": "Asha", "id": gid(world.asha)}
        assert set(data["two"]) == ({"note"} if on else {"id"})


def test_two_hundred_and_fifty_orders_are_answered_quickly(caller, world):
    query = "{ orders(first: 250) { nodes { id name email phone billingAddress { name city zip } lineItems(first: 5) { nodes { title } } } } }"
    caller.ask(query)
    start = time.perf_counter()
    assert len(caller.ask(query)["data"]["orders"]["nodes"]) == 100
    assert time.perf_counter() - start < 1
