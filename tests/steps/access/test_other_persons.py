"""Another person on the data subject's own records: masked or shown as the merchant decides, and said with a count."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.model import Principal
from config.merchant_file.access_rules import AccessRules
from tests.kit.suite.examples import count_examples
from tests.steps.access.export_case import MERCHANT, REQUEST, Package, case, fixture, found

KABIR = {
    "name": "Kabir Marigold",
    "firstName": "Kabir",
    "lastName": "Marigold",
    "company": "Marigold Traders",
    "address1": "99 Elsewhere Road",
    "address2": "Behind the old mill",
    "city": "Jaipur",
    "province": "Rajasthan",
    "country": "India",
    "countryCodeV2": "IN",
    "zip": "302001",
    "phone": "+919111222333",
    "latitude": 26.912434,
    "longitude": 75.787270,
}
# What identifies Kabir: none of it may be in a copy that masks.
TRACES = ["Kabir", "Marigold", "Elsewhere", "old mill", "302001", "9111222333", "26.912434", "75.78727"]
OWN = ["Asha", "Qwertzuiop", "7 Nowhere Lane", "9000000001", "asha@qwertzuiop.example"]
CUSTOMER = found("customer", fixture("customer__asha"))


def asha_order(**changes: Any) -> dict[str, Any]:
    """Return Asha's order, billed to Asha, unless a test changes it."""
    body = fixture("order__cod_delhivery")
    return body | {"billingAddress": deepcopy(body["shippingAddress"])} | changes


def packaged(*records: Any, shows: bool = False, **changes: Any) -> Package:
    merchant = replace(MERCHANT, access=AccessRules(third_persons="show" if shows else "mask"))
    return Package(case(list(records), merchant=merchant, **changes))


def read_all(package: Package) -> str:
    """Return everything that the data subject gets to read."""
    return "\n".join(content.decode() for name, content in package.files.items() if "schema/" not in name)


def read_records(package: Package) -> str:
    """Return the records, with escapes undone."""
    return "\n".join(content.decode() for name, content in package.files.items() if "/records/" in name)


def count_places(package: Package) -> int:
    return package.json("01_summary.json").get("other_persons", {}).get("places", 0)


def gift(**changes: Any) -> tuple[Any, ...]:
    return CUSTOMER, found("order", asha_order(shippingAddress=dict(KABIR), **changes))


# --- each place -----------------------------------------------------------------------------------------

DESTINATION = {key: value for key, value in KABIR.items() if key not in ("name", "latitude", "longitude")} | {
    "email": "kabir@marigold.example"
}
CONSIGNEE = {
    "name": "KABIR MARIGOLD",
    "address_lines": ["99 Elsewhere Road", "Behind the old mill"],
    "city": "Jaipur",
    "pin": "302001",
    "phones": ["9111222333"],
}
PARCEL = fixture("shipment__delhivery") | {"consignee": CONSIGNEE, "received_by": "Kabir"}
ATTRIBUTES = [{"key": "Recipient name", "value": "Kabir Marigold"}, {"key": "Recipient phone", "value": "9111222333"}]
PLACES = {
    "delivery address": found("order", asha_order(shippingAddress=KABIR)),
    "billing address of somebody who paid": found("order", asha_order(billingAddress=KABIR)),
    "draft order": found("draft_order", fixture("draft_order__note") | {"shippingAddress": KABIR}),
    "abandoned checkout": found("abandoned_checkout", {"id": "1", "shippingAddress": KABIR}),
    "destination of a fulfilment": found(
        "order", asha_order(fulfillmentOrders=[{"id": "1", "destination": DESTINATION}])
    ),
    "destination in the second half": found(
        "order_history", {"id": "1", "fulfillmentOrders": [{"destination": DESTINATION}]}
    ),
    "attribute of the order": found("order", asha_order(customAttributes=ATTRIBUTES)),
    "attribute of a line": found("order", asha_order(lineItems=[{"title": "Ring", "customAttributes": ATTRIBUTES}])),
    "attribute of a draft": found("draft_order", fixture("draft_order__note") | {"customAttributes": ATTRIBUTES}),
    "consignee at the carrier": found("shipment", PARCEL, "delhivery"),
    "address book": found("customer", fixture("customer__asha") | {"addressesV2": [KABIR]}),
    "subscription": found("subscription_contract", {"id": "1", "deliveryMethod": {"address": KABIR}}),
    "gift card": found(
        "gift_card", {"id": "1", "recipientAttributes": {"preferredName": "Kabir Marigold", "message": "Dear Kabir"}}
    ),
    "holder of the card": found(
        "order",
        asha_order(billingAddress=KABIR, transactions=[{"id": "1", "paymentDetails": {"name": "KABIR MARIGOLD"}}]),
    ),
    "payment method": found("payment_method", {"id": "1", "instrument": {"billingAddress": KABIR}}),
}


@pytest.mark.parametrize("place", PLACES)
def test_another_person_is_masked_in_every_place(place):
    """Requirement S-09."""
    package = packaged(CUSTOMER, PLACES[place])
    text = read_all(package)
    assert [trace for trace in TRACES if trace.lower() in text.lower()] == []
    assert [value for value in OWN if value not in text] == []
    assert count_places(package) >= 1


@pytest.mark.parametrize("place", PLACES)
def test_another_person_is_shown_where_the_merchant_decides_so(place):
    package = packaged(CUSTOMER, PLACES[place], shows=True)
    shown = read_records(package)
    body = PLACES[place][1].body
    strings = [text for text in _iterate_strings(body) if "kabir" in text.lower() or "elsewhere" in text.lower()]
    assert strings
    assert [text for text in strings if text not in shown] == []
    masked = packaged(CUSTOMER, PLACES[place])
    assert count_places(package) == count_places(masked)
    assert "third_person_masked" not in {row["reason_code"] for row in package.json("08_withheld.json")["left_out"]}


def _iterate_strings(value: Any) -> Any:
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _iterate_strings(item)
    elif isinstance(value, str):
        yield value


# --- free text ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("For Kabir, with love from Asha", "For another person, with love from Asha"),
        ("Call KABIR MARIGOLD on 91112 22333", "Call another person on ****"),
        ("99 elsewhere road, ask for Mr Marigold", "****, ask for Mr another person"),
        ("asha.kabir@qwertzuiop.example is mine", "asha.kabir@qwertzuiop.example is mine"),
        ("Kabirish ring", "Kabirish ring"),
        ("Call me on 9000000001", "Call me on 9000000001"),
    ],
)
def test_texts_on_the_same_order_name_nobody_else(text, shown):
    package = packaged(
        *gift(
            note=text, customAttributes=[{"key": "Gift message", "value": text}], events=[{"id": "1", "message": text}]
        )
    )
    data = package.json("records/orders.json")["records"][0]["data"]
    assert [data["note"], data["customAttributes"][0]["value"], data["events"][0]["message"]] == [shown] * 3
    assert package.table("orders")[0]["note"] == shown


def test_a_full_name_is_found_in_other_records_and_a_single_word_is_not():
    history = found(
        "order_history", {"id": "2", "events": [{"message": "Sent to Kabir Marigold"}, {"message": "Marigold ring"}]}
    )
    package = packaged(*gift(), history)
    [record] = package.json("records/order_history.json")["records"]
    assert [event["message"] for event in record["data"]["events"]] == ["Sent to another person", "Marigold ring"]


def test_the_receiver_of_a_masked_parcel_is_masked_too():
    package = packaged(CUSTOMER, found("shipment", PARCEL, "delhivery"))
    assert package.table("shipments")[0]["received_by"] == "another person"
    shown = packaged(CUSTOMER, found("shipment", PARCEL, "delhivery"), shows=True)
    assert shown.table("shipments")[0]["received_by"] == "Kabir"


@pytest.mark.parametrize(
    "value", ["yes", "Self", "Asha Qwertzuiop", "A. Qwertzuiop", "9000000001", "true", "my sister", "Birthday", ""]
)
def test_an_attribute_that_names_nobody_else_stays(value):
    package = packaged(
        CUSTOMER, found("order", asha_order(customAttributes=[{"key": "Gift recipient", "value": value}]))
    )
    data = package.json("records/orders.json")["records"][0]["data"]
    assert data["customAttributes"] == [{"key": "Gift recipient", "value": value}]
    assert count_places(package) == 0


@pytest.mark.parametrize(
    "key",
    ["Gift recipient", "recipient_name", "Deliver to", "Send-To", "Ship to name", "To", "GIFT FOR", "Receiver's name"],
)
def test_an_attribute_about_the_recipient_is_found_by_its_key(key):
    package = packaged(
        CUSTOMER, found("order", asha_order(customAttributes=[{"key": key, "value": "Kabir"}], note="for Kabir"))
    )
    data = package.json("records/orders.json")["records"][0]["data"]
    assert data["customAttributes"] == [{"key": key, "value": "another person"}]
    assert data["note"] == "for another person"


# --- the data subject -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "Asha Qwertzuiop",
        "ASHA QWERTZUIOP",
        "Mrs. Asha Q",
        "Qwertzuiop, Asha",
        "A. Qwertzuiop",
        "Asha",
        "Office",
        "",
        None,
    ],
)
def test_forms_of_the_data_subjects_name_are_shown(name):
    address = {**asha_order()["shippingAddress"], "name": name, "address1": "12 New Street"}
    package = packaged(CUSTOMER, found("order", asha_order(shippingAddress=address)))
    assert "12 New Street" in read_records(package)
    assert count_places(package) == 0
    assert "Other people" not in package.text("00_letter.txt")


def test_a_new_surname_with_an_own_phone_is_the_data_subject():
    address = {**KABIR, "name": "Asha Verma", "firstName": "Asha", "lastName": "Verma", "phone": "9000000001"}
    assert count_places(packaged(CUSTOMER, found("order", asha_order(shippingAddress=address)))) == 0
    address |= {"phone": KABIR["phone"]}
    assert count_places(packaged(CUSTOMER, found("order", asha_order(shippingAddress=address)))) == 1


def test_what_is_also_the_data_subjects_own_stays():
    """Somebody of the same household: the address is known to the data subject, the name is somebody else's."""
    address = {**asha_order()["shippingAddress"], "name": "Kabir Marigold"}
    package = packaged(CUSTOMER, found("order", asha_order(shippingAddress=address)))
    shown = package.json("records/orders.json")["records"][0]["data"]["shippingAddress"]
    assert shown == {**address, "name": "another person"}


def test_a_guest_is_who_the_order_is_billed_to():
    package = packaged(found("order", asha_order(shippingAddress=KABIR)))
    data = package.json("records/orders.json")["records"][0]["data"]
    assert data["billingAddress"]["name"] == "Asha Qwertzuiop"
    assert data["shippingAddress"]["name"] == "another person"


def test_without_any_name_of_the_data_subject_nobody_is_masked():
    parcel = found("shipment", PARCEL, "delhivery")
    package = packaged(parcel)
    assert (count_places(package), "KABIR MARIGOLD" in read_records(package)) == (0, True)


def test_values_of_the_request_are_the_data_subjects_own():
    request = replace(REQUEST, principal=Principal(customer_id="7001", phone=KABIR["phone"]))
    package = packaged(*gift(), request=request)
    assert KABIR["phone"] in read_records(package)


# --- what is said ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shows", "words"), [(False, "must not harm the rights of others"), (True, "keep it as safe as")]
)
def test_letter_and_summary_say_how_often_and_what_was_done(shows, words):
    package = packaged(*gift(note="For Kabir"), shows=shows)
    section = package.json("01_summary.json")["other_persons"]
    assert (section["places"], section["treatment"]) == (2, "show" if shows else "mask")
    for text in (section["in_words"], " ".join(package.text("00_letter.txt").split()), package.text("00_letter.html")):
        assert "name another person in 2 places" in text
        assert words in text
    left_out = {row["reason_code"]: row["places"] for row in package.json("08_withheld.json")["left_out"]}
    assert left_out.get("third_person_masked", 0) == (0 if shows else 2)


def test_nothing_is_said_where_nobody_else_is_named():
    package = packaged(CUSTOMER, found("order", asha_order()))
    assert "other_persons" not in package.json("01_summary.json")
    assert "Other people" not in package.text("00_letter.html")


# --- made-up people -------------------------------------------------------------------------------------

SYLLABLES = ["ka", "mi", "ro", "shu", "van", "del", "pri", "jo", "tek", "zu"]
NAMES = st.lists(st.sampled_from(SYLLABLES), min_size=2, max_size=4).map(lambda parts: "".join(parts).capitalize())


@settings(max_examples=count_examples(25), deadline=None)
@given(
    first=NAMES,
    last=NAMES,
    phone=st.integers(min_value=9_200_000_000, max_value=9_899_999_999).map(str),
    house=st.integers(min_value=10, max_value=999),
    upper=st.booleans(),
    places=st.lists(
        st.sampled_from(["order", "draft", "history", "parcel", "attribute", "note"]), min_size=1, unique=True
    ),
)
def test_no_made_up_person_is_left_in_a_copy_that_masks(first, last, phone, house, upper, places):
    name = f"{first} {last}".upper() if upper else f"{first} {last}"
    street = f"{house} Canary Gardens"
    address = {"name": name, "address1": street, "city": "Pune", "zip": "411001", "phone": phone}
    attributes = [{"key": "Recipient", "value": name}] if "attribute" in places else []
    body = asha_order(
        shippingAddress=address,
        customAttributes=attributes,
        note=f"For {first} at {street}, {phone}" if "note" in places else None,
    )
    consignee = {"name": name, "address_lines": [street], "phones": [phone], "city": "Pune"}
    candidates = {
        "draft": found("draft_order", {"id": "2", "shippingAddress": address}),
        "history": found("order_history", {"id": "3", "fulfillmentOrders": [{"destination": address}]}),
        "parcel": found("shipment", fixture("shipment__delhivery") | {"consignee": consignee}, "delhivery"),
    }
    records = [CUSTOMER, found("order", body), *(candidates[place] for place in places if place in candidates)]
    package = packaged(*records)
    text = read_records(package).casefold()
    assert [trace for trace in (name, street, phone) if trace.casefold() in text] == []
    assert "pune" in text
    assert count_places(package) == count_places(packaged(*records, shows=True)) >= len(records) - 1
    json.dumps(package.json("records/orders.json"))
