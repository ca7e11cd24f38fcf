"""Shopify knows a shop by its number; calls go to the present domain, else to a former one whose token works."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bridge.connectors.shopify import Shopify
from bridge.connectors.shopify.api.client import ShopifyClient
from bridge.errors import ConnectorRefused, CredentialRejected
from bridge.model import Principal, ShopIdentity
from bridge.ports import NamesShops
from bridge.sandbox.shopify import ShopifyStandIn
from bridge.sandbox.world import invent_world

NEW, OTHER = "renamed.myshopify.com", "another.myshopify.com"


@pytest.fixture(scope="module")
def invented_world():
    return invent_world(orders=4, now=datetime(2026, 11, 23, 9, 0, tzinfo=UTC))


@pytest.fixture(scope="module")
def server(invented_world):
    with ShopifyStandIn(invented_world) as server:
        yield server


def connect(server, waits, *domains):
    return Shopify(
        client_id="sandbox-client",
        client_secret="sandbox-secret",
        api_version="2026-10",
        base_url=f"{server.url}/{{shop}}" if "{shop}" not in server.url else server.url,
        sleep=waits.append,
        **({"list_domains": lambda _: domains} if domains else {}),
    )


def test_the_number_and_the_present_domain_are_read(server, invented_world, waits):
    platform = connect(server, waits)
    assert isinstance(platform, NamesShops)
    assert platform.read_shop_identity(invented_world.shop) == ShopIdentity(
        number=str(invented_world.shop_id), domain=invented_world.shop
    )


@pytest.mark.parametrize("before", [(), (NEW,), (NEW, OTHER)], ids=["present", "second", "third"])
def test_calls_go_to_the_first_domain_that_answers(server, invented_world, waits, before):
    platform = connect(server, waits, *before, invented_world.shop)
    who = Principal(email=invented_world.asha.email)
    assert platform.find_customer(who, shop="whatever-key") == str(invented_world.asha.id)


def test_the_fault_of_the_present_domain_is_told_where_none_answers(server, waits):
    platform = connect(server, waits, NEW, OTHER)
    with pytest.raises((ConnectorRefused, CredentialRejected)):
        platform.find_customer(Principal(email="a@example.com"), shop=NEW)


def test_a_shop_that_lost_its_domains_is_asked_nowhere(server, invented_world, waits):
    platform = Shopify(
        api_version="2026-10", base_url=server.url, access_token="t", sleep=waits.append, list_domains=lambda _: ()
    )
    with pytest.raises(ConnectorRefused, match="unknown shop"):
        platform.find_customer(Principal(email=invented_world.asha.email), shop=invented_world.shop)


def test_one_gathering_reads_the_domains_once_however_many_calls_it_makes(server, invented_world, waits, monkeypatch):
    asked = []

    def list_domains(shop):
        asked.append(shop)
        return (invented_world.shop,)

    platform = Shopify(
        api_version="2026-10",
        client_id="sandbox-client",
        client_secret="sandbox-secret",
        base_url=server.url,
        sleep=waits.append,
        list_domains=list_domains,
    )
    called, run = [], ShopifyClient._run_at_domains

    def count_call(client, *given):
        called.append(given)
        return run(client, *given)

    monkeypatch.setattr(ShopifyClient, "_run_at_domains", count_call)
    who = Principal(email=invented_world.asha.email)
    for number in (1, 2):
        assert list(platform.gather(who, shop=invented_world.shop))
        assert asked == [invented_world.shop] * number, "the next gathering asks anew"
        assert len(called) > number * 2
