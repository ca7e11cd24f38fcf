"""`app/uninstalled` destroys tokens, so it is believed only of a shop that names itself and that the platform disowns."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridge.errors import ConnectorRefused, ConnectorUnavailable, CredentialRejected
from bridge.model import DeliveryState
from bridge.steps.index.index_orders import index_deliveries
from bridge.steps.webhooks.dispatch import dispatch_delivery
from tests.factories import NOW, OTHER_SHOP, SHOP, accepted, make_services, order_body, uninstalled_body
from tests.kit.stored import list_fact_details

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def _tokens(services):
    with services.store.transaction() as tx:
        for shop in (SHOP, OTHER_SHOP):
            tx.tokens.save_tokens(shop, "shpat", NOW + timedelta(days=900), "refresh")


def uninstall(services, body=None, shop=SHOP):
    """Receive app/uninstalled and work on it. Returns (state, reason, has a token)."""
    delivery = accepted(services.store, "app/uninstalled", body or uninstalled_body(), shop=shop)
    index_deliveries(shop, services=services)
    return look(services, delivery, shop)


def look(services, delivery, shop=SHOP):
    with services.store.transaction() as tx:
        found = tx.operator_queries.reveal_delivery(delivery.id)
        return found.state, found.reason, tx.tokens.read_tokens(shop) is not None


def learn_number(services, number):
    redact = accepted(
        services.store, "customers/redact", {"shop_domain": SHOP, "shop_id": number, "orders_to_redact": [1]}
    )
    dispatch_delivery(redact.id, services=services)


def test_an_uninstall_destroys_the_tokens_of_its_shop(services, platform):
    assert uninstall(services) == (DeliveryState.DONE, "", False)
    assert list_fact_details(services.store) == [("shop.uninstalled", {})]
    assert platform.installed_asked == [SHOP]
    with services.store.transaction() as tx:
        assert tx.tokens.read_tokens(OTHER_SHOP) is not None


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"id": 424242}, "shop_domain_missing"),
        ({"id": 1, "domain": SHOP}, "shop_domain_missing"),
        (uninstalled_body(OTHER_SHOP), "shop_differs"),
        (uninstalled_body(number=2), "shop_differs"),
        ({"shop_id": 1, "shop_domain": SHOP}, "body_of_another_topic"),
        (order_body(), "body_of_another_topic"),
        (b"{", "not_json"),
    ],
)
def test_what_is_not_this_shop_destroys_nothing(services, platform, body, reason):
    learn_number(services, 1)
    assert uninstall(services, body) == (DeliveryState.REJECTED, reason, True)
    assert "shop.uninstalled" not in [name for name, _ in list_fact_details(services.store)]
    with services.store.transaction() as tx:
        assert tx.shop_exits.read_shop_exit(SHOP, "req_none").uninstalled_at is None


@pytest.mark.parametrize("number", [1, "1", "gid://shopify/Shop/1"])
def test_the_number_of_the_shop_has_many_spellings(services, number):
    learn_number(services, number)
    assert uninstall(services)[0] is DeliveryState.DONE


@pytest.mark.parametrize("is_known", [False, True])
def test_while_the_platform_accepts_a_token_nobody_uninstalled(services, platform, clock, is_known):
    if is_known:
        uninstall(services)
        clock.at += timedelta(days=9)
        with services.store.transaction() as tx:
            tx.tokens.save_tokens(SHOP, "shpat_new", NOW + timedelta(days=900), "refresh")
    platform.installed.add(SHOP)
    assert uninstall(services) == (DeliveryState.REJECTED, "still_installed", True)
    with services.store.transaction() as tx:
        assert tx.shop_exits.read_shop_exit(SHOP, "req_none").uninstalled_at == (NOW if is_known else None)


def test_the_second_uninstall_of_a_shop_is_believed_where_the_platform_says_so(services, clock):
    uninstall(services)
    clock.at += timedelta(days=9)
    assert uninstall(services)[0] is DeliveryState.DONE


def test_while_the_platform_does_not_answer_nothing_is_destroyed_and_operators_see_it(services, platform, clock):
    platform.installed_faults = [ConnectorUnavailable("shopify: timeout") for _ in range(20)]
    delivery = accepted(services.store, "app/uninstalled", uninstalled_body())
    accepted(services.store, "orders/create", order_body())
    for _ in range(8):
        index_deliveries(SHOP, services=services)
        clock.at += timedelta(hours=3)
    assert look(services, delivery) == (DeliveryState.FAILED, "ConnectorUnavailable", True)
    with services.store.transaction() as tx:
        assert [row["state"] for row in tx.operator_queries.list_deliveries(topic="orders/create")] == ["done"]
        platform.installed_faults.clear()
        assert tx.operator_queries.replay_deliveries([delivery.id]) == [delivery.id]
    index_deliveries(SHOP, services=services)
    assert look(services, delivery) == (DeliveryState.DONE, "", False)


def test_an_unexpected_fault_is_tried_again_and_does_not_stop_the_index(services, platform):
    platform.installed_faults = [RuntimeError("asha@qwertzuiop.example")]
    delivery = accepted(services.store, "app/uninstalled", uninstalled_body())
    accepted(services.store, "orders/create", order_body())
    assert index_deliveries(SHOP, services=services) == 2
    assert look(services, delivery)[0] is DeliveryState.RECEIVED
    with services.store.transaction() as tx:
        assert "qwertzuiop" not in repr(tx.operator_queries.list_deliveries())


@pytest.mark.parametrize("fault", [None, ConnectorRefused("shopify: no credentials"), CredentialRejected("no")])
def test_where_the_platform_cannot_be_asked_a_body_is_believed_once(store, clock, queue, platform, fault):
    services = make_services(store, clock, queue, *([platform] if fault else []))
    platform.installed_faults = [fault, fault]
    assert uninstall(services) == (DeliveryState.DONE, "", False)
    clock.at += timedelta(days=9)
    with store.transaction() as tx:
        tx.tokens.save_tokens(SHOP, "shpat_new", NOW + timedelta(days=900), "refresh")
    assert uninstall(services) == (DeliveryState.REJECTED, "body_repeated", True)
