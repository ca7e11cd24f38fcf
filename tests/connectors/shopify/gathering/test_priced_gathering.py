"""Points: calls wait before they are sent, no call exceeds the highest price, and the cheaper way is taken."""

from collections import Counter
from datetime import UTC, datetime

import pytest

from bridge.connectors.shopify import Shopify
from bridge.connectors.shopify.api import documents, pricing
from bridge.connectors.shopify.gathering import complete_record
from bridge.model import Absence, Principal
from bridge.sandbox.shopify import ShopifyStandIn
from bridge.sandbox.shopify.engine import cost
from bridge.sandbox.world import invent_world
from tests.connectors.shopify.shopify_shop import PRINCIPAL, Shop, asha, findings, gaps, order, walk

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
MAXIMUM, RATE = 2_000, 100


class Meter:
    """A stand-in's bucket on a clock that only a client's waits move, and what was charged and refused."""

    def __init__(self, server, shop):
        self.at_s, self.paid, self.refused = 0.0, [], 0
        self.bucket = server._get_bucket(shop)
        self.bucket._now_s, self.bucket._updated_at_s = self.now_s, 0.0
        self.pay, self.bucket.pay = self.bucket.pay, self.charge

    def now_s(self):
        return self.at_s

    def sleep(self, seconds):
        self.at_s += seconds

    def charge(self, price, *, force_refusal=False):
        is_paid, status = self.pay(price, force_refusal=force_refusal)
        if is_paid:
            self.paid.append(price)
        self.refused += not is_paid
        return is_paid, status

    @property
    def limit_s(self):
        """The seconds that the bucket cannot do without for what was charged."""
        return max(0.0, sum(self.paid) - MAXIMUM) / RATE


@pytest.fixture(scope="module")
def worlds():
    return {count: invent_world(orders=12, now=NOW, heavy_orders=count) for count in (1_000, 250)}


def gather_metered(world, *, bulk_orders=5_000, factor=1.0, monkeypatch=None):
    with ShopifyStandIn(world, maximum=MAXIMUM, restore_rate=RATE) as server:
        meter = Meter(server, world.shop)
        if monkeypatch:
            price = cost.price_plan
            monkeypatch.setattr(cost, "price_plan", lambda *args: int(price(*args) * factor))
        platform = Shopify(
            api_version="2026-10",
            base_url=server.url,
            client_id="sandbox-client",
            client_secret="sandbox-secret",
            sleep=meter.sleep,
            now_s=meter.now_s,
            bulk_orders=bulk_orders,
        )
        person = world.heavy_customer
        pages = list(platform.gather(Principal(customer_id=str(person.id), email=person.email), shop=world.shop))
        return pages, meter, server.calls.summarize_calls()


def test_a_thousand_orders_end_when_the_bucket_allows_it(worlds, monkeypatch):
    pages, meter, calls = gather_metered(worlds[1_000])
    assert Counter(one.kind for one in findings(pages))["order"] == 1_000
    assert gaps(pages) == []
    assert "BulkStart" in calls["by_name"]
    assert meter.refused == 0
    assert meter.at_s <= 1.15 * meter.limit_s
    monkeypatch.setattr("bridge.connectors.shopify.gathering.pages.is_bulk_cheaper", lambda *_: False)
    _, by_pages, calls = gather_metered(worlds[1_000])
    assert "BulkStart" not in calls["by_name"]
    assert by_pages.refused == 0
    assert by_pages.at_s <= 1.15 * by_pages.limit_s
    assert meter.at_s < by_pages.at_s
    assert meter.at_s <= 1.15 * min(meter.limit_s, by_pages.limit_s)


def test_where_points_suffice_pages_are_read(worlds):
    pages, meter, calls = gather_metered(worlds[250])
    assert Counter(one.kind for one in findings(pages))["order"] == 250
    assert "BulkStart" not in calls["by_name"]
    assert (meter.refused, meter.at_s <= 1.15 * meter.limit_s) == (0, True)


@pytest.mark.parametrize("factor", [1.7, 3.0, 5.0])
def test_a_dearer_formula_makes_calls_smaller_and_loses_nothing_unnamed(worlds, monkeypatch, factor):
    world = worlds[250]
    pages, meter, calls = gather_metered(world, factor=factor, monkeypatch=monkeypatch)
    kinds = Counter(one.kind for one in findings(pages))
    assert (kinds["customer"], kinds["order"]) == (1, 250)
    assert {(absence, reason) for absence, _, reason in gaps(pages)} <= {(Absence.UNREACHED, "list_too_long")}
    assert max(meter.paid) <= cost.MAX_COST
    # each document may be too dear once, before its price is known
    assert calls["total"] - len(meter.paid) - meter.refused - 1 <= 12
    assert meter.at_s <= 1.15 * meter.limit_s


# --- overflowing lists ----------------------------------------------------------------------------------


@pytest.fixture
def shop_of_many(serve_shop):
    return serve_shop(Shop(customers=[asha(numberOfOrders="250")]))


def test_orders_that_exceed_the_first_sizes_share_calls(shop_of_many, waits):
    parcels = [
        {"id": str(at), "trackingInfo": [{"number": f"awb {at} {part}"} for part in range(3)]} for at in range(6)
    ]
    shop_of_many.orders = [
        order(
            number,
            refunds=[{"id": f"r{number} {at}"} for at in range(3)],
            fulfillments=parcels,
            lineItems=[{"id": f"l{number} {at}", "title": f"Ring {at}"} for at in range(9)],
        )
        for number in range(1, 251)
    ]
    shop_of_many.orders[7]["refunds"] = [{"id": f"many {at}"} for at in range(40)]
    shop_of_many.orders[9]["lineItems"] = [{"id": f"line {at}", "title": f"Ring {at}"} for at in range(120)]
    platform = Shopify(api_version="2026-10", access_token="shpat_canary", sleep=waits.append)
    pages = walk(platform, PRINCIPAL)
    bodies = {one.ref.rpartition("/")[2]: one.body for one in findings(pages) if one.kind == "order"}
    assert len(bodies) == 250
    assert {len(body["refunds"]) for number, body in bodies.items() if number != "8"} == {3}
    assert len(bodies["8"]["refunds"]) == 40
    assert len(bodies["10"]["lineItems"]) == 120
    assert {len(body["lineItems"]) for number, body in bodies.items() if number != "10"} == {9}
    assert {tuple(len(one["trackingInfo"]) for one in body["fulfillments"]) for body in bodies.values()} == {(3,) * 6}
    calls = Counter(name for name, _ in shop_of_many.calls)
    assert calls["OrderOverflows"] <= 7
    assert calls["OrderRemainingLists"] <= 3
    assert gaps(pages) == []


def test_the_limits_of_overflows_equal_the_requested_sizes():
    fields = {use.path: use.selection for use in documents.list_fields("order_overflows", "2026-10")}
    sizes = {path: int(one.arguments["first"]) for path, one in fields.items() if "first" in one.arguments}
    from bridge.connectors.shopify.gathering.overflow import OVERFLOW_LIMITS as limits  # noqa: N811, PLC0415

    assert sizes[("nodes", "fulfillments")] == limits.parcels
    assert sizes[("nodes", "fulfillments", "trackingInfo")] == limits.tracking
    assert sizes[("nodes", "transactions")] == limits.payments
    assert sizes[("nodes", "refunds")] == limits.refunds
    for name in ("parcels", "tracking", "payments", "refunds"):
        assert getattr(limits, name) > getattr(complete_record.FIRST_LIMITS, name)


# --- the price ----------------------------------------------------------------------------------------


def test_the_estimate_equals_what_the_stand_in_charges(worlds):
    """Fields that two fragments request are counted twice: the estimate may be a little higher."""
    world, seen = worlds[250], {}
    with ShopifyStandIn(world) as server:
        platform = Shopify(
            api_version="2026-10", base_url=server.url, client_id="sandbox-client", client_secret="sandbox-secret"
        )
        note = pricing.ShopBudget.note_cost

        def spy(self, name, estimate, reported):
            seen[name] = (estimate, reported.get("requestedQueryCost"))
            note(self, name, estimate, reported)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pricing.ShopBudget, "note_cost", spy)
            person = world.asha
            list(platform.gather(Principal(customer_id=str(person.id), email=person.email), shop=world.shop))
            platform.balances(str(person.id), shop=world.shop)
    assert len(seen) >= 5
    for name, (estimate, reported) in seen.items():
        assert reported <= estimate <= reported * 1.06 + 1, name


def test_a_budget_knows_no_limit_before_shopify_reports_one():
    at_s = [0.0]
    budget = pricing.ShopBudget(now_s=lambda: at_s[0])
    assert budget.compute_wait_s(10_000) == 0
    status = {"maximumAvailable": 2_000.0, "currentlyAvailable": 100, "restoreRate": 100.0}
    budget.note_cost("A", 100, {"requestedQueryCost": 300, "throttleStatus": status})
    assert budget.correct_estimate("A", 50) == 150
    assert budget.correct_estimate("B", 50) == 150  # a dearer formula is dearer for all
    assert budget.compute_wait_s(1_000) == pytest.approx(9.1)
    at_s[0] = 5.0
    assert budget.get_available() == 600
    budget.reserve(400)
    assert budget.get_available() == 200
    assert budget.compute_wait_s(10_000) == pytest.approx(18.0)  # no more than the bucket can hold
