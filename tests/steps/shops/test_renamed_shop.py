"""A shop is its number: after a rename its requests find, export and erase what is stored under every name."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from bridge.model import (
    DeliveryState,
    Outcome,
    Principal,
    RequestKind,
    RequestState,
    ShopIdentity,
    TaskAction,
    TaskState,
    WaitReason,
)
from bridge.steps.index.index_orders import index_deliveries
from bridge.steps.requests.open_for_person import open_person_request
from bridge.steps.requests.process import process_request
from bridge.steps.shops.identify_shops import identify_shop, identify_shops
from bridge.steps.webhooks.dispatch import dispatch_delivery
from bridge.steps.webhooks.receive import list_known_shops
from bridge.store.schema.index_tables import customers, orders, parcels, shop_names, suppressions
from bridge.store.schema.tables import deliveries, requests
from bridge.store.selection.row_filter import RowFilter
from tests.factories import ASHA, NOW, accepted, data_request_body, make_services, order_body, redact_body
from tests.fakes import FakeCarrier, FakeNamingPlatform
from tests.kit.handing_over import hand_over_package
from tests.kit.stored import list_fact_details
from tests.steps.sealed_case import make_legal_hold
from tests.steps.shops.test_erase_shop import output_file

OLD, NEW, LAST = (f"{name}.myshopify.com" for name in ("old-name", "new-name", "last-name"))
PARCEL = [("Delhivery", "AWB7007007")]
DAY = timedelta(days=1)


@pytest.fixture
def platform():
    return FakeNamingPlatform()


@pytest.fixture
def services(store, clock, queue, platform):
    return make_services(store, clock, queue, platform, FakeCarrier("delhivery", knows=["AWB7007007"]))


def sends(services, domain, topic, body):
    body = body | {"sent": services.store.new_id("x")}  # or the same bytes would be a repetition
    delivery = accepted(services.store, topic, body, shop=domain)
    services.clock.at += timedelta(minutes=1)
    return delivery


def sells(services, domain, number=1001, **given):
    """An order under this name, indexed."""
    given.setdefault("parcels", PARCEL)
    delivery = sends(services, domain, "orders/create", order_body(number, **given))
    index_deliveries(domain, services=services)
    services.clock.at += timedelta(minutes=1)
    return delivery


def asks(services, domain, body, shop_id=1):
    """A mandatory webhook of this shop and name, dispatched and worked on; a package is handed over. Return the request's id."""
    topic = "customers/data_request" if "data_request" in body else "customers/redact"
    body = body | {"shop_domain": domain} | ({"shop_id": shop_id} if shop_id else {})
    body = body if shop_id else {key: value for key, value in body.items() if key != "shop_id"}
    request_id = dispatch_delivery(sends(services, domain, topic, body).id, services=services)
    works(services, request_id)
    if "data_request" in body:
        hand_over_package(services, request_id)
    return request_id


def works(services, request_id):
    """Run the request now, and once more where a step asked for that a second later."""
    for _ in range(3):
        process_request(request_id, services=services)
        services.clock.at += timedelta(minutes=1)


def uninstalls(services, domain, shop_id):
    sends(services, domain, "app/uninstalled", {"id": shop_id, "myshopify_domain": domain, "domain": "jewels.example"})
    index_deliveries(domain, services=services)


def read_erasure(services, request_id):
    with services.store.transaction() as tx:
        [task] = [task for task in tx.tasks.list_tasks(request_id) if task.action is TaskAction.ERASE]
        return tx.requests.get_request(request_id), task


def count(services, table, *conditions):
    with services.store.engine.connect() as connection:
        return len(connection.execute(select(table).where(*conditions)).all())


def state_of(services, delivery):
    with services.store.engine.connect() as connection:
        row = connection.execute(select(deliveries).where(deliveries.c.id == delivery.id)).one()
    return row.state, row.reason


NAMES = {"once": ([OLD, NEW], NEW), "twice": ([OLD, NEW, LAST], LAST), "and-back": ([OLD, NEW, OLD], OLD)}


@pytest.mark.parametrize("shop_id", [1, "1", "gid://shopify/Shop/1"], ids=["number", "text", "gid"])
@pytest.mark.parametrize(("names", "present"), NAMES.values(), ids=NAMES)
def test_an_erasure_finds_what_came_under_every_name(services, names, present, shop_id):
    for number, name in enumerate(names):
        asks(services, name, data_request_body(number), shop_id=shop_id)  # the signed body teaches name and number
        sells(services, name, 1001 + number, parcels=[("Delhivery", f"AWB700700{number}")])
    request, task = read_erasure(services, asks(services, present, redact_body(1001)))
    assert (task.state, task.outcome) == (TaskState.DONE, Outcome.ERASED)
    assert (count(services, orders), count(services, parcels), count(services, customers)) == (0, 0, 0)
    assert count(services, requests, requests.c.kind == RequestKind.ERASURE) == 1, "one request"
    with services.store.transaction() as tx:
        assert tx.shop_names.directory.find_current_name(request.shop) == present
        certificate = tx.packages.find_certificate(request.id)
        assert certificate["shop"] == present
        items = tx.notice_items.list_items(request_id=request.id)
    assert {item.reference for item in items} == {f"AWB700700{number}" for number in range(len(names))}
    for name in set(names):  # a late webhook under any name restores nothing
        sells(services, name, 1001)
        sells(services, name, 1900, at=NOW - 9 * DAY)
    assert (count(services, orders), count(services, customers)) == (0, 0)
    sells(services, present, 2001, at=services.clock.now() + DAY)
    assert count(services, orders) == 1, "an order placed after the erasure is a new contract"


def test_the_redact_itself_teaches_the_new_name(services, platform):
    platform.shops[OLD] = ShopIdentity(number="1", domain=OLD)
    sells(services, OLD)
    request, task = read_erasure(services, asks(services, NEW, redact_body(1001)))
    assert (request.shop, task.outcome, count(services, orders)) == (OLD, Outcome.ERASED, 0)
    assert platform.named == [OLD], "a number that a signed body told is not asked for"
    renames = [detail for fact, detail in list_fact_details(services.store) if fact == "shop.renamed"]
    assert renames == [{"number": "1", "domain": NEW, "domains": [NEW, OLD]}]


def test_shopify_names_both_names_when_it_is_asked(services, platform):
    platform.shops[OLD] = ShopIdentity(number="1", domain=NEW)
    sells(services, OLD)
    with services.store.transaction() as tx:
        assert tx.shop_names.directory.list_domains(OLD) == (NEW, OLD)
    sells(services, NEW, 1002)
    assert count(services, orders, orders.c.shop == OLD) == 2
    assert platform.named == [OLD]


def test_rows_from_before_the_number_was_known_are_found_too(services, platform):
    """Nobody could be asked: the new name was a shop of its own until the number of both was learned."""
    sells(services, OLD, 1001)
    sells(services, NEW, 1002, parcels=[("Delhivery", "AWB7007008")])
    with services.store.transaction() as tx:
        tx.documents.seal_document(OLD, output_file(1001))
        tx.documents.seal_document(NEW, output_file(1002))
        assert tx.documents.find_documents_by_order_id(OLD, ["1001", "1002"]).keys() == {"1001"}
    services.clock.at += timedelta(minutes=20)
    platform.shops |= {OLD: ShopIdentity(number="1", domain=NEW), NEW: ShopIdentity(number="1", domain=NEW)}
    request_id = asks(services, NEW, data_request_body(5))
    with services.store.transaction() as tx:
        request = tx.requests.get_request(request_id)
        assert {parcel.number for parcel in tx.index.list_parcels(request.shop, request.principal)} == {
            "AWB7007007",
            "AWB7007008",
        }
        found = tx.documents.find_documents_by_order_id(request.shop, ["1001", "1002"])
        assert {order_id: len(documents) for order_id, documents in found.items()} == {"1001": 1, "1002": 1}
    request_id = asks(services, NEW, redact_body(1001))
    _, task = read_erasure(services, request_id)
    assert (task.outcome, task.progress.removed_rows["orders"]) == (Outcome.ERASED, 2)
    assert (count(services, orders), count(services, parcels), count(services, customers)) == (0, 0, 0)
    with services.store.transaction() as tx:
        assert len(tx.documents.list_documents_of_request(request_id)) == 2, "both copies are left under this erasure"
        assert {item.reference for item in tx.notice_items.list_items(request_id=request_id)} == {
            "AWB7007007",
            "AWB7007008",
        }
        assert len(tx.erasures.list_prior_erasures(OLD, Principal(customer_id="7001"))) == 1
    for name in (OLD, NEW):
        for number in (1001, 1002):
            sells(services, name, number)
    assert (count(services, orders), count(services, customers)) == (0, 0)


def test_a_part_of_an_order_goes_where_the_order_is(services, platform):
    sells(services, NEW, 1002, parcels=[])
    services.clock.at += timedelta(minutes=20)
    sells(services, OLD, 1001, parcels=[])
    asks(services, NEW, data_request_body(1))
    asks(services, OLD, data_request_body(2))
    fulfillment = {"id": 9, "order_id": 1002, "tracking_company": "Delhivery", "tracking_numbers": ["AWB7007009"]}
    sends(services, OLD, "fulfillments/create", fulfillment)
    index_deliveries(OLD, services=services)
    assert count(services, orders) == 2
    assert count(services, parcels, parcels.c.shop == NEW) == 1


def test_a_merge_reaches_the_rows_under_every_name(services, platform):
    sells(services, OLD, 1001)
    sells(services, NEW, 1002)
    asks(services, NEW, data_request_body(1))
    asks(services, OLD, data_request_body(2))
    merge = {
        "admin_graphql_api_customer_kept_id": "gid://shopify/Customer/7002",
        "admin_graphql_api_customer_deleted_id": "gid://shopify/Customer/7001",
    }
    sends(services, NEW, "customers/merge", merge)
    index_deliveries(NEW, services=services)
    _, task = read_erasure(services, asks(services, NEW, redact_body(1001, 1002)))
    assert (task.outcome, count(services, orders)) == (Outcome.ABSENT, 2), "they are the kept customer's"


def test_an_open_request_from_before_the_number_was_known_is_joined(services, platform):
    services = replace(services, settings=replace(services.settings, merge_wait_minutes=60))
    sells(services, OLD)
    first = asks(services, OLD, redact_body(1001), shop_id=None)
    asks(services, OLD, data_request_body(1))
    assert asks(services, NEW, redact_body(1001)) == first
    services.clock.at += timedelta(hours=2)
    works(services, first)
    request, task = read_erasure(services, first)
    assert (request.shop, task.outcome, count(services, orders)) == (OLD, Outcome.ERASED, 0)


def test_two_shops_never_mix_even_with_the_same_numbers(services):
    """Same customer number, same order number, one merchant; each order's own link names its shop."""
    for domain, shop_id in ((OLD, 1), (LAST, 2)):
        link = f"https://jewels.example/{shop_id}/orders/abc/authenticate"
        asks(services, domain, data_request_body(shop_id), shop_id=shop_id)
        sells(services, domain, order_status_url=link)
    assert count(services, orders) == 2
    asks(services, NEW, data_request_body(3), shop_id=1)
    _, task = read_erasure(services, asks(services, NEW, redact_body(1001), shop_id=1))
    assert task.outcome is Outcome.ERASED
    assert (count(services, orders), count(services, orders, orders.c.shop == LAST)) == (1, 1)
    assert count(services, suppressions, suppressions.c.shop == LAST) == 0
    sells(services, LAST, order_status_url="https://jewels.example/2/orders/abc/authenticate")
    assert count(services, orders, orders.c.shop == LAST) == 1, "the other shop goes on"


def test_a_domain_that_another_shop_took_shows_nothing_of_the_shop_before(services):
    sells(services, OLD)
    asks(services, OLD, data_request_body(1), shop_id=1)
    request_id = asks(services, OLD, data_request_body(2), shop_id=2)
    with services.store.transaction() as tx:
        taker = tx.requests.get_request(request_id)
        assert tx.index.list_parcels(taker.shop, taker.principal) == []
        assert tx.shop_names.directory.find_current_name(taker.shop) == OLD
    _, task = read_erasure(services, asks(services, OLD, redact_body(1001), shop_id=2))
    assert count(services, orders) == 1, "the data of the former shop stay"
    sells(services, OLD, 5001, at=services.clock.now() + DAY, order_status_url="https://x.example/2/orders/a")
    assert count(services, orders, orders.c.shop == taker.shop) == 1
    _, task = read_erasure(services, asks(services, NEW, redact_body(1001), shop_id=1))
    assert (task.outcome, count(services, orders)) == (Outcome.ERASED, 1), "the former shop, by its number"
    with services.store.transaction() as tx:
        assert tx.shop_names.directory.list_domains(OLD) == (NEW,), "no call for it goes to the taken domain"


@pytest.mark.parametrize("back_as", [OLD, NEW], ids=["same-name", "new-name"])
def test_a_shop_that_left_and_came_back_keeps_its_new_data_and_no_old(services, back_as):
    asks(services, OLD, data_request_body(1))
    sells(services, OLD)
    uninstalls(services, OLD, 1)
    services.clock.at += 2 * DAY
    redact = sends(services, OLD, "shop/redact", {"shop_id": 1, "shop_domain": OLD})
    request_id = dispatch_delivery(redact.id, services=services)
    process_request(request_id, services=services)
    _, task = read_erasure(services, request_id)
    assert (task.outcome, count(services, orders), count(services, customers)) == (Outcome.ERASED, 0, 0)
    services.clock.at += DAY
    asks(services, back_as, data_request_body(2))
    sells(services, back_as, 3001)
    assert count(services, orders) == 1
    with services.store.transaction() as tx:
        assert list(tx.index.list_orders(tx.shop_names.directory.find_key(back_as), redact_principal())) == ["3001"]


def redact_principal():
    return Principal(customer_id="7001")


def test_the_erasure_of_a_shop_erases_under_every_name(services):
    sells(services, OLD, 1001)
    sells(services, NEW, 1002)
    with services.store.transaction() as tx:
        for domain in (OLD, NEW):
            tx.tokens.save_tokens(domain, "shpat_x", services.clock.now() + timedelta(hours=1), "")
    asks(services, OLD, data_request_body(1))
    uninstalls(services, NEW, 1)
    assert count(services, shop_names) == 2
    services.clock.at += 2 * DAY
    redact = sends(services, NEW, "shop/redact", {"shop_id": "1", "shop_domain": NEW})
    request_id = dispatch_delivery(redact.id, services=services)
    process_request(request_id, services=services)
    _, task = read_erasure(services, request_id)
    assert (task.outcome, task.progress.removed_rows["orders"]) == (Outcome.ERASED, 2)
    assert [count(services, table) for table in (orders, parcels, customers)] == [0, 0, 0]
    with services.store.transaction() as tx:
        assert tx.tokens.list_tokens() == []
        _, destroyed = tx.ledger_state.list_unsynced(99)
    assert {(one.kind, one.shop) for one in destroyed} == {("shop", OLD), ("shop", NEW)}


@pytest.mark.parametrize("name", [OLD, NEW], ids=["old", "new"])
def test_an_operator_may_give_either_name(services, name):
    services = replace(services, merchant=replace(services.merchant, shops=(OLD,)))
    sells(services, OLD)
    asks(services, OLD, data_request_body(1))
    asks(services, NEW, data_request_body(2))
    principal = Principal(customer_id="7001", email="asha@qwertzuiop.example")
    request_id = open_person_request(
        RequestKind.ACCESS,
        name,
        principal,
        services.clock.now(),
        actor="operator:t",
        reason="letter",
        services=services,
    )
    with services.store.transaction() as tx:
        request = tx.requests.get_request(request_id)
        assert [parcel.number for parcel in tx.index.list_parcels(request.shop, principal)] == ["AWB7007007"]
    assert list_known_shops(name, services) == ((OLD, NEW) if name == NEW else (OLD,))
    assert list_known_shops(LAST, services) == (OLD,)


def test_a_legal_hold_keeps_the_copies_under_every_name(services):
    sells(services, OLD, 1001)
    sells(services, NEW, 1002)
    with services.store.transaction() as tx:
        for domain, number in ((OLD, "1001"), (NEW, "1002")):
            tx.documents.seal_document(domain, output_file(int(number)))
    asks(services, OLD, data_request_body(1))
    asks(services, NEW, data_request_body(2))
    with services.store.transaction() as tx:
        request = tx.selection.select_requests(RowFilter()).rows[0]
        request = tx.requests.get_request(request.id)
        keys = tx.legal_holds.find_order_keys_of_request(request)
        assert len(keys) == 2
        tx.legal_holds.open_legal_hold(make_legal_hold(shop=request.shop), keys)
        held = tx.legal_holds.find_legal_hold_ids_by_order_id(request, ["1001", "1002", "9"])
        assert {order_id: len(ids) for order_id, ids in held.items()} == {"1001": 1, "1002": 1, "9": 0}


def test_a_failure_of_shopify_only_postpones(services, platform):
    sells(services, OLD)
    assert platform.named == [OLD]
    sells(services, OLD, 1002)
    assert platform.named == [OLD], "not with every batch"
    services.clock.at += timedelta(minutes=16)
    platform.shops[OLD] = ShopIdentity(number="1", domain=OLD)
    identify_shops(OLD, services=services)
    identify_shops(OLD, services=services)
    assert platform.named == [OLD, OLD]
    with services.store.transaction() as tx:
        assert tx.shop_names.directory.find_number(OLD) == "1"


def test_no_header_teaches_a_number(services):
    body = order_body() | {"shop_id": 5, "shop_domain": OLD}
    sends(services, OLD, "orders/create", body)
    sends(services, OLD, "app/uninstalled", {"id": 424242})
    sends(services, OLD, "app/uninstalled", {"shop_id": 1, "shop_domain": OLD})
    index_deliveries(OLD, services=services)
    with services.store.transaction() as tx:
        assert tx.shop_names.directory.find_number(OLD) == ""


def test_an_erasure_waits_while_the_data_may_be_those_of_the_same_shop(services):
    """The old name has no number and Shopify is silent: never `absent` while the data stand."""
    sells(services, OLD)
    request_id = asks(services, NEW, redact_body(1001))
    request, task = read_erasure(services, request_id)
    assert (task.state, task.wait_reason, request.closed_at) == (TaskState.WAITING, WaitReason.SHOP_UNIDENTIFIED, None)
    with services.store.transaction() as tx:
        [review] = tx.reviews.list_reviews(kind="shop_unidentified", request_id=request_id)
    assert OLD in review.what
    identify_shop(OLD, "1", actor="operator:t", reason="renamed in May", services=services)
    services.clock.at += timedelta(minutes=20)
    works(services, request_id)
    request, task = read_erasure(services, request_id)
    assert (task.outcome, request.state is RequestState.FAILED, count(services, orders)) == (Outcome.ERASED, False, 0)
    with services.store.transaction() as tx:
        assert tx.reviews.list_reviews(kind="shop_unidentified", request_id=request_id) == []


def test_access_is_answered_with_a_gap_while_parcels_may_be_of_the_same_shop_and_anew_then(services):
    """The answer has a deadline: it says what is missing, and the carrier is asked once the shop is known."""
    sells(services, OLD)
    request_id = open_person_request(
        RequestKind.ACCESS, NEW, ASHA, services.clock.now(), actor="operator:t", reason="a letter", services=services
    )
    works(services, request_id)

    def read_carrier_task():
        with services.store.transaction() as tx:
            [task] = [task for task in tx.tasks.list_tasks(request_id) if task.system == "delhivery"]
            return tx.requests.get_request(request_id), task

    request, task = read_carrier_task()
    assert (task.state, task.wait_reason, [gap.reason for gap in task.gaps]) == (
        TaskState.WAITING,
        WaitReason.SHOP_UNIDENTIFIED,
        ["shop_unidentified"],
    )
    assert (request.closed_at is not None, request.complete) == (True, False)
    sends(services, NEW, "orders/create", order_body(2001, parcels=[]))
    index_deliveries(NEW, services=services)
    for domain in (OLD, NEW):
        identify_shop(domain, "1", actor="operator:t", reason="renamed in May", services=services)
    services.clock.at += timedelta(minutes=20)
    works(services, request_id)
    request, task = read_carrier_task()
    assert (task.state, task.records, task.gaps) == (TaskState.DONE, 1, ())


def test_an_erasure_of_another_shop_does_not_wait_for_data_of_one_that_is_known(services):
    sells(services, OLD)
    asks(services, OLD, data_request_body(1), shop_id=1)
    _, task = read_erasure(services, asks(services, NEW, redact_body(1001), shop_id=2))
    assert (task.outcome, count(services, orders)) == (Outcome.ABSENT, 1)


def test_what_was_rejected_under_the_new_name_is_taken_in_once_the_shop_is_known(services):
    sells(services, OLD)
    update = sends(services, NEW, "orders/updated", order_body(parcels=PARCEL))
    index_deliveries(NEW, services=services)
    assert state_of(services, update) == (DeliveryState.REJECTED, "body_of_another_shop")
    asks(services, OLD, data_request_body(1))
    asks(services, NEW, data_request_body(2))
    index_deliveries(NEW, services=services)
    assert state_of(services, update) == (DeliveryState.DONE, "")
    assert count(services, orders) == 1
