"""Only the body of a webhook is signed: one of another shop restores nobody under this shop's header."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from bridge.model import DeliveryState, RequestKind
from bridge.steps.index.index_orders import index_deliveries
from bridge.steps.webhooks.dispatch import dispatch_delivery
from bridge.store.schema.index_tables import customers, orders, shop_names
from bridge.store.schema.tables import deliveries
from tests.factories import ASHA, NOW, OTHER_SHOP, SHOP, accepted, data_request_body, order_body, redact_body
from tests.kit.stored import list_fact_details

THIRD_SHOP = "third.myshopify.com"
FOREIGN = (DeliveryState.REJECTED, "body_of_another_shop")
DONE = (DeliveryState.DONE, "")
CUSTOMER = {"id": 7001, "email": ASHA.email, "updated_at": NOW.isoformat()}
BODIES = {
    "orders/updated": order_body(),
    "orders/paid": order_body(1001),
    "orders/cancelled": order_body(1001),
    "orders/delete": {"id": 1001},
    "fulfillments/create": {"id": 5, "order_id": 1001, "email": ASHA.email, "tracking_numbers": ["AWB7007007"]},
    "refunds/create": {"id": 6, "order_id": 1001, "refund_line_items": []},
    "returns/approve": {"id": 7, "order": {"id": 1001}, "status": "open"},
    "disputes/create": {"id": 8, "order_id": 1001, "status": "needs_response"},
    "customers/update": CUSTOMER,
    "customers/delete": {"id": 7001},
    "customers/merge": {
        "admin_graphql_api_customer_kept_id": "gid://shopify/Customer/7009",
        "admin_graphql_api_customer_deleted_id": "gid://shopify/Customer/7001",
    },
}


def arrives(services, shop, topic, body):
    """Accept and index one delivery. Return what became of it."""
    services.clock.at += timedelta(minutes=1)
    delivery = accepted(services.store, topic, body | {"sent": services.store.new_id("x")}, shop=shop)
    index_deliveries(shop, services=services)
    with services.store.engine.connect() as connection:
        row = connection.execute(select(deliveries).where(deliveries.c.id == delivery.id)).one()
    return row.state, row.reason


def erases(services, shop=SHOP, **given):
    """The data subject is erased at this shop."""
    body = redact_body(1001) | {"shop_domain": shop} | given
    request_id = dispatch_delivery(accepted(services.store, "customers/redact", body, shop=shop).id, services=services)
    with services.store.transaction() as tx:
        request = tx.requests.get_request(request_id)
        assert request.kind is RequestKind.ERASURE
        tx.person_eraser.erase_person(request.shop, request.principal, request_id=request_id)


def stored(services, shop):
    with services.store.engine.connect() as connection:
        return [
            len(connection.execute(select(table).where(table.c.shop == shop)).all()) for table in (orders, customers)
        ]


@pytest.mark.parametrize("is_erased", [True, False], ids=["erased", "stored"])
@pytest.mark.parametrize("topic", BODIES)
def test_a_captured_body_is_rejected_under_another_shops_header(services, topic, is_erased):
    arrives(services, OTHER_SHOP, "orders/create", order_body(4004, customer_id=4))
    arrives(services, SHOP, "orders/create", order_body())
    arrives(services, SHOP, "customers/create", CUSTOMER)
    if is_erased:
        erases(services)
    before = stored(services, OTHER_SHOP)
    assert arrives(services, OTHER_SHOP, topic, BODIES[topic]) == FOREIGN
    assert stored(services, OTHER_SHOP) == before
    rejected = [detail for fact, detail in list_fact_details(services.store) if fact == "delivery.rejected"]
    assert [(detail["topic"], detail["reason"]) for detail in rejected] == [(topic, "body_of_another_shop")]
    assert arrives(services, SHOP, topic, BODIES[topic]) == DONE, "the rightful shop's goes on"


def test_an_order_of_an_erased_customer_that_no_shop_knows_is_rejected_too(services):
    arrives(services, OTHER_SHOP, "orders/create", order_body(4004, customer_id=4))
    arrives(services, SHOP, "orders/create", order_body())
    erases(services)
    assert arrives(services, OTHER_SHOP, "orders/create", order_body(1000)) == FOREIGN


def test_what_a_shop_knows_itself_is_its_own_whatever_others_know(services):
    for shop, number in ((SHOP, 1), (OTHER_SHOP, 2)):
        link = f"https://jewels.example/{number}/orders/x/authenticate"
        assert arrives(services, shop, "orders/create", order_body(order_status_url=link)) == DONE or number == 2
    with services.store.transaction() as tx:
        tx.index.ingest_sightings(OTHER_SHOP, [])
    assert arrives(services, OTHER_SHOP, "orders/create", order_body(77, customer_id=8)) == DONE
    assert arrives(services, OTHER_SHOP, "orders/updated", order_body(77, customer_id=8)) == DONE


@pytest.mark.parametrize(
    ("link", "outcome"),
    [
        ("https://jewels.example/1/orders/x/authenticate", DONE),
        (f"https://{OTHER_SHOP}/1/orders/x/authenticate", DONE),
        ("https://jewels.example/2/orders/x/authenticate", FOREIGN),
        (f"https://{SHOP}/2/orders/x/authenticate", FOREIGN),
        ("https://jewels.example/3/orders/x/authenticate", DONE),
        ("https://unheard-of.myshopify.com/3/orders/x/authenticate", DONE),
        ("https://jewels.example/account", DONE),
    ],
)
def test_an_order_that_names_its_shop_is_believed(services, link, outcome):
    for shop, number in ((SHOP, 1), (OTHER_SHOP, 2)):
        body = data_request_body(number) | {"shop_domain": shop, "shop_id": number}
        dispatch_delivery(accepted(services.store, "customers/data_request", body, shop=shop).id, services=services)
    assert arrives(services, SHOP, "orders/create", order_body(order_status_url=link)) == outcome


def test_an_order_that_names_another_domain_is_rejected_where_no_number_is_known(services):
    arrives(services, OTHER_SHOP, "orders/create", order_body(4004, customer_id=4))
    link = f"https://{OTHER_SHOP}/2/orders/x/authenticate"
    assert arrives(services, SHOP, "orders/create", order_body(order_status_url=link)) == FOREIGN
    own = f"https://{SHOP}/2/orders/x/authenticate"
    assert arrives(services, SHOP, "orders/create", order_body(order_status_url=own)) == DONE


def test_shops_of_one_merchant_sell_to_the_same_person(services):
    """The same e-mail and phone at two shops are two customers: only ids belong to one shop."""
    for number, shop in enumerate((SHOP, OTHER_SHOP, THIRD_SHOP)):
        assert arrives(services, shop, "orders/create", order_body(10 + number, customer_id=70 + number)) == DONE
    erases(services)
    assert arrives(services, OTHER_SHOP, "orders/updated", order_body(11, customer_id=71)) == DONE
    assert stored(services, OTHER_SHOP)[0] == 1
    with services.store.engine.connect() as connection:
        assert len(connection.execute(select(shop_names)).all()) == 3
