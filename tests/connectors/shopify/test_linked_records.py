"""Records beyond profile and orders: payment methods, companies, disputes, payments, metaobjects, segments."""

import json

import pytest
import responses

from bridge.connectors.shopify import Shopify
from bridge.connectors.shopify.gathering import linked_records
from bridge.model import Absence, Principal
from tests.connectors.shopify.shopify_shop import (
    ALL_SCOPES,
    API,
    ASHA,
    BIKRAM,
    MAIL,
    PRINCIPAL,
    Shop,
    asha,
    findings,
    gaps,
    order,
    walk,
)

AT = "2026-05-01T12:00:00Z"
PAID = {"transactions": [{"id": "gid://shopify/OrderTransaction/1", "processedAt": AT}]}
CARD = {"__typename": "CustomerCreditCard", "name": "Asha Qwertzuiop", "lastDigits": "4242", "maskedNumber": "4242"}
THING = "ring_profile"
NAMES_CUSTOMER = [{"key": "owner", "type": {"name": "customer_reference"}}]


@pytest.fixture
def shop():
    return Shop(customers=[asha()], orders=[order(1, **PAID), order(2), order(3)])


@pytest.fixture(autouse=True)
def _mock(shop):
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        for version in ("2026-01", "2026-04", "2026-07", "2026-10", "2027-01", "unstable"):
            mock.add_callback(responses.POST, API.replace("2026-10", version), callback=shop.answer)
        yield


def gid(kind, number=1):
    return f"gid://shopify/{kind}/{number}"


def tender(number, of, at=AT):
    return {"id": gid("TenderTransaction", number), "processedAt": at, "order": of, "remoteReference": f"pay_{number}"}


def kinds(pages, *skip):
    rows = [(one.kind, one.ref.rpartition("/")[2], one.matched_by) for one in findings(pages)]
    return [row for row in rows if row[0] not in {"customer", "order", *skip}]


def one(pages, kind):
    (found,) = [finding for finding in findings(pages) if finding.kind == kind]
    return found


# --- records of the customer ---------------------------------------------------------------------------------------


def test_records_below_the_customer_are_findings_of_their_own(platform, shop):
    role = {"id": gid("CompanyContactRoleAssignment"), "role": {"id": "r", "name": "Buyer"}}
    shop.customers = [
        asha(
            paymentMethods=[{"id": gid("CustomerPaymentMethod"), "instrument": CARD}],
            storeCreditAccounts=[{"id": gid("StoreCreditAccount"), "balance": {"amount": "5.0"}}],
            subscriptionContracts=[{"id": gid("SubscriptionContract"), "note": "Monthly"}],
            companyContactProfiles=[{"id": gid("CompanyContact"), "title": "Buyer", "roleAssignments": [role]}],
        )
    ]
    pages = walk(platform)
    assert kinds(pages) == [
        ("company_contact", "1", "customer_id"),
        ("payment_method", "1", "customer_id"),
        ("store_credit_account", "1", "customer_id"),
        ("subscription_contract", "1", "customer_id"),
    ]
    assert one(pages, "payment_method").body["instrument"]["lastDigits"] == "4242"
    assert one(pages, "company_contact").body["roleAssignments"][0]["role"]["name"] == "Buyer"
    assert not {"paymentMethods", "companyContactProfiles"} & set(one(pages, "customer").body)


def test_long_lists_of_the_customer_are_read_to_their_end(platform, shop):
    moves = [{"__typename": "StoreCreditAccountCreditTransaction", "createdAt": AT} for _ in range(30)]
    methods = [{"id": gid("CustomerPaymentMethod", number)} for number in range(25)]
    account = {"id": gid("StoreCreditAccount"), "transactions": moves}
    shop.customers = [asha(paymentMethods=methods, storeCreditAccounts=[account])]
    pages = walk(platform)
    assert len([row for row in kinds(pages) if row[0] == "payment_method"]) == 25
    assert len(one(pages, "store_credit_account").body["transactions"]) == 30
    assert gaps(pages) == []
    assert [name for name, _ in shop.calls].count("CustomerRemainingLists") == 1


def test_a_nested_list_that_stays_truncated_is_a_gap(platform, shop):
    moves = [{"__typename": "StoreCreditAccountCreditTransaction", "createdAt": AT} for _ in range(101)]
    shop.customers = [asha(storeCreditAccounts=[{"id": gid("StoreCreditAccount"), "transactions": moves}])]
    assert gaps(walk(platform)) == [(Absence.UNREACHED, "store_credit_account.transactions", "list_too_long")]


@pytest.mark.parametrize("principal", [PRINCIPAL, Principal(email=MAIL)])
def test_only_segments_that_contain_the_customer_are_kept(platform, shop, principal):
    shop.segments = {gid("Segment", 1): ("Lapsed", {ASHA}), gid("Segment", 2): ("Big spenders", {BIKRAM})}
    body = one(walk(platform, principal), "customer").body
    assert body["segments"] == [{"segmentId": gid("Segment", 1), "isMember": True, "name": "Lapsed"}]


# --- linked records ---------------------------------------------------------------------


def test_only_tender_transactions_of_the_customers_orders_are_kept(platform, shop):
    shop.orders.append(order(4, None, **PAID))
    shop.payments = [
        tender(1, shop.orders[0]),
        tender(2, order(9, BIKRAM, "b@example.in")),
        tender(3, shop.orders[0], "2026-06-01T12:00:00Z"),
        tender(4, shop.orders[3]),
        tender(5, None),
    ]
    pages = walk(platform)
    assert kinds(pages) == [("tender_transaction", "1", "customer_id"), ("tender_transaction", "4", "email")]
    assert one_of(pages, "1").body["order"] == {"id": "gid://shopify/Order/1"}
    assert "b@example.in" not in json.dumps([finding.body for finding in findings(pages)])


def one_of(pages, number):
    return next(x for x in findings(pages) if x.kind == "tender_transaction" and x.ref.endswith(f"/{number}"))


def test_an_order_that_only_the_request_names_leads_to_its_payment_too(platform, shop):
    shop.orders.append(order(7, None, None, **PAID))
    shop.payments = [tender(7, shop.orders[3])]
    assert kinds(walk(platform, Principal(order_ids=("7",)))) == [("tender_transaction", "7", "order_id")]


def test_a_dispute_is_found_by_the_number_that_its_order_names(platform, shop):
    shop.orders.append(order(4, disputes=[{"id": gid("OrderDisputeSummary", 55), "status": "WON"}]))
    evidence = {"id": gid("ShopifyPaymentsDisputeEvidence"), "customerEmailAddress": MAIL}
    shop.disputes = [
        {"id": gid("ShopifyPaymentsDispute", 55), "disputeEvidence": evidence},
        {"id": gid("ShopifyPaymentsDispute", 56)},
    ]
    pages = walk(platform)
    assert kinds(pages) == [("dispute", "55", "order_id")]
    assert one(pages, "dispute").body["disputeEvidence"]["customerEmailAddress"] == MAIL


def test_evidence_that_is_denied_leaves_the_dispute(platform, shop):
    shop.orders.append(order(4, disputes=[{"id": gid("OrderDisputeSummary", 55), "status": "WON"}]))
    shop.disputes = [{"id": gid("ShopifyPaymentsDispute", 55)}]
    shop.denied = {("ShopifyPaymentsDispute", "disputeEvidence"): "needs read_shopify_payments_dispute_evidences"}
    pages = walk(platform)
    assert kinds(pages) == [("dispute", "55", "order_id")]
    reason = "read_shopify_payments_dispute_evidences"
    assert gaps(pages) == [(Absence.DENIED, "dispute.disputeEvidence", reason)]


def test_each_abandoned_checkout_has_its_abandonment(platform, shop):
    shop.checkouts = [
        {"id": gid("AbandonedCheckout", number), "customer": {"id": owner}}
        for number, owner in ((1, ASHA), (2, BIKRAM), (3, ASHA))
    ]
    shop.abandonments = [
        {"id": gid("Abandonment", number), "of": gid("AbandonedCheckout", number), "customer": {"id": ASHA}}
        for number in (1, 2, 3)
    ]
    found = kinds(walk(platform), "abandoned_checkout")
    assert found == [("abandonment", "1", "customer_id"), ("abandonment", "3", "customer_id")]


def test_metaobjects_are_kept_if_a_field_references_the_customer(platform, shop):
    shop.definitions = [
        {"type": THING, "fieldDefinitions": NAMES_CUSTOMER},
        {"type": "colour", "fieldDefinitions": [{"key": "hex", "type": {"name": "color"}}]},
        {"type": "gift_list", "fieldDefinitions": [{"key": "for", "type": {"name": "list.customer_reference"}}]},
    ]
    values = {1: (THING, ASHA), 2: (THING, ASHA + "1"), 3: (THING, f'["{ASHA}"]'), 4: ("gift_list", f'["{ASHA}"]')}
    shop.things = [
        {"id": gid("Metaobject", number), "type": kind, "fields": [{"key": "owner", "value": value}]}
        for number, (kind, value) in values.items()
    ]
    found = kinds(walk(platform))
    assert found == [("metaobject", number, "customer_id") for number in "134"]
    assert [variables["type"] for name, variables in shop.calls if name == "LinkedRecords"] == [THING, "gift_list"]


def test_a_metaobject_that_a_customer_metafield_references_comes_with_it(platform, shop):
    thing = {"__typename": "Metaobject", "id": gid("Metaobject"), "displayName": "Size 12"}
    field = {"id": gid("Metafield"), "key": "ring", "value": thing["id"], "reference": thing}
    shop.customers = [asha(metafields=[field])]
    assert one(walk(platform), "customer").body["metafields"][0]["reference"]["displayName"] == "Size 12"


def test_a_list_without_end_is_stopped_and_reported_as_a_gap(platform, shop, monkeypatch):
    monkeypatch.setattr(linked_records, "MAX_LINKED_PAGES", 3)
    shop.definitions = [{"type": THING, "fieldDefinitions": NAMES_CUSTOMER}]
    shop.things = [{"id": gid("Metaobject", number), "type": THING, "fields": []} for number in range(1_000)]
    assert gaps(walk(platform)) == [(Absence.UNREACHED, "metaobjects", "list_too_long")]
    assert [name for name, _ in shop.calls].count("LinkedRecords") == 3


# --- three kinds of absence ------------------------------------------------------------------------------

DESTRUCTIVE = [
    ("QueryRoot", "segments", "customer segments"),
    ("QueryRoot", "customerSegmentMembership", "customer segments"),
    ("QueryRoot", "metaobjectDefinitions", "metaobject definitions"),
    ("QueryRoot", "metaobjects", "metaobjects"),
    ("QueryRoot", "tenderTransactions", "tender transactions"),
    ("Customer", "mergeable", "customer.mergeable"),
    ("Customer", "companyContactProfiles", "company contacts"),
    ("Customer", "paymentMethods", "payment methods"),
    ("Customer", "storeCreditAccounts", "store credit accounts"),
    ("Customer", "subscriptionContracts", "subscription contracts"),
    ("CompanyAddress", "formattedAddress", "company_contact.roleAssignments.companyLocation.billingAddress"),
    ("MailingAddress", "formatted", "customer.addressesV2.formatted"),
    ("Order", "fulfillmentOrders", "order.fulfillmentOrders"),
    ("Order", "paymentTerms", "order.paymentTerms"),
]


@pytest.mark.parametrize(("kind", "field", "what"), DESTRUCTIVE)
def test_each_denied_part_is_named_and_the_others_are_read(platform, shop, kind, field, what):
    place = {"companyLocation": {"id": "l", "billingAddress": {"city": "Pune"}}, "role": {"id": "r"}}
    contact = {"id": gid("CompanyContact"), "roleAssignments": [{"id": "a"} | place]}
    home = {"id": gid("MailingAddress"), "city": "Pune"}
    shop.customers = [asha(companyContactProfiles=[contact], addressesV2=[home])]
    shop.definitions = [{"type": THING, "fieldDefinitions": NAMES_CUSTOMER}]
    shop.segments = {gid("Segment", 1): ("Lapsed", {ASHA})}
    shop.payments = [tender(1, shop.orders[0])]
    shop.denied = {(kind, field): "Access denied"}
    pages = walk(platform)
    found_gaps = gaps(pages)
    assert found_gaps
    assert all(absence is Absence.DENIED for absence, *_ in found_gaps)
    assert any(named.startswith(what) for _, named, _ in found_gaps)
    assert len([x for x in findings(pages) if x.kind == "order"]) == 3
    assert one(pages, "customer").body["addressesV2"][0]["city"] == "Pune"
    lost = {"companyContactProfiles": "company_contact", "tenderTransactions": "tender_transaction"}
    other_kinds = {row[0] for row in kinds(pages)}
    assert other_kinds == {"company_contact", "tender_transaction"} - {lost.get(field)}


def test_data_of_missing_scopes_is_not_requested(platform, shop):
    closed = {"read_customer_payment_methods", "read_metaobjects", "read_merchant_managed_fulfillment_orders"}
    shop.scopes = [scope for scope in ALL_SCOPES if scope not in closed]
    shop.denied = {
        ("Customer", "paymentMethods"): "no",
        ("QueryRoot", "metaobjects"): "no",
        ("Order", "fulfillmentOrders"): "no",
    }
    pages = walk(platform)
    assert {reason for _, _, reason in gaps(pages)} == closed
    assert len([1 for x in findings(pages) if x.kind == "order"]) == 3
    assert len(shop.calls) == 4


@pytest.mark.parametrize(
    ("version", "lost"),
    [("2026-01", 4), ("2026-04", 4), ("2026-07", 0), ("2026-10", 0), ("2027-01", 0), ("unstable", 0)],
)
def test_an_older_version_reports_the_data_it_does_not_have(shop, version, lost):
    platform = Shopify(api_version=version, access_token="shpat_canary")
    found_gaps = gaps(walk(platform))
    assert len(found_gaps) == lost
    assert {(absence, reason) for absence, _, reason in found_gaps} == (
        {(Absence.NOT_CONFIGURED, f"not_in_version_{version}")} if lost else set()
    )


# --- many orders in halves ---------------------------------------------------------------------------


@pytest.mark.parametrize("principal", [PRINCIPAL, Principal(customer_id="99", email=MAIL)])
def test_each_of_many_orders_has_a_finding_for_its_second_half(platform, shop, principal):
    """Few orders are read completely; of many, second halves are a separate pass, so that a page is one call."""
    known = principal is PRINCIPAL
    shop.customers = [asha(numberOfOrders="120")] if known else []
    shop.orders = [
        order(number, ASHA if known else None, poNumber=f"po-{number}", fulfillmentOrders=[{"id": f"f-{number}"}])
        for number in range(1, 121)
    ]
    shop.orders += [order(200, BIKRAM)]
    pages, calls = walk(platform, principal), list(shop.calls)
    orders = {one.ref: one.body for one in findings(pages) if one.kind == "order"}
    histories = {one.ref: one for one in findings(pages) if one.kind == "order_history"}
    complete = [ref for ref, body in orders.items() if "fulfillmentOrders" in body]
    assert len(orders) == 120
    assert len(complete) == (12 if known else 33)
    assert not set(complete) & set(histories)
    assert set(complete) | set(histories) == set(orders)
    last = histories["gid://shopify/Order/120"]
    assert last.matched_by == ("customer_id" if known else "email")
    assert last.body["fulfillmentOrders"][0]["id"] == "f-120"
    assert not {"email", "customer", "billingAddress"} & set(last.body)
    assert gaps(pages) == [(Absence.UNATTRIBUTED, "1 orders", "another_customer_or_unconfirmed")]
    for read_count in range(1, len(pages) + 1):
        shop.calls.clear()
        assert pages[:read_count] + walk(platform, principal, pages[read_count - 1].cursor) == pages
        assert shop.calls == calls[len(calls) - len(shop.calls) :]
    assert len({json.dumps(call, sort_keys=True) for call in calls}) == len(calls)


# --- calls and resuming -----------------------------------------------------------------


def test_linked_records_take_one_call_and_any_cursor_resumes(platform, shop):
    shop.orders += [order(4, None, **PAID), order(5, disputes=[{"id": gid("OrderDisputeSummary", 55)}])]
    shop.disputes = [{"id": gid("ShopifyPaymentsDispute", 55)}]
    shop.payments = [tender(number, shop.orders[0]) for number in range(1, 601)]
    shop.checkouts = [{"id": gid("AbandonedCheckout", number), "customer": {"id": ASHA}} for number in (1, 2)]
    shop.definitions = [{"type": THING, "fieldDefinitions": NAMES_CUSTOMER}]
    field = [{"key": "owner", "value": ASHA}]
    shop.things = [{"id": gid("Metaobject", at), "type": THING, "fields": field} for at in range(1, 300)]
    pages, calls = walk(platform), list(shop.calls)
    names = [name for name, _ in calls]
    assert names == [
        "Installation",
        "CustomerById",
        "RelatedRecords",
        "OrdersByIds",
        "LinkedRecords",
        "LinkedRecords",
        "LinkedRecords",
    ]
    assert len(kinds(pages)) == 600 + 299 + 2 + 1
    assert not gaps(pages)
    for read_count in range(1, len(pages) + 1):
        shop.calls.clear()
        assert pages[:read_count] + walk(platform, PRINCIPAL, pages[read_count - 1].cursor) == pages
        assert shop.calls == calls[len(calls) - len(shop.calls) :]
