"""Who had her parcels, on whose account, from which day to which: as the erasure asks, and as far as it is known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bridge.rules.shipping import platform_parcels
from config.processors import AttributionRule
from tests.steps.test_export_case import MERCHANT, Package, case, fixture, found


def recipients(package: Package) -> dict[str, dict[str, Any]]:
    """Give the recipients by their ids."""
    return {each["id"]: each for each in package.json("02_recipients.json")["recipients"]}


@pytest.mark.parametrize(
    "rule",
    [
        AttributionRule(company="Delhivery", account_holder="shiprocket"),
        AttributionRule(location="55", account_holder="shiprocket"),
        AttributionRule(prefix="999", carrier="bluedart", account_holder="shiprocket"),
    ],
    ids=["company", "location", "prefix"],
)
def test_the_merchants_own_rules_say_whose_account_it_was(rule):
    """The package names the one whom the erasure asks, in the parcels and among the recipients."""
    order = fixture("order__cod_delhivery")
    order["fulfillments"][0]["location"] = {"id": "gid://shopify/Location/55"}
    order["returns"] = []
    package = Package(case([found("order", order)], merchant=replace(MERCHANT, attribution=(rule,))))
    [asked] = platform_parcels(order, (rule,))
    [row] = package.table("shipments")
    assert (row["carrier_id"], row["account_holder"]) == (asked.carrier, asked.account_holder)
    assert {asked.carrier, "shiprocket"} <= recipients(package).keys()
