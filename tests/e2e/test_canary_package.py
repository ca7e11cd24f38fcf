"""From Shopify's wire to the zip: what was planted is in the package, and it names what could not be read."""

import json
from datetime import UTC, datetime

import pytest

from bridge.connectors.shopify import Shopify
from bridge.model import Absence, Outcome, Principal
from bridge.sandbox.shopify.records.seeded_data import list_seeded_values
from bridge.sandbox.shopify.server import CLIENT_ID, CLIENT_SECRET, ShopifyStandIn
from bridge.sandbox.world import INVENTED_SHOP, invent_world
from tests.coverage import asked_for
from tests.steps.access.export_case import Package, case, task

# numbers of cards and accounts are cut to their end, and what opens something is hidden
MASKED = [
    "CardPaymentDetails.bin",
    "CardPaymentDetails.number",
    "CustomerCreditCard.firstDigits",
    "CustomerCreditCard.maskedNumber",
    "CustomerShopPayAgreement.maskedNumber",
    "Order.cartToken",
    "Order.checkoutToken",
    "OrderTransaction.accountNumber",
    "OrderTransaction.receiptJson",
    "TenderTransactionCreditCardDetails.creditCardNumber",
]


@pytest.fixture(scope="module")
def world():
    return invent_world(orders=6, now=datetime.now(UTC))


@pytest.fixture
def stand_in(world):
    with ShopifyStandIn(world) as server:
        yield server


def packaged(stand_in, world):
    shopify = Shopify(api_version="2026-10", base_url=stand_in.url, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    asha = world.asha
    who = Principal(customer_id=str(asha.id), email=asha.email, phone=asha.phone)
    pages = list(shopify.gather(who, shop=INVENTED_SHOP, parcels=()))
    findings = [("shopify", finding) for page in pages for finding in page.findings]
    gaps = tuple(dict.fromkeys(gap for page in pages for gap in page.gaps))
    outcome = Outcome.INCOMPLETE if gaps else Outcome.FOUND
    done = task("shopify", records=len(findings), gaps=gaps, outcome=outcome)
    return Package(case(findings, tasks=[done])), gaps


def test_t21_every_seeded_value_is_in_the_package_or_counted_as_masked(stand_in, world):
    """Requirement S-02."""
    package, gaps = packaged(stand_in, world)
    assert gaps == ()
    text = "\n".join(content.decode() for name, content in package.files.items() if name.endswith(".json"))
    asked = {f"{kind}.{field}" for kind, field in asked_for("2026-10")}
    hidden = {
        name: value
        for name, value in list_seeded_values(world).items()
        if name in asked and json.dumps(value, ensure_ascii=False)[1:-1] not in text
    }
    left_out = {row["reason_code"]: row["places"] for row in package.json("08_withheld.json")["left_out"]}
    assert sum(left_out.values()) >= len(hidden)
    assert sorted(hidden) == MASKED


def test_three_denied_scopes_and_old_orders_are_said_in_the_package(stand_in, world):
    for scope in ("read_gift_cards", "read_content", "read_all_orders"):
        stand_in.faults.add("deny_scope", scope=scope)
    package, gaps = packaged(stand_in, world)
    missing = package.json("08_withheld.json")["missing"]
    assert {(row["kind"], row["reason_code"]) for row in missing} >= {
        ("denied", "read_gift_cards"),
        ("denied", "read_content"),
        ("denied", "read_all_orders"),
    }
    assert {gap.absence for gap in gaps} == {Absence.DENIED}
    assert not package.manifest.complete
    assert all(row["reason"] for row in missing)
    first_page = package.text("00_letter.txt")[:2500]
    assert "gift cards" in first_page.lower()
