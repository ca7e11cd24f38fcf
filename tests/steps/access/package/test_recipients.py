"""The recipients of parcels: on whose account, from which day to which, attributed as the erasure does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bridge.rules.index.shipping import read_platform_parcels
from config.merchant_file.processors import AttributionRule
from tests.steps.access.export_case import MERCHANT, Package, case, fixture, found


def recipients(package: Package) -> dict[str, dict[str, Any]]:
    """Return the recipients by id."""
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
def test_the_merchants_rules_decide_whose_account_it_was(rule):
    """The package names the processor that the erasure instructs, in the parcels and in the recipients."""
    order = fixture("order__cod_delhivery")
    order["fulfillments"][0]["location"] = {"id": "gid://shopify/Location/55"}
    order["returns"] = []
    package = Package(case([found("order", order)], merchant=replace(MERCHANT, attribution=(rule,))))
    [asked] = read_platform_parcels(order, (rule,))
    [row] = package.table("shipments")
    assert (row["carrier_id"], row["account_holder"]) == (asked.carrier, asked.account_holder)
    assert {asked.carrier, "shiprocket"} <= recipients(package).keys()


FORGOTTEN = {"waybill": "70000000001", "carrier": "bluedart", "status": "not_found", "account_holder": "merchant"}


def find_sharing_days(package: Package, carrier: str) -> tuple[str, str]:
    """Return the first and last day on which a recipient had data."""
    listed = recipients(package)[carrier]
    return listed["first_shared_on"], listed["last_shared_on"]


def test_a_carrier_that_no_longer_knows_the_parcel_is_listed():
    """A carrier that no longer knows the parcel received the address; no day is invented."""
    asked = {"status_at": "2026-11-29T10:00:00+05:30"}
    package = Package(case([found("shipment", FORGOTTEN | asked, "bluedart")]))
    assert recipients(package)["bluedart"]["waybills"] == 1
    assert find_sharing_days(package, "bluedart") == ("", "")
    assert package.table("shipments")[0]["not_found"] == "yes"
    assert package.json("01_summary.json")["do_we_hold_data"]["answer"] == "no"
    assert "on a day we do not know" in package.text("00_letter.html")


def test_the_shop_dates_a_parcel_the_carrier_no_longer_knows():
    """On whichever account it was sent."""
    order = fixture("order__cod_delhivery")
    order["fulfillments"][0]["trackingInfo"] = [{"company": "Blue Dart", "number": "7000 0000 001"}]
    forgotten = FORGOTTEN | {"account_holder": "shiprocket"}
    package = Package(case([found("order", order), found("shipment", forgotten, "shiprocket")]))
    assert recipients(package)["bluedart"]["waybills"] == 1
    assert find_sharing_days(package, "bluedart") == ("2026-05-07", "2026-05-09")
    assert find_sharing_days(package, "shiprocket") == ("", "")


def test_the_days_are_the_first_and_the_last_event():
    """Not only the carrier's last status; forecasts and unreadable dates do not count."""
    dates = {
        "picked_up_at": "2026-05-06T20:00:00Z",  # the 7th in India
        "expected_at": "2026-06-01T00:00:00+05:30",
        "return_promised_at": "2026-06-02",
        "returned_at": "0001-01-01T00:00:00+05:30",
        "return_started_at": "1900-01-01",
        "left_origin_at": "soon",
    }
    events = [{"at": "2026-05-08T10:00:00+05:30"}, {"at": "2026-05-11T10:00:00+05:30"}, {"at": None}]
    parcel = fixture("shipment__delhivery") | {"dates": dates, "events": events}
    package = Package(case([found("shipment", parcel, "delhivery")]))
    assert find_sharing_days(package, "delhivery") == ("2026-05-07", "2026-05-11")
    [row] = package.table("shipments")
    assert (row["shipped_on"], row["last_on"]) == ("2026-05-07", "2026-05-11")
    assert row["status_at"] == "2026-05-09T12:38:09+05:30"


def test_the_shop_dates_the_sending_of_a_parcel():
    """A parcel under way was handed to the carrier when it was sent."""
    order = fixture("order__cod_delhivery")
    order["fulfillments"][0] |= {"deliveredAt": None, "inTransitAt": "2026-05-08T07:08:09Z"}
    package = Package(case([found("order", order)]))
    assert find_sharing_days(package, "delhivery") == ("2026-05-07", "2026-05-08")


def test_returned_parcels_are_listed_too():
    """They are attributed by the merchant's rules, as in the erasure; their carriers are recipients."""
    order = fixture("order__cod_delhivery")
    back = {"carrierName": "Blue Dart", "number": "70000000001", "url": ""}
    untracked: list[Any] = [{"deliverable": None}, {"deliverable": {"tracking": {"number": None}}}]
    deliveries = [{"deliverable": {"tracking": back}}, *untracked]
    order["returns"] = [{"reverseFulfillmentOrders": [{"reverseDeliveries": deliveries}]}]
    rules = (AttributionRule(company="Blue Dart", account_holder="shiprocket"),)
    package = Package(case([found("order", order)], merchant=replace(MERCHANT, attribution=rules)))
    assert [(row["waybill"], row["carrier_id"], row["account_holder"]) for row in package.table("shipments")] == [
        (each.number, each.carrier, each.account_holder) for each in read_platform_parcels(order, rules)
    ]
    assert package.table("shipments")[1]["order"] == "#1001"
    assert package.table("returns")[0]["tracking"] == "70000000001"
    assert recipients(package)["bluedart"]["waybills"] == recipients(package)["shiprocket"]["waybills"] == 1
    assert find_sharing_days(package, "bluedart") == ("", "")
