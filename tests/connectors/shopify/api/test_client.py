"""One call to Shopify: tokens, statuses, throttling, denied fields, broken answers; no message quotes personal data."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import responses
import shopify
from responses.matchers import request_kwargs_matcher

from bridge.connectors.http import TIMEOUT_S
from bridge.connectors.shopify import MemoryTokenCache, Shopify
from bridge.connectors.shopify.api.answers import QueryTooCostly, parse_graphql_reply
from bridge.errors import BridgeError, ConnectorRefused, ConnectorThrottled, ConnectorUnavailable, CredentialRejected
from bridge.model import Absence, Outcome, Principal
from tests.kit.silent_logs import forbid_output

SHOP = "contract.myshopify.com"
API = f"https://{SHOP}/admin/api/2026-10/graphql.json"
GRANT = f"https://{SHOP}/admin/oauth/access_token"
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
WHO = Principal(customer_id="7", email="asha.qwertzuiop@example.com")
SECRETS = ("shpat_canary", "canary-secret", "canary-token", "qwertzuiop")
UNREDACTED = {"data": {"customer": {"id": "gid://shopify/Customer/7", "firstName": "Asha"}}}
EVERY_ANSWER_IS_USED = True


def throttled(*, asked=500, available=100, rate=100.0, maximum=2000.0):
    status = {"maximumAvailable": maximum, "currentlyAvailable": available, "restoreRate": rate}
    cost = {"requestedQueryCost": asked, "actualQueryCost": None, "throttleStatus": status}
    error = {"message": "Throttled", "extensions": {"code": "THROTTLED"}}
    return {"errors": [error], "extensions": {"cost": cost}}


def failed(code, **more):
    return {"errors": [{"message": "no", "extensions": {"code": code, **more}}]}


@pytest.fixture
def fixed(waits):
    return Shopify(api_version="2026-10", access_token="shpat_canary", sleep=waits.append)


@pytest.fixture
def granted(waits):
    return Shopify(
        api_version="2026-10", client_id="id", client_secret="canary-secret", sleep=waits.append, now=lambda: NOW
    )


_silent_logs = forbid_output(lambda _: SECRETS)


def read_state(platform, principal=WHO):
    return platform.read_erasure_state(principal, shop=SHOP)


def test_a_call_carries_the_token_and_has_a_timeout(mock, fixed):
    mock.post(
        API,
        json=UNREDACTED,
        match=[
            request_kwargs_matcher({"timeout": TIMEOUT_S}),
            responses.matchers.header_matcher({"X-Shopify-Access-Token": "shpat_canary"}),
        ],
    )
    assert read_state(fixed).outcome is Outcome.UNCONFIRMED
    sent = json.loads(mock.calls[0].request.body)
    assert sent["variables"] == {"identifier": {"id": "gid://shopify/Customer/7"}}


def test_the_state_of_the_library_is_left_alone(mock, fixed):
    before = dict(shopify.ShopifyResource.get_headers())
    mock.post(API, json=UNREDACTED)
    read_state(fixed)
    assert shopify.ShopifyResource.get_headers() == before


def test_a_redirect_is_refused_and_the_token_is_not_sent_on(mock, fixed):
    mock.post(API, status=302, headers={"Location": "https://evil.example/"})
    with pytest.raises(ConnectorRefused):
        read_state(fixed)


@pytest.mark.parametrize(
    "shop", ["evil.com", "evil.com/.myshopify.com", "a.myshopify.com\n", "-a.myshopify.com", "A.myshopify.com", ""]
)
def test_only_a_shops_own_domain_gets_a_token(fixed, shop):
    with pytest.raises(ConnectorRefused, match="not a shop domain"):
        fixed.read_erasure_state(WHO, shop=shop)


# --- tokens ---------------------------------------------------------------------------------------------


def grant(mock, word="canary-token", **more):
    return mock.post(GRANT, json={"access_token": word, "scope": "read_orders", "expires_in": 86399}, **more)


def test_a_token_is_asked_for_once_and_kept(mock, granted):
    form = {"grant_type": "client_credentials", "client_id": "id", "client_secret": "canary-secret"}
    asked = grant(mock, match=[responses.matchers.urlencoded_params_matcher(form)])
    mock.post(API, json=UNREDACTED)
    read_state(granted)
    read_state(granted)
    assert asked.call_count == 1


@pytest.mark.parametrize(("remaining_s", "asked"), [(301, 0), (299, 1)])
def test_a_token_is_renewed_five_minutes_before_it_ends(mock, waits, remaining_s, asked):
    cache = MemoryTokenCache()
    cache.save_token(SHOP, "canary-token-old", NOW + timedelta(seconds=remaining_s))
    platform = Shopify(
        api_version="2026-10", client_id="id", client_secret="canary-secret", tokens=cache, now=lambda: NOW
    )
    if asked:
        grant(mock)
    mock.post(API, json=UNREDACTED)
    read_state(platform)
    assert len(mock.calls) == 1 + asked


def test_a_refused_token_is_renewed_once(mock, granted):
    grant(mock, "canary-token-1")
    mock.post(API, status=401)
    grant(mock, "canary-token-2")
    mock.post(API, json=UNREDACTED)
    assert read_state(granted).outcome is Outcome.UNCONFIRMED
    mock.post(API, status=401)
    with pytest.raises(CredentialRejected, match="token rejected"):
        read_state(granted)


def test_a_refused_fixed_token_is_not_tried_again(mock, fixed):
    asked = mock.post(API, status=401)
    with pytest.raises(CredentialRejected, match="token rejected"):
        read_state(fixed)
    assert asked.call_count == 1


def test_without_credentials_a_person_must_act():
    with pytest.raises(CredentialRejected, match="shopify: no credentials"):
        read_state(Shopify(api_version="2026-10"))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"status": 400, "json": {"error": "shop_not_permitted"}}, CredentialRejected),
        ({"status": 200, "body": "<html>"}, ConnectorUnavailable),
        ({"status": 200, "json": {"access_token": ""}}, ConnectorUnavailable),
        ({"status": 200, "json": ["x"]}, ConnectorUnavailable),
        ({"status": 503}, ConnectorUnavailable),
    ],
)
def test_a_missing_token_is_reported_in_our_words(mock, granted, answer, error):
    mock.post(GRANT, **answer)
    with pytest.raises(error):
        read_state(granted)


# --- what answers mean ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "error", "word"),
    [
        (402, CredentialRejected, "frozen"),
        (403, CredentialRejected, "forbidden"),
        (404, ConnectorRefused, "unknown shop"),
        (423, CredentialRejected, "locked"),
        (400, ConnectorRefused, "400"),
        (500, ConnectorUnavailable, "500"),
        (502, ConnectorUnavailable, "502"),
    ],
)
def test_a_status_becomes_an_error_with_a_constant_word(mock, granted, status, error, word):
    grant(mock)
    mock.post(API, status=status, body="asha.qwertzuiop@example.com")
    with pytest.raises(error, match=word) as caught:
        read_state(granted)
    assert "qwertzuiop" not in str(caught.value)


def test_429_waits_for_retry_after(mock, fixed, waits):
    mock.post(API, status=429, headers={"Retry-After": "2.0"})
    mock.post(API, json=UNREDACTED)
    read_state(fixed)
    assert waits == [2.0]


def test_one_500_is_retried(mock, fixed, waits):
    mock.post(API, status=500)
    mock.post(API, json=UNREDACTED)
    read_state(fixed)
    assert len(waits) == 1


def test_a_throttled_call_waits_until_the_bucket_is_full_enough(mock, fixed, waits):
    mock.post(API, json=throttled(asked=500, available=100, rate=100))
    mock.post(API, json=UNREDACTED)
    read_state(fixed)
    assert waits == [pytest.approx(4.1)]


def test_throttling_without_numbers_waits_a_second(mock, fixed, waits):
    mock.post(API, json={"errors": [{"message": "Throttled"}]})
    mock.post(API, json=UNREDACTED)
    read_state(fixed)
    assert waits == [1.0]


def test_the_wait_in_one_call_is_bounded(mock, fixed, waits):
    mock.post(API, json=throttled(asked=1000, available=0, rate=100))
    with pytest.raises(ConnectorThrottled) as caught:
        read_state(fixed)
    assert sum(waits) <= 30
    assert caught.value.retry_after_s == pytest.approx(10.1)


def test_a_query_larger_than_the_bucket_is_not_waited_for(mock, fixed, waits):
    mock.post(API, json=throttled(asked=900, available=500, maximum=800))
    with pytest.raises(QueryTooCostly):
        read_state(fixed)
    assert waits == []


def test_a_truncated_answer_is_retried(mock, fixed, waits):
    mock.post(API, body='{"data":{"custo')
    mock.post(API, json=UNREDACTED)
    assert read_state(fixed).outcome is Outcome.UNCONFIRMED
    assert len(waits) == 1


def test_an_internal_error_is_retried_and_then_raised(mock, fixed, waits):
    asked = mock.post(API, json=failed("INTERNAL_SERVER_ERROR", requestId="x"))
    with pytest.raises(ConnectorUnavailable, match="INTERNAL_SERVER_ERROR"):
        read_state(fixed)
    assert asked.call_count == 3


@pytest.mark.parametrize(
    "body", ["", "<html>busy</html>", '{"data":{"custo', "[]", "null", "{}", '{"data":null}', "[" * 100_000]
)
def test_an_answer_that_is_no_graphql_is_an_outage(body):
    with pytest.raises(ConnectorUnavailable):
        parse_graphql_reply(body.encode())


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (failed("MAX_COST_EXCEEDED", cost=2003, maxCost=1000), QueryTooCostly),
        (failed("undefinedField"), ConnectorRefused),
        (failed("INVALID_VARIABLE"), ConnectorRefused),
        ({"errors": "[API] Invalid API key or access token"}, ConnectorRefused),
        ({"errors": ["odd"]}, ConnectorRefused),
    ],
)
def test_a_refusal_names_a_code_and_nothing_of_the_query(body, error):
    with pytest.raises(error) as caught:
        parse_graphql_reply(json.dumps(body).encode())
    assert isinstance(caught.value, BridgeError)


def test_a_denied_field_becomes_one_gap_and_the_other_fields_are_read():
    def denied(row, message="Access denied", **about):
        path = ["customer", "orders", "nodes", row, "phone"]
        return {"message": message, "path": path, "extensions": {"code": "ACCESS_DENIED", **about}}

    unapproved = "This app is not approved to use the email field. See https://shopify.dev/…"
    answer = {
        "data": {"customer": {"id": "1"}},
        "errors": [
            denied(0, requiredAccess="`read_phones` access scope."),
            denied(1, requiredAccess="`read_phones` access scope."),
            {"message": unapproved, "path": ["customer", "email"]},
            {"message": "Access denied", "extensions": {"code": "ACCESS_DENIED"}},
        ],
    }
    reply = parse_graphql_reply(json.dumps(answer).encode())
    assert reply.data == {"customer": {"id": "1"}}
    assert [(gap.absence, gap.what, gap.reason) for gap in reply.gaps] == [
        (Absence.DENIED, "order.phone", "read_phones"),
        (Absence.DENIED, "customer.email", "not_approved"),
        (Absence.DENIED, "answer", "access_denied"),
    ]


# --- erasure state and check ----------------------------------------------------------------------------


def contact(email, phone, **about):
    customer = {
        "id": "gid://shopify/Customer/7",
        "defaultEmailAddress": email and {"marketingState": email},
        "defaultPhoneNumber": phone and {"marketingState": phone},
        **about,
    }
    return {"data": {"customer": customer}}


def denied_at(*path):
    return {"errors": [{"message": "no", "path": ["customer", *path], "extensions": {"code": "ACCESS_DENIED"}}]}


REDACTED = {"marketingState": "REDACTED"}


@pytest.mark.parametrize(
    ("answer", "outcome", "reason"),
    [
        (contact("REDACTED", None), Outcome.ERASED, "redacted"),
        (contact("REDACTED", "REDACTED"), Outcome.ERASED, "redacted"),
        (contact("REDACTED", "SUBSCRIBED"), Outcome.UNCONFIRMED, "readable"),
        (contact("NOT_SUBSCRIBED", None), Outcome.UNCONFIRMED, "readable"),
        (contact("NOT_SUBSCRIBED", None, emailMarketingConsent=REDACTED), Outcome.ERASED, "redacted"),
        (contact("SUBSCRIBED", "REDACTED", firstName="Asha"), Outcome.ERASED, "redacted"),
        (contact("INVALID", "SUBSCRIBED", emailMarketingConsent=REDACTED), Outcome.UNCONFIRMED, "readable"),
        (
            contact(None, None, emailMarketingConsent=REDACTED, smsMarketingConsent={"marketingState": "PENDING"}),
            Outcome.UNCONFIRMED,
            "nothing_left",
        ),
        (contact(None, None), Outcome.UNCONFIRMED, "nothing_left"),
        (
            contact(None, None, firstName=" ", lastName="", addressesV2={"nodes": []}),
            Outcome.UNCONFIRMED,
            "nothing_left",
        ),
        (contact(None, None, firstName="Asha"), Outcome.UNCONFIRMED, "readable"),
        (contact(None, None, lastName="Qwertzuiop"), Outcome.UNCONFIRMED, "readable"),
        (contact(None, None, addressesV2={"nodes": [{"id": "1"}]}), Outcome.UNCONFIRMED, "readable"),
        (contact(None, None) | denied_at("firstName"), Outcome.UNCONFIRMED, "denied"),
        (
            contact("SUBSCRIBED", None, emailMarketingConsent=REDACTED) | denied_at("firstName"),
            Outcome.ERASED,
            "redacted",
        ),
        (contact("REDACTED", None) | denied_at("smsMarketingConsent"), Outcome.UNCONFIRMED, "denied"),
        ({"data": {"customer": None}}, Outcome.ABSENT, "unknown_to_shopify"),
        ({"data": {"customer": None}} | failed("ACCESS_DENIED"), Outcome.UNCONFIRMED, "denied"),
    ],
)
def test_redacted_counts_as_erased_and_nothing_left_is_told_apart(mock, fixed, answer, outcome, reason):
    """An e-mail address has no state REDACTED, so only consents and phone numbers decide where there are any."""
    mock.post(API, json=answer)
    found = read_state(fixed)
    assert (found.outcome, found.reason) == (outcome, reason)
    assert (found.open_orders is None) is (reason != "nothing_left")


def test_without_an_id_the_state_is_read_by_email(mock, fixed):
    mock.post(API, json={"data": {"customer": None}})
    read_state(fixed, Principal(email=" asha.qwertzuiop@example.com"))
    sent = json.loads(mock.calls[0].request.body)
    assert sent["variables"] == {"identifier": {"emailAddress": "asha.qwertzuiop@example.com"}}
    assert read_state(fixed, Principal(order_ids=("1",))).reason == "nothing_to_ask_by"


def test_check_names_the_data_that_each_missing_scope_hides(mock, fixed):
    scopes = [{"handle": "read_customers"}, {"handle": "write_orders"}, {"handle": "read_online_store_pages"}]
    mock.post(API, json={"data": {"currentAppInstallation": {"accessScopes": scopes}, "shop": {"id": "1"}}})
    lines = {line.name: line for line in fixed.run_checks(SHOP)}
    assert lines["shopify token"].ok
    assert lines["shopify reachable"].ok
    assert lines["shopify scope read_orders"].ok
    assert lines["shopify scope read_content"].ok
    assert lines["shopify scope read_all_orders"].ok is False
    assert "orders older than 60 days" in lines["shopify scope read_all_orders"].detail


def test_check_never_raises(mock, fixed):
    assert Shopify(api_version="2026-10").run_checks(SHOP)[0].ok is False
    assert fixed.run_checks("evil.com")[0].ok is False
    mock.post(API, status=402)
    assert [line.ok for line in fixed.run_checks(SHOP)] == [True, False]
