"""Which carrier, and whose account: from three free texts, without guessing."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.rules.index.attribution import Attribution, attribute_parcel, is_personal_number, is_plausible_waybill
from config.merchant_file.processors import AttributionRule

SPELLINGS = json.loads(
    (Path(__file__).parents[2] / "fixtures/carriers/shopify_tracking_company_spellings.json").read_text()
)


def who(company="", url="", number=""):
    found = attribute_parcel(company=company, url=url, number=number)
    return found.carrier, found.account_holder


@pytest.mark.parametrize(
    ("carrier", "company"), [(carrier, one) for carrier, names in SPELLINGS.items() for one in names]
)
def test_every_spelling_seen_in_a_shop_is_known(carrier, company):
    assert who(company) == (carrier, "merchant")


@pytest.mark.parametrize(
    ("company", "carrier"),
    [
        ("India Post", "indiapost"),
        ("Speed Post", "indiapost"),
        ("Gati KWE", "gati"),
        ("GatiKWE", "gati"),
        ("Professional Couriers", "professionalcouriers"),
        ("The Professional Courier", "professionalcouriers"),
        ("Ecom Express", "ecomexpress"),
        ("Ekart Logistics", "ekart"),
        ("SFX Surface", "shadowfax"),
        ("DHL Express", "dhl"),
        ("DHL eCommerce", "dhlecommerce"),
        ("UPS", "ups"),
        ("FedEx", "fedex"),
        ("", "unknown"),
        ("Irrigation Groups", "unknown"),  # neither Gati nor UPS
        ("My cousin", "unknown"),
        ("ब्लू डार्ट", "unknown"),
    ],
)
def test_company_texts(company, carrier):
    assert who(company) == (carrier, "merchant")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example-shop.shiprocket.co/tracking/99900012343", ("bluedart", "shiprocket")),
        ("https://shiprocket.co/tracking/1", ("bluedart", "shiprocket")),
        ("HTTPS://Track.NimbusPost.com./x", ("bluedart", "nimbuspost")),
        ("example-shop.shiprocket.in/tracking/1", ("bluedart", "shiprocket")),
        ("https://notshiprocket.co/x", ("bluedart", "merchant")),
        ("https://shiprocket.co.evil.example/x", ("bluedart", "merchant")),
        ("https://evil.example/?to=shiprocket.co", ("bluedart", "merchant")),
        ("https://shiprocket.co@evil.example/", ("bluedart", "merchant")),
        ("http://[broken", ("bluedart", "merchant")),
        ("see e-mail", ("bluedart", "merchant")),
        ("", ("bluedart", "merchant")),
        ("https://www.delhivery.com/track/package/1", ("unknown", "merchant")),
        ("https://delhivery.com.evil.example/", ("bluedart", "merchant")),
    ],
)
def test_the_host_of_the_url_is_compared_with_the_company(url, expected):
    assert who("Blue Dart Surface", url) == expected


def test_an_aggregator_alone_names_the_account_and_not_the_carrier():
    assert who("Shiprocket", "https://x.shiprocket.co/t/1", "99900012343") == ("unknown", "shiprocket")
    assert who("Shiprocket - Delhivery Surface") == ("delhivery", "shiprocket")


def test_a_carriers_own_host_is_enough():
    assert attribute_parcel(company="", url="https://www.bluedart.com/?n=1", number="99900012343") == Attribution(
        carrier="bluedart", account_holder="merchant", decided_by="url+number"
    )


@pytest.mark.parametrize("number", ["99900012343", "99900010002332", "FMPP1234567890"])
def test_a_number_alone_attributes_nothing(number):
    assert attribute_parcel(company="", url="", number=number).decided_by == "nothing"


def test_a_number_confirms_or_contradicts():
    assert attribute_parcel(company="Bluedart", url="", number="99900012343").decided_by == "company+number"
    assert attribute_parcel(company="Bluedart", url="", number="99900012344").decided_by == "company-number"
    assert attribute_parcel(company="Bluedart", url="", number="").decided_by == "company"
    assert attribute_parcel(company="Shadowfax", url="", number="SF123456789").decided_by == "company"


@pytest.mark.parametrize(
    ("number", "is_personal"),
    [
        ("Self - Ramesh Kumar 98765 43210", True),
        ("9876543210", True),
        ("+91 98765-43210", True),
        ("09876543210", True),
        ("Ramesh Kumar", True),
        ("रमेश 12", True),
        ("99900012343", False),
        ("99900010002332", False),
        ("FMPC1234567890", False),
        ("EE123456785IN", False),
        ("1z827wk74630", False),
        ("AWB1", False),
    ],
)
def test_a_phone_or_a_name_in_the_field_of_the_number_is_no_waybill(number, is_personal):
    assert is_personal_number(number) is is_personal
    attribution = attribute_parcel(company="Delhivery", url="https://shiprocket.co/tracking/1", number=number)
    assert (attribution.carrier == "unknown") is is_personal
    if is_personal:
        assert attribution.account_holder == "merchant", "no aggregator is told either"


@pytest.mark.parametrize(
    ("carrier", "number", "expected"),
    [
        ("bluedart", "99900012343", True),
        ("bluedart", "999-0001 2343", True),
        ("bluedart", "99900012344", False),
        ("bluedart", "123456789012", True),  # the field is Character(12) in the push document
        ("bluedart", "12345", False),
        ("delhivery", "99900010002332", True),
        ("delhivery", "99900010002333", False),
        ("delhivery", "12345678901", True),  # 2012: eleven digits
        ("delhivery", "1234567890123", True),
        ("delhivery", "D87726913", False),
        ("dtdc", "D87726913", True),
        ("dtdc", "D8", False),
        ("ekart", "FMPC1234567890", True),
        ("ekart", "FMPX1234567890", False),
        ("indiapost", "EE123456785IN", True),
        ("indiapost", "EE123456784IN", False),
        ("indiapost", "EE123456785GB", False),
        ("dhl", "1234567891", True),
        ("dhl", "1234567892", False),
        ("dhl", "JD014600006281230701", True),
        ("fedex", "788830567028", True),
        ("fedex", "788830567029", False),
        ("fedex", "041441760228964", True),
        ("fedex", "041441760228965", False),
        ("fedex", "12345678901234567890", True),
        ("ups", "1Z999AA10123456784", True),
        ("ups", "1Z999AA10123456785", False),
        ("ups", "T1234567890", True),
        ("usps", "9400111899223197428497", True),
        ("usps", "9400111899223197428491", False),
        ("usps", "EE123456785US", True),
        ("xpressbees", "anything", True),
        ("unknown", "", False),
    ],
)
def test_formats_filter_numbers_and_old_formats_pass(carrier, number, expected):
    assert is_plausible_waybill(carrier, number) is expected


@given(st.text(), st.text(), st.text())
def test_any_text_is_attributed_without_an_error(company, url, number):
    found = attribute_parcel(company=company, url=url, number=number)
    assert found.carrier
    assert isinstance(is_plausible_waybill(found.carrier, number), bool)


@pytest.mark.parametrize(
    ("rule", "parcel", "expected"),
    [
        ({"company": "blue dart  SURFACE", "account_holder": "shiprocket"}, {}, ("bluedart", "shiprocket", "merchant")),
        ({"prefix": "698-1", "account_holder": "nimbuspost"}, {}, ("bluedart", "nimbuspost", "merchant")),
        ({"prefix": "1490810", "account_holder": "nimbuspost"}, {}, ("bluedart", "merchant", "company+number")),
        ({"location": "65", "carrier": "dtdc"}, {"location": "65"}, ("dtdc", "merchant", "merchant")),
        ({"location": "65", "carrier": "dtdc"}, {"location": "66"}, ("bluedart", "merchant", "company+number")),
        (
            {"service": "shiprocket", "prefix": "1", "account_holder": "shiprocket"},
            {"service": "shiprocket"},
            ("bluedart", "merchant", "company+number"),
        ),
    ],
)
def test_the_merchants_own_rule_comes_first_where_all_its_conditions_hold(rule, parcel, expected):
    attribution = attribute_parcel(
        company="Blue Dart Surface", url="", number="69810000002", rules=[AttributionRule(**rule)], **parcel
    )
    assert (attribution.carrier, attribution.account_holder, attribution.decided_by) == expected


def test_the_first_rule_that_fits_counts():
    rules = [
        AttributionRule(prefix="698", account_holder="shiprocket"),
        AttributionRule(company="Blue Dart", account_holder="nimbuspost"),
    ]
    assert (
        attribute_parcel(company="Blue Dart", url="", number="69810000002", rules=rules).account_holder == "shiprocket"
    )
