"""Several customers of one person at a Shopify that answers on a socket: who is asked about, who is left alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bridge.connectors.shopify import Shopify
from bridge.errors import ConnectorRefused
from bridge.model import Outcome, Principal, RequestKind, TaskAction
from bridge.rules.requests.order_reviews import OrderDecision
from bridge.sandbox.shopify.server import CLIENT_ID, CLIENT_SECRET, ShopifyStandIn
from bridge.sandbox.world import INVENTED_SHOP, invent_world
from bridge.steps.erasure.cancel_platform_erasure import cancel_platform_erasure
from bridge.steps.requests.doubtful_customers import decide_customer_review
from bridge.steps.requests.process import process_request
from bridge.steps.requests.record_answer_given import waive_answer
from tests.factories import make_services
from tests.kit.operator_requests import open_as_operator
from tests.kit.retention_files import let_contracts_be_over

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
CUSTOMERS = 3


@pytest.fixture
def family_shopify():
    with ShopifyStandIn(invent_world(orders=12, now=datetime.now(UTC))) as server:
        yield server


@pytest.fixture
def family_shop(family_shopify):
    return family_shopify.shops[INVENTED_SHOP]


@pytest.fixture
def people(family_shop):
    """Two customers of Asha with one name and one phone, and Chandra, whose phone is Asha's as well."""
    asha, other, chandra = family_shop.world.people[:CUSTOMERS]
    for name in ("first", "last"):
        object.__setattr__(other, name, getattr(asha, name))
    for person in (other, chandra):
        person.address["phone"] = asha.phone
    return asha, other, chandra


@pytest.fixture
def services(store, clock, queue, carrier, family_shopify):
    shopify = Shopify(
        api_version="2026-10", base_url=family_shopify.url, client_id=CLIENT_ID, client_secret=CLIENT_SECRET
    )
    services = let_contracts_be_over(make_services(store, clock, queue, shopify, carrier))
    codes = replace(services.merchant, shops=(*services.merchant.shops, INVENTED_SHOP))
    released = {key: replace(one, precheck=()) for key, one in services.retention.categories.items()}
    return replace(services, merchant=codes, retention=replace(services.retention, categories=released))


def list_asked(family_shop, people):
    return [person.id for person in people if family_shop.get_erasure_requester(person.id)]


def run_and_list(services, request_id):
    process_request(request_id, services=services)
    with services.store.transaction() as tx:
        return tx.tasks.list_tasks(request_id)


def name_all(people):
    return Principal(email=", ".join(person.email for person in people))


def test_who_is_one_person_is_asked_about_and_a_family_member_is_not(services, family_shop, people):
    asha, other, chandra = people
    request_id = open_as_operator(services, name_all(people), shop=INVENTED_SHOP)
    run_and_list(services, request_id)
    assert list_asked(family_shop, people) == [asha.id, other.id]
    with services.store.transaction() as tx:
        [review] = tx.reviews.list_reviews(kind="several_customers")
        decide_customer_review(review, OrderDecision.RELEASED, actor="operator:a", reason="seen", tx=tx)
    run_and_list(services, request_id)
    assert list_asked(family_shop, people) == [asha.id, other.id, chandra.id]


def test_access_and_erasure_speak_of_the_same_customers(services, family_shop, people):
    who = name_all(people)
    access = open_as_operator(services, who, shop=INVENTED_SHOP, kind=RequestKind.ACCESS)
    run_and_list(services, access)
    with services.store.transaction() as tx:
        findings = [one for _, one in tx.findings.read_findings(access)]
        [review] = tx.reviews.list_reviews(kind="several_customers")
        read = {int(one.ref.rpartition("/")[2]) for one in findings if one.kind == "customer"}
        decide_customer_review(review, OrderDecision.REFUSED, actor="operator:a", reason="seen", tx=tx)
    assert read == {people[0].id, people[1].id}
    run_and_list(services, access)
    waive_answer(access, actor="operator:a", reason="the person wants the erasure only", services=services)
    erasure = open_as_operator(services, who, shop=INVENTED_SHOP)
    run_and_list(services, erasure)
    assert set(list_asked(family_shop, people)) == read
    with services.store.transaction() as tx:  # decided before, about the copy
        assert tx.reviews.list_reviews(kind="several_customers") == []


def test_one_that_was_deleted_at_shopify_holds_no_other_up(services, family_shop, people):
    asha, other, _ = people
    request_id = open_as_operator(services, name_all(people[:2]), shop=INVENTED_SHOP)
    lookup = services.connectors["shopify"].list_customers
    # it is deleted after it was found and before it is asked about
    services.connectors["shopify"].list_customers = lambda *args, **given: (
        lookup(*args, **given),
        family_shop.unknown_customer_ids.add(other.id),
        family_shop.cache.clear(),
    )[0]
    tasks = run_and_list(services, request_id)
    outcomes = [task.outcome for task in tasks if task.action is TaskAction.REQUEST_PLATFORM_ERASURE]
    assert sorted(outcomes) == sorted([Outcome.UNCONFIRMED, Outcome.ABSENT])
    assert list_asked(family_shop, people) == [asha.id]


def test_a_cancellation_takes_back_every_customer(services, family_shop, people):
    request_id = open_as_operator(services, name_all(people[:2]), shop=INVENTED_SHOP)
    run_and_list(services, request_id)
    assert len(list_asked(family_shop, people)) == CUSTOMERS - 1
    cancel_platform_erasure(request_id, actor="operator:a", reason="they wrote again", services=services)
    assert list_asked(family_shop, people) == []
    with pytest.raises(ConnectorRefused, match="nothing"):
        cancel_platform_erasure(request_id, actor="operator:a", reason="again", services=services)
