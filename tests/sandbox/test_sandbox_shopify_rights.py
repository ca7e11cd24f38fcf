"""Tokens that are refreshed once, missing scopes and protected fields, versions, and refused erasures."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
import requests

from bridge.sandbox.world import invent_world

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
WORLD = invent_world(now=NOW)
ASHA, BIKRAM = (f"gid://shopify/Customer/{one.id}" for one in WORLD.people[:2])
APP = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}
ERASE = "mutation E($id: ID!) { out: customerRequestDataErasure(customerId: $id) { customerId userErrors { code message } } }"
CANCEL = "mutation C($id: ID!) { out: customerCancelDataErasure(customerId: $id) { customerId userErrors { code message } } }"


@pytest.fixture
def caller(stand_in):
    stand_in.reset()
    stand_in.faults.clear()
    stand_in._control_tokens({"fixed": "shpat_fixed"})
    yield Caller(stand_in)
    stand_in.reset()
    stand_in.faults.clear()
    stand_in._control_tokens({"expires_in": 86_399, "hour_s": 3_600, "refresh_lasts_s": 7_776_000})


class Caller:
    def __init__(self, running):
        self.base, self.token = running.base_url, "shpat_fixed"

    def control(self, word, **given):
        return requests.post(f"{self.base}/_sandbox/{word}", json=given, timeout=5).json()

    def grant(self, **form):
        return requests.post(f"{self.base}/admin/oauth/access_token", data=APP | form, timeout=5)

    def refresh(self, token):
        return self.grant(grant_type="refresh_token", refresh_token=token)

    def post(self, query, version="2026-10", **variables):
        url = f"{self.base}/admin/api/{version}/graphql.json"
        headers = {"X-Shopify-Access-Token": self.token}
        return requests.post(url, json={"query": query, "variables": variables}, headers=headers, timeout=5)

    def ask(self, query, **variables):
        return self.post(query, **variables).json()


def test_a_code_is_exchanged_for_an_hours_token_and_a_refresh_token(caller):
    caller.control("tokens", code="from-the-merchant")
    given = caller.grant(code="from-the-merchant", expiring="1").json()
    assert (given["expires_in"], given["refresh_token_expires_in"]) == (3_600, 7_776_000)
    assert given["refresh_token"].startswith("shprt_")
    assert caller.grant(code="from-the-merchant", expiring="1").status_code == 400
    caller.control("tokens", code="again")
    lasting = caller.grant(code="again").json()
    assert set(lasting) == {"access_token", "scope"}
    caller.token = lasting["access_token"]
    assert caller.post("{ shop { id } }").status_code == 200


def test_a_refresh_token_stays_valid_until_its_replacement_is_used(caller):
    first = caller.control("tokens", refreshable=True)["refresh_token"]
    lost = caller.refresh(first).json()["refresh_token"]
    second = caller.refresh(first).json()  # the answer was lost: requested again
    caller.token = second["access_token"]
    assert caller.post("{ shop { id } }").status_code == 200
    assert caller.refresh(lost).status_code == 401
    assert caller.refresh(second["refresh_token"]).status_code == 200
    refused = caller.refresh(first)
    assert refused.status_code == 401
    assert refused.json() == {
        "error": "invalid_request",
        "error_description": "This request requires an active refresh_token",
    }


def test_refresh_tokens_and_their_tokens_expire(caller):
    caller.control("tokens", hour_s=1.5, refresh_lasts_s=1.5)
    pair = caller.control("tokens", refreshable=True)
    caller.token = pair["access_token"]
    assert caller.post("{ shop { id } }").status_code == 200
    time.sleep(1.6)
    assert caller.post("{ shop { id } }").status_code == 401
    assert caller.refresh(pair["refresh_token"]).status_code == 401
    assert caller.refresh("shprt_unknown").status_code == 401
    assert caller.grant(grant_type="password").json()["error"] == "unsupported_grant_type"


@pytest.mark.parametrize(
    ("scope", "inside", "path"),
    [
        ("read_customer_payment_methods", "paymentMethods(first: 5) { nodes { id } }", "paymentMethods"),
        ("read_store_credit_accounts", "storeCreditAccounts(first: 5) { nodes { id } }", "storeCreditAccounts"),
        (
            "read_own_subscription_contracts",
            "subscriptionContracts(first: 5) { nodes { id } }",
            "subscriptionContracts",
        ),
    ],
)
def test_a_denied_scope_of_a_part_makes_the_customer_null(caller, scope, inside, path):
    query = f"query Q($id: ID!) {{ customer(id: $id) {{ id {inside} }} shop {{ id }} }}"
    assert "errors" not in caller.ask(query, id=ASHA)
    caller.control("faults", kind="deny_scope", scope=scope)
    answer = caller.ask(query, id=ASHA)
    assert answer["data"]["customer"] is None  # these lists may not be null, so the null propagates
    assert answer["data"]["shop"]
    assert answer["errors"][0]["path"] == ["customer", path]
    assert answer["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"
    assert f"`{scope}` access scope" in answer["errors"][0]["extensions"]["requiredAccess"]


@pytest.mark.parametrize(
    ("scope", "query", "path"),
    [
        ("read_gift_cards", "{ one: giftCards(first: 1) { nodes { id } } }", ["one"]),
        ("read_content", "{ comments(first: 1) { nodes { id } } }", ["comments"]),
        ("read_metaobjects", '{ metaobjects(type: "customer_note", first: 1) { nodes { id } } }', ["metaobjects"]),
        ("read_shopify_payments_disputes", "{ disputes(first: 1) { nodes { id } } }", ["disputes"]),
        (
            "read_shopify_payments_dispute_evidences",
            "{ disputes(first: 1) { nodes { id disputeEvidence { id } } } }",
            ["disputes", "nodes", 0, "disputeEvidence"],
        ),
        (
            "read_merchant_managed_fulfillment_orders",
            "{ orders(first: 1) { nodes { fulfillmentOrders(first: 1) { nodes { id } } } } }",
            ["orders", "nodes", 0, "fulfillmentOrders"],
        ),
    ],
)
def test_a_denied_scope_names_the_path(caller, scope, query, path):
    assert "errors" not in caller.ask(query)
    caller.control("faults", kind="deny_scope", scope=scope)
    answer = caller.ask(query)
    assert answer["errors"][0]["path"] == path
    assert scope in answer["errors"][0]["extensions"]["requiredAccess"]


def test_companies_are_open_with_the_scope_of_customers_or_companies(caller):
    query = "{ companies(first: 5) { nodes { name } } }"
    caller.control("faults", kind="deny_scope", scope="read_companies")
    assert caller.ask(query)["data"]["companies"]["nodes"] == [{"name": "canary-Company-name"}]
    caller.control("faults", kind="deny_scope", scope="read_customers")
    assert caller.ask(query)["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"


def test_a_group_of_protected_fields_can_be_unapproved_as_a_whole(caller):
    caller.control("faults", kind="deny_field", group="email")
    query = """query Q($id: ID!) { order(id: $id) { email phone note fulfillmentOrders(first: 1) { nodes { destination {
      email city } } } } }"""
    answer = caller.ask(query, id=f"gid://shopify/Order/{WORLD.orders[0].id}")
    assert answer["data"]["order"]["email"] is None
    assert answer["data"]["order"]["phone"] == WORLD.asha.phone
    assert answer["data"]["order"]["fulfillmentOrders"]["nodes"][0]["destination"]["email"] is None
    assert [one["path"][-1] for one in answer["errors"]] == ["email", "email"]


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [
        ("2026-01", "2026-01"),
        ("2026-04", "2026-04"),
        ("2026-07", "2026-07"),
        ("2026-10", "2026-10"),
        ("2024-01", "2026-01"),
        ("2025-10", "2026-01"),
        ("2026-05", "2026-01"),
        ("2027-01", "2026-10"),
        ("unstable", "2026-10"),
    ],
)
def test_an_unknown_version_falls_forward(caller, asked, spoken):
    assert caller.post("{ shop { id } }", version=asked).headers["X-Shopify-API-Version"] == spoken


def test_an_erasure_can_be_refused(caller):
    nobody = "gid://shopify/Customer/1"
    assert caller.ask(ERASE, id=nobody)["data"]["out"]["userErrors"][0]["code"] == "DOES_NOT_EXIST"
    assert caller.ask(CANCEL, id=nobody)["data"]["out"]["userErrors"][0]["code"] == "DOES_NOT_EXIST"
    assert caller.ask(CANCEL, id=BIKRAM)["data"]["out"]["userErrors"][0]["code"] == "NOT_BEING_ERASED"
    caller.control("erasure", customer_id=BIKRAM, by="merchant")
    refused = caller.ask(CANCEL, id=BIKRAM)["data"]["out"]
    assert refused["userErrors"][0]["code"] == "UNAUTHORIZED_CANCELLATION"
    assert refused["customerId"] is None
    caller.control("erasure", fail=True)
    assert caller.ask(ERASE, id=ASHA)["data"]["out"]["userErrors"][0]["code"] == "FAILED_TO_REQUEST"
    caller.control("erasure", fail=False)
    assert caller.ask(ERASE, id=ASHA)["data"]["out"] == {"customerId": ASHA, "userErrors": []}
    caller.control("erasure", fail=True)
    assert caller.ask(CANCEL, id=ASHA)["data"]["out"]["userErrors"][0]["code"] == "FAILED_TO_CANCEL"


def test_an_erasure_falls_due_after_the_delay_and_not_before(caller):
    look = "query L($id: ID!) { customer(id: $id) { firstName emailMarketingConsent { marketingState } } }"
    caller.control("erasure", delay_s=3600)
    caller.ask(ERASE, id=ASHA)
    assert caller.ask(look, id=ASHA)["data"]["customer"]["firstName"] == "Asha"
    caller.control("erasure", delay_s=0)
    gone = caller.ask(look, id=ASHA)["data"]["customer"]
    assert gone == {"firstName": None, "emailMarketingConsent": {"marketingState": "REDACTED"}}
    assert caller.ask(CANCEL, id=ASHA)["data"]["out"]["userErrors"][0]["code"] == "NOT_BEING_ERASED"


def test_an_orders_attributes_are_replaced_as_a_whole(caller):
    write = "mutation U($i: OrderInput!) { orderUpdate(input: $i) { order { note customAttributes { key value } } } }"
    order = f"gid://shopify/Order/{WORLD.orders[0].id}"
    given = {"id": order, "note": "", "customAttributes": [{"key": "delivery_slot", "value": "after 6pm"}]}
    answer = caller.ask(write, i=given)
    assert answer["data"]["orderUpdate"]["order"] == {"note": "", "customAttributes": given["customAttributes"]}
    missing = {"id": "gid://shopify/Order/1", "note": ""}
    assert caller.ask(write, i=missing)["data"]["orderUpdate"]["order"] is None
    wrong = caller.ask(write, i=given | {"billingAddress": {}})["errors"][0]
    assert wrong["extensions"]["code"] == "INVALID_VARIABLE"


def test_a_deleted_record_is_not_found(caller):
    draft, comment = WORLD.drafts[0], WORLD.comments[0]
    drafts = (
        "mutation D($i: DraftOrderDeleteInput!) { draftOrderDelete(input: $i) { deletedId userErrors { message } } }"
    )
    number = f"gid://shopify/DraftOrder/{draft.id}"
    assert caller.ask(drafts, i={"id": number})["data"]["draftOrderDelete"]["deletedId"] == number
    assert caller.ask(drafts, i={"id": number})["data"]["draftOrderDelete"]["userErrors"]
    comments = "mutation D($id: ID!) { commentDelete(id: $id) { deletedCommentId userErrors { code } } }"
    number = f"gid://shopify/Comment/{comment.id}"
    assert caller.ask(comments, id=number)["data"]["commentDelete"]["deletedCommentId"] == number
    assert caller.ask(comments, id=number)["data"]["commentDelete"]["userErrors"]
    remaining = caller.ask(
        "{ draftOrders(first: 5) { nodes { id } } comments(first: 5) { nodes { author { name } } } }"
    )
    assert remaining["data"]["draftOrders"]["nodes"] == []
    assert "Asha" not in str(remaining["data"]["comments"])


def test_a_customer_with_orders_cannot_be_deleted_and_one_without_can(caller):
    delete = "mutation D($i: CustomerDeleteInput!) { customerDelete(input: $i) { deletedCustomerId userErrors { message } } }"
    refused = caller.ask(delete, i={"id": ASHA})["data"]["customerDelete"]["userErrors"][0]["message"]
    assert refused == "Customer can't be deleted because they have associated orders"
    opt_out = 'mutation { dataSaleOptOut(email: "new@example.com") { customerId } }'
    made = caller.ask(opt_out)["data"]["dataSaleOptOut"]["customerId"]
    assert caller.ask(delete, i={"id": made})["data"]["customerDelete"]["deletedCustomerId"] == made
    assert caller.ask(delete, i={"id": made})["data"]["customerDelete"]["userErrors"]


def test_consent_is_withdrawn_but_never_set_to_redacted(caller):
    write = """mutation W($i: CustomerEmailMarketingConsentUpdateInput!) { customerEmailMarketingConsentUpdate(input: $i) {
      customer { defaultEmailAddress { marketingState } } userErrors { code } } }"""

    def update_consent(state, owner=ASHA):
        return caller.ask(write, i={"customerId": owner, "emailMarketingConsent": {"marketingState": state}})

    answer = update_consent("UNSUBSCRIBED")["data"]["customerEmailMarketingConsentUpdate"]
    assert answer["customer"]["defaultEmailAddress"]["marketingState"] == "UNSUBSCRIBED"
    assert update_consent("INVALID")["data"]["customerEmailMarketingConsentUpdate"]["userErrors"] == [
        {"code": "INCLUSION"}
    ]
    assert update_consent("PENDING", "gid://shopify/Customer/1")["data"]["customerEmailMarketingConsentUpdate"][
        "userErrors"
    ]
    assert update_consent("REDACTED")["errors"][0]["extensions"]["code"] == "INVALID"
    texts = """mutation W($i: CustomerSmsMarketingConsentUpdateInput!) { customerSmsMarketingConsentUpdate(input: $i) {
      customer { defaultPhoneNumber { marketingState } } userErrors { code } } }"""
    given = {"customerId": ASHA, "smsMarketingConsent": {"marketingState": "UNSUBSCRIBED"}}
    answer = caller.ask(texts, i=given)["data"]["customerSmsMarketingConsentUpdate"]
    assert answer["customer"]["defaultPhoneNumber"]["marketingState"] == "UNSUBSCRIBED"


def test_a_gift_cards_note_is_overwritten(caller):
    write = "mutation W($id: ID!, $i: GiftCardUpdateInput!) { giftCardUpdate(id: $id, input: $i) { giftCard { note } userErrors { message } } }"
    card = f"gid://shopify/GiftCard/{WORLD.gift_cards[0].id}"
    assert caller.ask(write, id=card, i={"note": ""})["data"]["giftCardUpdate"]["giftCard"] == {"note": ""}
    assert caller.ask(write, id="gid://shopify/GiftCard/1", i={"note": ""})["data"]["giftCardUpdate"]["userErrors"]


def test_a_wrong_argument_is_refused(caller):
    fault = caller.ask('{ customer(email: "a@example.com") { id } }')["errors"][0]
    assert fault["extensions"]["code"] in {"argumentNotAccepted", "missingRequiredArguments"}
