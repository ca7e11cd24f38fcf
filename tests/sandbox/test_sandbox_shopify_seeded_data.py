"""Every value that Shopify can hold of a customer is seeded for Asha, and a query finds it; no other customer has it."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime

import pytest
import requests
from graphql import FieldNode, GraphQLEnumType, GraphQLScalarType, get_named_type, parse

from bridge.sandbox.schema import VERSIONS, load_schema
from bridge.sandbox.schema.personal import get_canary, list_personal_fields, list_protected_fields, load_personal_fields
from bridge.sandbox.shopify import ShopifyStandIn
from bridge.sandbox.shopify.records.seeded_data import list_seeded_values
from bridge.sandbox.world import invent_world, rest

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
NEWEST = VERSIONS[-1]
SHORT = {
    "EVENTS": "events { ... on BasicEvent { _ } ... on CommentEvent { attachments } }",
    "VISIT": "{ utmParameters marketingEvent }",
    "CARD": "{ billingAddress }",
}
# Paths from a root to all personal data; the personal fields themselves are added type by type.
WALKS = {
    "person": """{ customer { taxSettings image identityProviderSubjects statistics defaultEmailAddress
      defaultPhoneNumber { smsMarketingConsent whatsAppMarketingConsent } emailMarketingConsent smsMarketingConsent
      addressesV2 metafields EVENTS } }""",
    "person's money": """{ customer { paymentMethods { instrument { ... on CustomerCreditCard CARD
      ... on CustomerPaypalBillingAgreement CARD ... on CustomerShopPayAgreement CARD ... on BankAccount CARD } }
      storeCreditAccounts { balance transactions { amount } } } }""",
    "person's contracts": """{ customer { subscriptionContracts { customAttributes lines billingAttempts
      deliveryMethod { ... on SubscriptionDeliveryMethodLocalDelivery { address localDeliveryOption } } }
      companyContactProfiles { company roleAssignments { role companyLocation { billingAddress shippingAddress
      taxSettings } } } } }""",
    "orders": """{ customer { orders { billingAddress customAttributes localizedFields localizationExtensions metafields
      cancellation shippingLine lineItems { customAttributes lineItemGroup { customAttributes } } EVENTS
      disputes agreements paymentTerms purchasingEntity { ... on PurchasingCompany { contact company } } } } }""",
    "orders' money": """{ customer { orders { transactions { paymentDetails { ... on CardPaymentDetails { _ }
      ... on LocalPaymentMethodsPaymentDetails { _ } ... on PaypalWalletPaymentDetails { _ }
      ... on ShopPayInstallmentsPaymentDetails { _ } } } refunds { transactions } risk { assessments { facts } } } } }""",
    "journeys": """{ customer { orders { customerJourney customerJourneySummary { firstVisit VISIT moments {
      ... on CustomerVisit VISIT } } } } }""",
    "parcels": """{ customer { orders { fulfillments { trackingInfo events originAddress } fulfillmentOrders { destination
      deliveryMethod { additionalInformation } merchantRequests fulfillmentHolds }
      returns { decline returnLineItems reverseFulfillmentOrders { reverseDeliveries { deliverable {
      ... on ReverseDeliveryShippingDeliverable { tracking label } } } } } } } }""",
    "drafts": """{ draftOrders { customAttributes appliedDiscount localizedFields shippingLine metafields
      purchasingEntity { ... on PurchasingCompany { company } } EVENTS } }""",
    "cards": "{ giftCards { recipientAttributes transactions } }",
    "checkouts": "{ abandonedCheckouts { customAttributes lineItems { customAttributes } } }",
    "what was left": "{ abandonmentByAbandonedCheckoutId { productsViewed { product } productsAddedToCart { product } } }",
    "comments": "{ comments { author } }",
    "disputes": "{ disputes { disputeEvidence { billingAddress } order { customer } } }",
    "segments": "{ customerSegmentMembership { memberships } }",
    "metaobjects": "{ metaobjects { fields } }",
    "tenders": """{ tenderTransactions { order { customer } transactionDetails {
      ... on TenderTransactionCreditCardDetails { _ } } } }""",
}


@pytest.fixture(scope="module")
def stand_in(world):
    with ShopifyStandIn(world, maximum=1e6, restore_rate=1e6) as stand_in:
        stand_in._control_tokens({"fixed": "shpat_fixed"})
        yield stand_in


@pytest.fixture
def post(stand_in):
    stand_in.faults.clear()
    with requests.Session() as http:

        def post(query, version=NEWEST, **variables):
            url = f"{stand_in.base_url}/admin/api/{version}/graphql.json"
            headers = {"X-Shopify-Access-Token": "shpat_fixed"}
            return http.post(url, json={"query": query, "variables": variables}, headers=headers, timeout=10).json()

        yield post
    stand_in.reset()


def written(schema, world):
    """Return a path as a query: arguments, pages, and every personal field of every type on it."""
    arguments = {
        "customer": f'id: "gid://shopify/Customer/{world.asha.id}"',
        "metaobjects": 'type: "customer_note", first: 50',
        "abandonmentByAbandonedCheckoutId": f'abandonedCheckoutId: "gid://shopify/AbandonedCheckout/{world.checkouts[0].id}"',
        "customerSegmentMembership": f'customerId: "gid://shopify/Customer/{world.asha.id}", segmentIds: '
        f'["{list_seeded_values(world)["SegmentMembership.segmentId"]}"]',
    }

    def inside(kind, nodes):
        names = [one.name.value for one in nodes if isinstance(one, FieldNode)]
        own = [one.field for one in load_personal_fields() if one.type_name == kind.name and one.field not in names]
        own = [one for one in own if one in kind.fields]
        return " ".join(["__typename", *own, *(field(kind, one) for one in nodes)])

    def field(kind, node):
        if not isinstance(node, FieldNode):
            wanted = schema.type_map[node.type_condition.name.value]
            return f"... on {wanted.name} {{ {inside(wanted, node.selection_set.selections)} }}"
        name = node.name.value
        if name == "_":
            return "__typename"
        inner = get_named_type(kind.fields[name].type)
        page = inner.name.endswith("Connection")
        given = arguments.get(name, "") if kind.name == "QueryRoot" else ""
        if not given and (page or "first" in kind.fields[name].args):
            given = f"first: {50 if kind.name == 'QueryRoot' else 5}"
        target = get_named_type(inner.fields["nodes"].type) if page else inner
        nodes = node.selection_set.selections if node.selection_set else ()
        body = inside(target, nodes)
        return f"{name}{f'({given})' if given else ''} {{ {f'nodes {{ {body} }}' if page else body} }}"

    def write(walk):
        for word, meaning in SHORT.items():
            walk = walk.replace(word, meaning)
        selections = parse(walk).definitions[0].selection_set.selections
        return "{ " + " ".join(field(schema.query_type, one) for one in selections) + " }"

    return write


def leaves(schema, value):
    """Yield (Type.field, value) of everything in an answer; `__typename` gives the types."""
    if isinstance(value, list):
        for one in value:
            yield from leaves(schema, one)
    if not isinstance(value, dict) or "__typename" not in value:
        return
    kind = schema.type_map[value["__typename"]]
    for name, one in value.items():
        if name == "__typename" or one is None:
            continue
        inner = get_named_type(kind.fields[name].type)
        if not isinstance(inner, GraphQLScalarType | GraphQLEnumType):
            yield from leaves(schema, one.get("nodes", one) if isinstance(one, dict) else one)
            continue
        if isinstance(inner, GraphQLEnumType):
            assert set(one if isinstance(one, list) else [one]) <= set(inner.values), (kind.name, name, one)
        for spoken in (kind, *kind.interfaces):
            if name in spoken.fields:
                yield f"{spoken.name}.{name}", one


@pytest.fixture(scope="module")
def answers(stand_in, world):
    schema, url = load_schema(NEWEST), f"{stand_in.base_url}/admin/api/{NEWEST}/graphql.json"
    write = written(schema, world)
    out = {}
    for name, walk in WALKS.items():
        headers = {"X-Shopify-Access-Token": "shpat_fixed"}
        out[name] = requests.post(url, json={"query": write(walk)}, headers=headers, timeout=10).json()
    return out


def test_every_seeded_value_is_found_in_its_field(answers, world):
    schema, found = load_schema(NEWEST), {}
    for name, answer in answers.items():
        assert "errors" not in answer, (name, answer["errors"][0])
        for root in answer["data"].values():
            rows = root.get("nodes", root)
            for place, value in leaves(schema, rows):
                found.setdefault(place, []).append(json.dumps(value, ensure_ascii=False))
    wanted = list_seeded_values(world)
    missing = {place: value for place, value in wanted.items() if not any(value in one for one in found.get(place, ()))}
    assert not missing
    assert len(wanted) > 300
    # values that other customers may share were at least answered
    silent = {one.name for one in load_personal_fields()} - {
        place for place, values in found.items() if values != ["null"]
    }
    assert silent == set()


def test_no_other_customer_has_a_seeded_value(post, world):
    query = """query Q($id: ID!) { customer(id: $id) { displayName multipassIdentifier paymentMethods(first: 5) { nodes { id } }
      storeCreditAccounts(first: 5) { nodes { id } } companyContactProfiles { id } subscriptionContracts(first: 5) { nodes { id } }
      orders(first: 9) { nodes { poNumber disputes { id } risk { assessments { riskLevel } } } } } }"""
    answer = post(query, id=f"gid://shopify/Customer/{world.bikram.id}")
    assert answer["data"]["customer"]["displayName"] == "Bikram Canaryson"
    assert "canary-" not in json.dumps(answer)


@pytest.mark.parametrize("walk", ["comments", "checkouts", "metaobjects", "disputes", "tenders"])
def test_where_shopify_cannot_search_by_customer_rows_of_others_come_too(answers, walk, world):
    text = json.dumps(answers[walk])
    (root,) = answers[walk]["data"].values()
    assert len(root["nodes"]) > 1
    assert "Bikram" in text or str(world.bikram.id) in text


def test_a_search_for_asha_finds_a_checkout_of_another_customer(post, world):
    query = "query Q($q: String!) { abandonedCheckouts(first: 9, query: $q) { nodes { note customer { id } } } }"
    nodes = post(query, q=world.asha.email)["data"]["abandonedCheckouts"]["nodes"]
    owners = [node["customer"]["id"].rpartition("/")[2] for node in nodes]
    assert owners == [str(world.asha.id), str(world.bikram.id)]


def test_a_gift_card_is_found_by_its_buyer_and_by_who_received_it(post, world):
    query = "query Q($q: String!) { giftCards(first: 9, query: $q) { nodes { recipientAttributes { message } } } }"
    bought = post(query, q=f"customer_id:{world.asha.id}")["data"]["giftCards"]["nodes"]
    received = post(query, q=f"recipient_id:{world.asha.id}")["data"]["giftCards"]["nodes"]
    assert [one["recipientAttributes"]["message"] for one in bought] == ["From Asha"]
    assert get_canary("GiftCardRecipient", "message") in json.dumps(received)


def test_every_global_id_of_asha_returns_its_object(post, answers):
    ids = sorted({word for word in json.dumps(answers).split('"') if word.startswith("gid://")})
    ids = [one for one in ids if not one.startswith(("gid://shopify/OrderDispute", "gid://shopify/TenderTrans"))]
    assert len(ids) > 15
    nodes = post("query N($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=ids)["data"]["nodes"]
    assert [node and node["id"] for node in nodes] == ids


def test_after_the_redaction_only_data_that_no_erasure_reaches_remains(stand_in, post, world):
    stand_in.shops[world.shop].redact_customer(world.asha.id)
    schema = load_schema(NEWEST)
    write = written(schema, world)
    remaining = set()
    for name, walk in WALKS.items():
        text = json.dumps(post(write(walk)), ensure_ascii=False)
        if name not in {"comments", "segments"}:
            remaining |= {
                one.name for one in load_personal_fields() if one.text.startswith("canary-") and one.text in text
            }
    assert remaining == {"Order.tags"}  # the shop's own tags of an order stay


def test_a_plain_world_has_no_seeded_value():
    plain = invent_world(now=NOW, rich=False)
    assert list_seeded_values(plain) == {}
    assert "canary-" not in repr(plain)


def test_the_list_of_personal_fields_is_as_the_schema_has_them():
    schema = load_schema(NEWEST)
    assert len({one.name for one in load_personal_fields()}) == len(load_personal_fields()) == 393
    for one in load_personal_fields():
        assert one.field in schema.type_map[one.type_name].fields
    assert (
        len(list_protected_fields("email"))
        + len(list_protected_fields("phone"))
        + len(list_protected_fields("name"))
        + len(list_protected_fields("address"))
        == 63
    )
    with pytest.raises(KeyError):
        list_personal_fields("Nonsense")
    with pytest.raises(KeyError):
        get_canary("Order", "shoeSize")


@pytest.mark.parametrize(
    ("version", "query"),
    [
        ("2026-04", "{ customers(first: 1) { nodes { taxSettings { taxId } } } }"),
        ("2026-04", "{ orders(first: 1) { nodes { cartToken } } }"),
        ("2026-01", "{ customers(first: 1) { nodes { identityProviderSubjects { subject } } } }"),
        ("2026-07", "{ customers(first: 1) { nodes { defaultPhoneNumber { smsMarketingConsent { state } } } } }"),
    ],
)
def test_an_older_version_refuses_what_came_later(post, version, query):
    assert post(query, version)["errors"]
    assert "errors" not in post(query)


def test_an_older_version_omits_types_that_it_does_not_know(post, world):
    query = "query Q($id: ID!) { customer(id: $id) { identityProviderSubjects { id } } }"
    answer = post(query, id=f"gid://shopify/Customer/{world.asha.id}")
    [subject] = answer["data"]["customer"]["identityProviderSubjects"]
    query = "query N($id: ID!) { node(id: $id) { id } }"
    assert post(query, id=subject["id"])["data"]["node"] == subject
    assert post(query, "2026-04", id=subject["id"])["data"]["node"] is None


def test_a_page_of_250_orders_with_everything_nested_is_quick():
    world = invent_world(now=NOW, orders=10, heavy_orders=260)
    query = """{ orders(first: 244) { nodes { id email billingAddress { name city } customAttributes { key value }
      lineItems(first: 5) { nodes { title customAttributes { key value } } } metafields(first: 5) { nodes { key value } }
      fulfillments(first: 5) { trackingInfo(first: 5) { number } } transactions(first: 5) { gateway }
      fulfillmentOrders(first: 2) { nodes { destination { city } } } customerJourneySummary { firstVisit { landingPage } }
      refunds(first: 5) { note } localizedFields(first: 5) { nodes { value } } } } }"""
    with ShopifyStandIn(world) as stand_in:
        stand_in._control_tokens({"fixed": "shpat_fixed"})
        url = f"{stand_in.base_url}/admin/api/{NEWEST}/graphql.json"
        taken = []
        for _ in range(4):
            start = time.perf_counter()
            answer = requests.post(
                url, json={"query": query}, headers={"X-Shopify-Access-Token": "shpat_fixed"}, timeout=10
            )
            taken.append(time.perf_counter() - start)
        assert len(answer.json()["data"]["orders"]["nodes"]) == 244
    assert min(taken) < 0.2


def test_related_records_are_listed_searched_and_fetched(post, world):
    query = """query Q($d: String!, $none: String!, $all: Boolean!) {
      subscriptionContracts(first: 5) { nodes { id note } } companies(first: 5) { nodes { name } } segments(first: 5) { nodes { id } }
      events(first: 50) { nodes { message } } fulfillmentOrders(first: 50, includeClosed: $all) { nodes { id } }
      articles(first: 1) { nodes { id comments(first: 9) { nodes { ip } } } }
      metaobjectDefinitions(first: 5) { nodes { type } } metaobjectDefinitionByType(type: "customer_note") { name }
      unknown: metaobjectDefinitionByType(type: "nothing") { name }
      tender: tenderTransactions(first: 5, query: $d) { nodes { id } } disputes(first: 5, query: $none) { nodes { id } } }"""
    first = min(order.created_at for order in world.orders if order.id in world.disputed_order_ids)
    since = f"processed_at:>={first:%Y-%m-%d}"
    answers_by_flag = {all_: post(query, d=since, none="status:won", all=all_)["data"] for all_ in (True, False)}
    data = answers_by_flag[True]
    assert [one["note"] for one in data["subscriptionContracts"]["nodes"]] == [
        get_canary("SubscriptionContract", "note")
    ]
    assert len(data["segments"]["nodes"]) == 1
    assert any("Asha" in one["message"] for one in data["events"]["nodes"])
    assert len(data["fulfillmentOrders"]["nodes"]) == min(50, len(world.parcels))
    assert answers_by_flag[False]["fulfillmentOrders"]["nodes"] == []  # Shopify lists closed ones only on request
    assert len(data["articles"]["nodes"][0]["comments"]["nodes"]) == 3
    assert data["metaobjectDefinitions"]["nodes"] == [{"type": "customer_note"}]
    assert data["unknown"] is None
    assert len(data["tender"]["nodes"]) == 2
    assert data["disputes"]["nodes"] == []


def test_a_webhook_and_the_api_show_the_same_order(post, world):
    body = rest.build_order(world.orders[0], world.asha, shop_id=world.shop_id)
    query = """query Q($id: ID!) { order(id: $id) { poNumber sourceIdentifier cancelledAt closedAt cartToken checkoutToken
      customerLocale sourceName clientIp } }"""
    order = post(query, id=f"gid://shopify/Order/{world.orders[0].id}")["data"]["order"]
    names = ("po_number", "source_identifier", "cancelled_at", "closed_at", "cart_token", "checkout_token")
    names = (*names, "customer_locale", "source_name", "browser_ip")
    assert [body[name] for name in names] == list(order.values())
