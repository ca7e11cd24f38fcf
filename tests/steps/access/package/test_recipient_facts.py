"""Recipients are facts of one person: what shows that they have data, which data, since when."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.steps.access.export_case import (
    BLUEDART,
    DELHIVERY,
    HOST,
    MERCHANT,
    RAZORPAY,
    SHOPIFY,
    Package,
    case,
    fixture,
    found,
    task,
)

GOOGLE = replace(HOST, id="google", legal_name="Google LLC", data=("usage_cookies",), countries=("US",))
AFTERSHIP = replace(DELHIVERY, id="aftership", legal_name="AfterShip", fields=("name", "phone"), carries=("*",))


def build_package(records: list[Any], *processors: Any) -> Package:
    """Build the copy of these records for a merchant with these processors."""
    return Package(case(records, merchant=replace(MERCHANT, processors=processors)))


def list_recipients_by_id(package: Package) -> dict[str, dict[str, Any]]:
    """Return the recipients of a package by id."""
    return {one["id"]: one for one in package.json("02_recipients.json")["recipients"]}


def make_order(**changes: Any) -> dict[str, Any]:
    """Make Asha's order with these changes."""
    return fixture("order__cod_delhivery") | changes


def test_a_copy_without_records_names_nobody():
    """Requirement P-12: nobody got anything of a person who has left nothing, whoever is configured."""
    package = Package(case([], merchant=replace(MERCHANT, processors=(*MERCHANT.processors, GOOGLE, AFTERSHIP))))
    assert package.json("02_recipients.json")["recipients"] == []
    assert package.json("02_recipients.json")["unnamed"] == []
    letter = package.text("00_letter.html") + package.text("00_letter.txt")
    for name in ("Shopify Example", "Host Example", "Google", "Delhivery Limited", "Razorpay", "AfterShip"):
        assert name not in letter


def test_a_guest_without_a_recorded_use_of_the_shop_does_not_see_google():
    with_use = list_recipients_by_id(build_package([found("order", make_order())], SHOPIFY, GOOGLE))
    without = list_recipients_by_id(build_package([found("order", make_order(clientIp=None))], SHOPIFY, GOOGLE))
    assert (with_use.keys() & {"google"}, without.keys() & {"google"}) == ({"google"}, set())
    google = with_use["google"]
    assert google["records"] == {"usage_cookies": 1}
    assert google["first_shared_on"] == google["last_shared_on"] == "2026-05-06", "the day of the record"


def test_the_platform_has_what_it_gave_and_not_what_the_file_says():
    """A guest has no customer profile and no consent there."""
    shopify = list_recipients_by_id(build_package([found("order", make_order())], SHOPIFY))["shopify"]
    assert "your customer profile" not in shopify["fields_shared"]
    assert {"what you ordered", "your addresses"} <= set(shopify["fields_shared"])
    assert shopify["known_from"] == ["the records that it gave us"]


def test_a_processor_of_parcels_has_what_its_own_record_shows():
    """Requirement P-42: a watcher of parcels that holds the address holds more than the policy says."""
    record = fixture("shipment__delhivery")
    package = build_package([found("shipment", record, "aftership")], DELHIVERY, AFTERSHIP)
    watcher = list_recipients_by_id(package)["aftership"]
    assert watcher["records_beyond_the_promise"] == 1
    assert watcher["data_beyond_the_promise"] == ["your delivery address", "the value on the invoice"]
    assert watcher["fields_shared"] == [
        "your name",
        "your delivery address",
        "your phone number",
        "the value on the invoice",
    ]
    assert list_recipients_by_id(package)["delhivery"]["records_beyond_the_promise"] == 0, "it is not its record"
    letter = " ".join(package.text("00_letter.txt").split())
    assert (
        "AfterShip holds more about you than our policy says: your delivery address, the value on the invoice" in letter
    )


@pytest.mark.parametrize(
    ("extra", "data"),
    [
        ({"email": "asha@example.com"}, "your e-mail address"),
        ({"consignee": {"name": "Asha", "emails": ["asha@example.com"]}}, "your e-mail address"),
        ({"products_desc": "Silver ring"}, "what you ordered"),
        ({"line_items": [{"name": "Ring"}]}, "what you ordered"),
    ],
)
def test_every_kind_of_data_beyond_the_promise_is_counted(extra, data):
    """Requirement P-42."""
    package = build_package([found("shipment", fixture("shipment__delhivery") | extra, "delhivery")], DELHIVERY)
    carrier = list_recipients_by_id(package)["delhivery"]
    assert (carrier["records_beyond_the_promise"], carrier["data_beyond_the_promise"]) == (1, [data])


def test_a_carrier_that_gave_no_record_has_what_the_parcel_was_sent_with():
    order = make_order(shippingAddress={"name": "Asha", "city": "Agra"}, totalPriceSet=None)
    carrier = list_recipients_by_id(build_package([found("order", order)], DELHIVERY))["delhivery"]
    assert carrier["fields_shared"] == ["your name", "your delivery address"], "there was no phone and no value"
    assert carrier["known_from"] == ["your orders and parcels"]


def test_a_firm_that_gave_a_record_is_named_though_the_file_does_not_list_it():
    package = build_package([found("shipment", fixture("shipment__delhivery"), "aftership")], DELHIVERY)
    assert list_recipients_by_id(package).keys() == {"delhivery", "aftership"}
    assert package.manifest.unnamed_recipients == ("aftership",)


@pytest.mark.parametrize("gateway", ["Razorpay", "razorpay", "RAZORPAY ", "Razorpay Secure (UPI, Cards)"])
def test_the_payment_service_of_the_payments_is_named(gateway):
    payment = make_order()["transactions"][0] | {"formattedGateway": gateway, "gateway": gateway}
    records = [found("order", make_order(transactions=[payment]))]
    unlisted = build_package(records, SHOPIFY, DELHIVERY)
    [named] = [one for key, one in list_recipients_by_id(unlisted).items() if key not in ("shopify", "delhivery")]
    assert named["legal_name"].startswith(gateway.strip())
    assert (named["service"], named["records"]) == ("payment", {"payments": 1})
    assert not unlisted.manifest.complete, "a trade name is not an identity"
    by_id = build_package(records, SHOPIFY, DELHIVERY, replace(RAZORPAY, id="razorpay"))
    assert by_id.manifest.complete
    assert list_recipients_by_id(by_id)["razorpay"]["first_shared_on"] == "2026-05-06"


@pytest.mark.parametrize(
    "gateway",
    ["Cash on Delivery (COD)", "cash_on_delivery", "COD", "manual", "Bank Deposit", "gift_card", "Money Order"],
)
def test_a_way_to_pay_that_involves_no_other_firm_names_none(gateway):
    payment = make_order()["transactions"][0] | {"formattedGateway": gateway, "gateway": gateway}
    announced = replace(RAZORPAY, legal_name="", named=False, data=())
    package = build_package([found("order", make_order(transactions=[payment]))], SHOPIFY, DELHIVERY, announced)
    assert list_recipients_by_id(package).keys() == {"shopify", "delhivery"}
    assert package.manifest.complete, "the service that the policy announces got nothing of this person"


def test_payments_of_the_platform_are_the_platform_s():
    payment = make_order()["transactions"][0] | {"formattedGateway": "Shopify Payments", "gateway": "shopify_payments"}
    package = build_package([found("order", make_order(transactions=[payment]))], SHOPIFY, DELHIVERY)
    assert list_recipients_by_id(package).keys() == {"shopify", "delhivery"}


def test_firms_that_could_not_be_searched_stand_on_the_first_page():
    """What was not searched is said there: the mailbox, the accounts, and processors without an interface."""
    records = [found("order", make_order())]
    nothing_known = replace(HOST, id="email_agency", legal_name="Mailing Example Ltd", data=())
    processors = (SHOPIFY, HOST, DELHIVERY, BLUEDART, RAZORPAY, GOOGLE, nothing_known)
    package = Package(
        case(records, merchant=replace(MERCHANT, processors=processors), tasks=[task("shopify"), task("delhivery")])
    )
    rows = {row["id"]: row["in_words"] for row in package.json("01_summary.json")["not_searched"]}
    assert rows.keys() == {"mailbox", "accounts", "google", "payment_gateway", "email_agency"}
    assert rows == {row["id"]: row["in_words"] for row in package.json("08_withheld.json")["not_searched"]}
    first_page = " ".join(package.text("00_letter.txt").partition("IN SHORT")[0].split())
    assert [words for words in rows.values() if words not in first_page] == []
