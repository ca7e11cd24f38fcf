"""Shopify over real sockets: the stand-in validates each query, charges its cost, throttles, denies and fails."""

import json
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bridge.connectors.shopify import Shopify
from bridge.connectors.shopify.api import versions
from bridge.errors import ConnectorUnavailable, CredentialRejected
from bridge.model import Absence, Outcome, Principal
from bridge.sandbox.shopify import ShopifyStandIn
from bridge.sandbox.shopify.records.seeded_data import list_seeded_values as seeded_fields
from tests import coverage
from tests.kit.gathering import collect_gaps, list_pages
from tests.kit.silent_logs import forbid_output

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
STANDARD = {"maximum": 2_000, "restore_rate": 100}
GENEROUS = {"maximum": 20_000, "restore_rate": 10_000}
HEAVY_ORDERS = 1_000


@pytest.fixture(autouse=True)
def _clean(heavy_stand_in):
    yield
    heavy_stand_in.reset()
    heavy_stand_in._control_bucket(GENEROUS)


def list_private_words(request):
    asha = request.getfixturevalue("heavy_world").asha
    return asha.email, asha.phone, "Qwertzuiop", "sandbox-secret", "shpat_"


_silent_logs = forbid_output(list_private_words)


@pytest.fixture
def platform(heavy_stand_in, waits):
    return connect(heavy_stand_in, waits)


def connect(server, waits, **settings):
    given = {"client_id": "sandbox-client", "client_secret": "sandbox-secret", "api_version": "2026-10"}
    return Shopify(**(given | {"base_url": server.url, "sleep": waits.append} | settings))


def principal(world, person):
    numbers = tuple(str(order.id) for order in world.list_orders(person, with_guests=False))
    return Principal(customer_id=str(person.id), email=person.email, phone=person.phone, order_ids=numbers)


def walk(platform, world, person, cursor=""):
    return list_pages(platform.gather(person, shop=world.shop, parcels=(), cursor=cursor))


def findings(pages):
    return [finding for page in pages for finding in page.findings]


def seeded(world):
    """Return every value in the shop about Asha, except those that others also have."""
    asha = world.asha
    yield from (asha.first, asha.last, asha.name, asha.email, asha.phone, asha.note, *asha.tags)
    yield from (asha.email_consent, asha.sms_consent, str(asha.id))
    yield from (asha.address[part] for part in ("address1", "city", "province", "zip", "phone"))
    yield from (field.value for field in asha.metafields)
    yield from (event.message for event in asha.timeline)
    for order in world.list_orders(asha):
        yield from (order.name, str(order.id), order.email, order.note, order.client_ip, *order.tags)
        yield from (value for _, value in order.attributes)
        yield from (value for line in order.lines for _, value in line.properties)
        yield from (line.sku for line in order.lines)
        yield from (word for parcel in order.parcels for word in (parcel.waybill, parcel.company, parcel.url))
        yield from (refund.note for refund in order.refunds)
        yield from (word for back in order.returns for word in (back.customer_note, back.waybill, back.name))
        yield from (str(payment.id) for payment in order.transactions)
        yield from (field.value for field in order.metafields)
        yield from (event.message for event in order.timeline if event.is_comment)
    for draft in (one for one in world.drafts if one.person_id == asha.id):
        yield from (draft.note, draft.name, *(value for _, value in draft.attributes))
        yield from (value for line in draft.lines for _, value in line.properties)
    for card in (one for one in world.gift_cards if asha.id in (one.person_id, getattr(one, "recipient_id", 0))):
        yield from (card.last_characters, card.note, card.recipient_name, card.message)
    checkouts = [one for one in world.checkouts if one.person_id == asha.id]
    yield from (word for checkout in checkouts for word in (checkout.note, checkout.name))
    comments = [one for one in world.comments if one.email == asha.email]
    yield from (word for comment in comments for word in (comment.body, comment.ip, comment.author))


def test_every_requested_personal_field_returns_its_value(platform, heavy_world):
    """The stand-in has a distinct value in each field of the schema that can contain personal data."""
    asked = {f"{kind}.{field}" for kind, field in coverage.asked_for("2026-10")}
    wanted = {name: value for name, value in seeded_fields(heavy_world).items() if name in asked}
    pages = walk(platform, heavy_world, principal(heavy_world, heavy_world.asha))
    text = json.dumps([finding.body for finding in findings(pages)], ensure_ascii=False)
    assert [name for name, value in wanted.items() if value not in text] == []
    assert len(wanted) > 300
    assert collect_gaps(pages) == set()


@pytest.mark.parametrize("version", versions.SUPPORTED_VERSIONS)
def test_every_planted_value_of_asha_is_found_and_nothing_of_bikram(heavy_stand_in, heavy_world, waits, version):
    platform = connect(heavy_stand_in, waits, api_version=version)
    pages = walk(platform, heavy_world, principal(heavy_world, heavy_world.asha))
    text = json.dumps([finding.body for finding in findings(pages)], ensure_ascii=False)
    assert [value for value in seeded(heavy_world) if value and value not in text] == []
    for stranger in (heavy_world.bikram.last, heavy_world.bikram.email, heavy_world.bikram.phone, "Orderson"):
        assert stranger not in text
    assert {(absence, reason) for absence, _, reason in collect_gaps(pages)} == (
        {(Absence.NOT_CONFIGURED, f"not_in_version_{version}")} if version < "2026-07" else set()
    )
    assert heavy_stand_in.calls.summarize_calls()["total"] <= 6
    orders = {finding.ref: finding.matched_by for finding in findings(pages) if finding.kind == "order"}
    assert orders == {
        f"gid://shopify/Order/{order.id}": "customer_id" if order.person_id else "email"
        for order in heavy_world.list_orders(heavy_world.asha)
    }


def test_asha_is_found_by_email_alone(platform, heavy_world):
    by_id = walk(platform, heavy_world, principal(heavy_world, heavy_world.asha))
    by_email = walk(platform, heavy_world, Principal(email=heavy_world.asha.email))
    assert [one.ref for one in findings(by_email)] == [one.ref for one in findings(by_id)]
    assert findings(by_email)[0].matched_by == "email"


def test_a_customer_unknown_to_shopify_is_found_by_orders(heavy_stand_in, platform, heavy_world):
    heavy_stand_in.shops[heavy_world.shop].forget_customer(heavy_world.asha.id)
    pages = walk(platform, heavy_world, principal(heavy_world, heavy_world.asha))
    orders = {one.ref for one in findings(pages) if one.kind == "order"}
    assert orders == {f"gid://shopify/Order/{order.id}" for order in heavy_world.list_orders(heavy_world.asha)}


def test_a_thousand_orders_take_few_calls_and_any_cursor_resumes(heavy_stand_in, platform, heavy_world):
    person = principal(heavy_world, heavy_world.heavy_customer)
    pages = walk(platform, heavy_world, person)
    asked = heavy_stand_in.calls.summarize_calls()
    assert len({one.ref for one in findings(pages) if one.kind == "order"}) == 1_000
    kinds = Counter(one.kind for one in findings(pages))
    assert set(kinds) <= {"customer", "order", "order_history", "tender_transaction"}
    assert kinds["order_history"] == 1_000 - 12
    assert asked["total"] <= 25
    for read_count in (1, 2, len(pages) // 2, len(pages) - 1, len(pages)):
        heavy_stand_in.calls.clear()
        rest = walk(platform, heavy_world, person, pages[read_count - 1].cursor)
        assert rest == pages[read_count:]
        again = heavy_stand_in.calls.summarize_calls()["last"]
        assert [call["digest"] for call in again] == [call["digest"] for call in asked["last"]][
            len(asked["last"]) - len(again) :
        ]


def test_a_standard_shop_throttles_and_the_client_waits(heavy_stand_in, heavy_world):
    waits = []
    heavy_stand_in._control_bucket(STANDARD)

    def sleep(seconds):
        """Fill the bucket as if the time had passed."""
        waits.append(seconds)
        bucket = heavy_stand_in._get_bucket(heavy_world.shop)
        bucket._updated_at_s -= seconds

    platform = connect(heavy_stand_in, [], sleep=sleep)
    pages = walk(platform, heavy_world, principal(heavy_world, heavy_world.heavy_customer))
    assert len([one for one in findings(pages) if one.kind == "order"]) == 1_000
    assert waits
    assert max(waits) < 10


def test_a_throttled_answer_waits_once(heavy_stand_in, heavy_world, waits):
    platform = connect(heavy_stand_in, waits, sleep=lambda seconds: (waits.append(seconds), time.sleep(seconds)))
    heavy_stand_in.faults.add("throttle", match="RelatedRecords")
    assert findings(walk(platform, heavy_world, principal(heavy_world, heavy_world.asha)))
    assert len(waits) == 1


@pytest.mark.parametrize(
    ("scope", "what", "kind"),
    [
        ("read_returns", "returns", ""),
        ("read_draft_orders", "draft orders", "draft_order"),
        ("read_gift_cards", "gift cards", "gift_card"),
        ("read_content", "blog comments", "blog_comment"),
        ("read_all_orders", "orders older than 60 days", ""),
        ("read_customer_payment_methods", "payment methods", "payment_method"),
        ("read_store_credit_accounts", "store credit accounts", "store_credit_account"),
        ("read_own_subscription_contracts", "subscription contracts", "subscription_contract"),
        ("read_merchant_managed_fulfillment_orders", "fulfilment orders", ""),
        ("read_metaobjects", "metaobjects", "metaobject"),
        ("read_customer_merge", "merge state", ""),
    ],
)
def test_a_missing_scope_hides_its_part_and_is_reported(heavy_stand_in, platform, heavy_world, scope, what, kind):
    complete = walk(platform, heavy_world, principal(heavy_world, heavy_world.asha))
    heavy_stand_in.faults.add("deny_scope", scope=scope)
    pages = walk(platform, heavy_world, principal(heavy_world, heavy_world.asha))
    assert (Absence.DENIED, what, scope) in collect_gaps(pages)
    lost = {one.ref for one in findings(complete)} - {one.ref for one in findings(pages)}
    assert lost == {one.ref for one in findings(complete) if one.kind == kind}
    if scope != "read_draft_orders":  # the token keeps the write scope, which includes reading
        line = next(line for line in platform.run_checks(heavy_world.shop) if line.name == f"shopify scope {scope}")
        assert line.ok is False


def test_three_missing_scopes_hide_their_parts_only(heavy_stand_in, platform, heavy_world):
    closed = {
        "read_returns": "",
        "read_own_subscription_contracts": "subscription_contract",
        "read_gift_cards": "gift_card",
    }
    complete = Counter(
        one.kind for one in findings(walk(platform, heavy_world, principal(heavy_world, heavy_world.asha)))
    )
    for scope in closed:
        heavy_stand_in.faults.add("deny_scope", scope=scope)
    pages = walk(platform, heavy_world, principal(heavy_world, heavy_world.asha))
    assert {reason for _, _, reason in collect_gaps(pages)} == set(closed)
    remaining = Counter({kind: count for kind, count in complete.items() if kind not in closed.values()})
    assert Counter(one.kind for one in findings(pages)) == remaining


def test_orders_older_than_sixty_days_need_a_scope_of_their_own(heavy_world, waits):
    later = replace(heavy_world, now=NOW + timedelta(days=15))
    recent = [
        one for one in heavy_world.list_orders(heavy_world.asha) if one.created_at >= later.now - timedelta(days=60)
    ]
    assert 0 < len(recent) < len(heavy_world.list_orders(heavy_world.asha))
    with ShopifyStandIn(later) as server:
        server.faults.add("deny_scope", scope="read_all_orders")
        pages = walk(connect(server, waits), later, principal(heavy_world, heavy_world.asha))
    found = {one.ref for one in findings(pages) if one.kind == "order"}
    assert found == {f"gid://shopify/Order/{one.id}" for one in recent}
    older = len(principal(heavy_world, heavy_world.asha).order_ids) - len([one for one in recent if one.person_id])
    assert collect_gaps(pages) == {
        (Absence.DENIED, "orders older than 60 days", "read_all_orders"),
        (Absence.UNREACHED, f"{older} orders", "not_returned"),
    }


def test_a_page_that_keeps_failing_keeps_the_pages_before_it_and_can_be_resumed(heavy_stand_in, platform, heavy_world):
    person = principal(heavy_world, heavy_world.heavy_customer)
    complete = walk(platform, heavy_world, person)
    walking = platform.gather(person, shop=heavy_world.shop, parcels=())
    pages = [next(walking), next(walking)]
    heavy_stand_in.faults.add("http_500", times=None, match="CustomerOrders")
    with pytest.raises(ConnectorUnavailable):
        next(walking)
    heavy_stand_in.faults.clear()
    assert [*pages, *walk(platform, heavy_world, person, pages[-1].cursor)] == complete


@pytest.mark.parametrize("field", ["phone", "Customer.displayName", "statusPageUrl", "Order.email"])
def test_a_protected_field_without_approval_is_reported_and_the_others_are_read(
    heavy_stand_in, platform, heavy_world, field
):
    complete = {one.ref for one in findings(walk(platform, heavy_world, principal(heavy_world, heavy_world.asha)))}
    heavy_stand_in.faults.add("deny_field", field=field)
    pages = walk(platform, heavy_world, principal(heavy_world, heavy_world.asha))
    name = field.rpartition(".")[2]
    assert any(what.endswith(name) and reason == "not_approved" for _, what, reason in collect_gaps(pages))
    lost = complete - {one.ref for one in findings(pages)}
    # a guest order can be attributed by its e-mail address only
    assert len(lost) == (1 if name == "email" else 0)


@pytest.mark.parametrize("kind", ["http_500", "http_502", "reset", "html", "empty", "truncated"])
def test_one_network_fault_is_retried(heavy_stand_in, platform, heavy_world, kind):
    complete = walk(platform, heavy_world, principal(heavy_world, heavy_world.asha))
    heavy_stand_in.faults.add(kind, match="CustomerById")
    assert walk(platform, heavy_world, principal(heavy_world, heavy_world.asha)) == complete


def test_a_lasting_network_fault_is_an_outage(heavy_stand_in, platform, heavy_world):
    heavy_stand_in.faults.add("http_500", times=None, match="RelatedRecords")
    walking = platform.gather(principal(heavy_world, heavy_world.asha), shop=heavy_world.shop, parcels=())
    assert next(walking).findings
    with pytest.raises(ConnectorUnavailable):
        next(walking)


def test_a_token_that_expires_during_gathering_is_renewed(heavy_stand_in, platform, heavy_world):
    heavy_stand_in.faults.add("token_expired", match="RelatedRecords")
    assert findings(walk(platform, heavy_world, principal(heavy_world, heavy_world.asha)))
    assert heavy_stand_in.calls.summarize_calls()["by_name"]["oauth/access_token"] == 2


def test_a_wrong_secret_needs_a_person(heavy_stand_in, heavy_world, waits):
    platform = connect(heavy_stand_in, waits, client_secret="wrong")
    with pytest.raises(CredentialRejected, match="token refused"):
        walk(platform, heavy_world, principal(heavy_world, heavy_world.asha))
    assert platform.run_checks(heavy_world.shop)[0].ok is False


def test_shopifys_own_erasure_is_observed_from_readable_to_redacted(heavy_stand_in, platform, heavy_world):
    person = Principal(customer_id=str(heavy_world.asha.id))
    assert platform.read_erasure_state(person, shop=heavy_world.shop).outcome is Outcome.UNCONFIRMED
    heavy_stand_in.shops[heavy_world.shop].redact_customer(heavy_world.asha.id)
    assert platform.read_erasure_state(person, shop=heavy_world.shop).outcome is Outcome.ERASED
    heavy_stand_in.shops[heavy_world.shop].forget_customer(heavy_world.asha.id)
    assert platform.read_erasure_state(person, shop=heavy_world.shop).outcome is Outcome.ABSENT


def test_doctor_finds_all_scopes_granted(platform, heavy_world):
    assert {line.ok for line in platform.run_checks(heavy_world.shop)} == {True}
