"""The recipients in a package: who is listed, by name, and which transfers leave India."""

from __future__ import annotations

from dataclasses import replace

from tests.steps.access.export_case import (
    BLUEDART,
    DELHIVERY,
    HOST,
    MERCHANT,
    RAZORPAY,
    SHOPIFY,
    UNNAMED,
    Package,
    case,
    first_page,
    fixture,
    found,
)


def names(package: Package) -> list[str]:
    """Ids of the recipients listed."""
    return [each["id"] for each in package.json("02_recipients.json")["recipients"]]


def test_only_carriers_that_had_a_parcel_are_listed():
    """P-12: a data subject served by Delhivery alone does not see Blue Dart."""
    package = Package(case())
    assert names(package) == ["shopify", "bridge_host", "delhivery", "payment_gateway"]
    assert "Blue Dart" not in package.text("00_letter.html")
    delhivery = package.json("02_recipients.json")["recipients"][2]
    assert delhivery["legal_name"] == "Delhivery Limited"
    assert delhivery["waybills"] == 2, "one of them came back"
    assert (delhivery["first_shared_on"], delhivery["last_shared_on"]) == ("2026-05-07", "2026-05-09")
    assert delhivery["fields_shared"] == [
        "your name",
        "your delivery address",
        "your phone number",
        "the value on the invoice",
    ]
    assert package.text("02_recipients.csv").count("\r\n") == 5
    assert '"Delhivery Limited"' in package.text("02_recipients.csv")


def test_a_processor_of_all_parcels_is_listed_with_the_carrier():
    inputs = case()
    watcher = replace(
        next(each for each in inputs.merchant.processors if each.id == "delhivery"),
        id="aftership",
        legal_name="AfterShip",
        carries=("*",),
    )
    silent = replace(watcher, id="watcher_of_nothing")
    with_it = replace(inputs, merchant=replace(inputs.merchant, processors=(*inputs.merchant.processors, watcher)))
    assert names(Package(with_it)) == ["shopify", "bridge_host", "delhivery", "payment_gateway", "aftership"]
    nothing = replace(with_it, merchant=replace(inputs.merchant, processors=(silent,)))
    assert "delhivery" in names(Package(nothing)), "its carrier is listed all the same"


def test_a_carrier_is_a_recipient_without_its_own_answer():
    """The order names its carrier, in any spelling."""
    order = fixture("order__cod_delhivery")
    order["fulfillments"][0]["trackingInfo"] = [{"company": "Blue Dart Surface", "number": "70000000001"}]
    order["returns"] = []
    package = Package(case([found("order", order)]))
    assert names(package) == ["shopify", "bridge_host", "bluedart", "payment_gateway"]


def test_an_aggregator_and_an_unknown_carrier_are_recipients_too():
    """They received the address, even if the merchant's file does not list them."""
    order = fixture("order__cod_delhivery")
    order["fulfillments"][0]["trackingInfo"] = [
        {"company": "Delhivery", "number": "99900010004126", "url": "https://shiprocket.co/tracking/9990"},
        {"company": "Pigeon Post", "number": "P1"},
        {"company": "", "number": ""},
    ]
    package = Package(case([found("order", order)]))
    assert names(package) == ["shopify", "bridge_host", "delhivery", "payment_gateway", "pigeonpost", "shiprocket"]
    assert not package.manifest.complete
    assert package.manifest.unnamed_recipients == ("Pigeon Post", "shiprocket")
    assert package.json("01_summary.json")["categories"][6]["records"] == 3


def test_a_copy_is_not_complete_while_a_recipient_has_no_name():
    """Requirement P-12: the systems answered in full, but the law asks for identities."""
    shopify = replace(SHOPIFY, legal_name="", safeguard="")
    merchant = replace(MERCHANT, processors=(shopify, HOST, DELHIVERY, BLUEDART, RAZORPAY, UNNAMED))
    package = Package(case(merchant=merchant))
    assert not package.manifest.complete
    assert not package.manifest.recipients_named
    assert package.manifest.unnamed_recipients == ("shopify", "sms_gateway")
    document = package.json("02_recipients.json")
    assert document["recipients_named"] is False
    assert document["unnamed"][1]["reason"] == "recipient_identity_not_configured"
    assert document["recipients"][0]["legal_name"] == "Shopify (legal name not yet published)"
    assert "the service that sends our text messages" in first_page(package)
    assert "Shopify: " not in package.text("07_transfers.json")


def test_a_carrier_without_a_legal_name_is_a_gap_too():
    """P-12 asks for identities; a trade name is not one."""
    nameless = replace(DELHIVERY, legal_name="", fields=())
    package = Package(case(merchant=replace(MERCHANT, processors=(SHOPIFY, nameless, RAZORPAY))))
    assert package.manifest.unnamed_recipients == ("delhivery",)
    assert package.json("02_recipients.json")["recipients"][1]["fields_shared"][0] == "your name"


def test_more_than_the_promise_at_a_carrier_is_reported():
    """P-42: a carrier gets four things; an e-mail address is one too many."""
    record = fixture("shipment__delhivery") | {"items": ["Silver ring"]}
    package = Package(case([found("shipment", record, "delhivery")]))
    [host, delhivery] = package.json("02_recipients.json")["recipients"]
    assert delhivery["records_beyond_the_promise"] == 1
    assert delhivery["data_beyond_the_promise"] == ["what you ordered"]
    assert host["id"] == "bridge_host", "Shopify gave no record of this person"


def test_transfers_name_country_and_safeguard():
    """P-46: data that stays in India is no transfer; an unknown country is shown."""
    transfers = Package(case()).json("07_transfers.json")["transfers"]
    assert [entry["recipient"] for entry in transfers] == ["Shopify Example Inc.", "Host Example Ltd"]
    assert [country["name"] for country in transfers[0]["countries"]] == ["the United States", "Singapore"]
    assert transfers[0]["safeguard"] == "standard clauses (policy s.4)"
    assert transfers[1]["countries_published"] is False
