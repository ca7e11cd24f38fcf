"""Parsing of Blue Dart's XML: dates without a time, Latin-1 letters, XML bombs, unmapped values."""

import pytest

from bridge.errors import ConnectorUnavailable
from tests.connectors.bluedart.bluedart_answers import LOGGED_IN, URL, gather_by_number, one, sample, xml

ALWAYS_ANSWERED = [LOGGED_IN]
EVERY_ANSWER_IS_USED = True


def test_a_delivered_parcel_becomes_a_record(mock):
    mock.get(URL, body=sample("delivered"))
    assert gather_by_number("99900012343")["99900012343"] == {
        "waybill": "99900012343",
        "order_reference": "1000001-10001",
        "carrier": "bluedart",
        "account_holder": "merchant",
        "status": "delivered",
        "status_type": "DL",
        "status_at": "2012-06-04T14:20:00+05:30",
        "cod_amount": None,
        "invoice_value": None,
        "origin": "DELHI",
        "destination": "MUMBAI",
        "consignee": {
            "name": "ASHA EXAMPLE",
            "attention": "ASHA EXAMPLE",
            "address_lines": ["1 EXAMPLE STREET", "NEAR EXAMPLE PARK"],
            "city": None,
            "state": None,
            "pin": "400059",
            "country": None,
            "phones": ["9000000001"],
        },
        "received_by": "ASHA",
        "note": None,
        "dates": {"picked_up_at": "2012-06-01T20:34:00+05:30", "expected_on": "2012-06-04"},
        "events": [
            {
                "at": "2012-06-04T10:35:00+05:30",
                "status": "out_for_delivery",
                "place": "ANDHERI",
                "code": "002",
                "note": "SHIPMENT OUT FOR DELIVERY",
                "location": None,
            },
            {
                "at": "2012-06-04T14:20:00+05:30",
                "status": "delivered",
                "place": "ANDHERI",
                "code": "000",
                "note": "SHIPMENT DELIVERED",
                "location": None,
            },
        ],
        "return_waybill": None,
        "raw_unrecognised": {},
    }


def test_an_answer_without_personal_data_has_no_consignee(mock):
    mock.get(URL, body=sample("minimal"))
    body = gather_by_number("99900022224")["99900022224"]
    assert (body["status"], body["consignee"]) == ("out_for_delivery", None)


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><ShipmentData><Error>&c;</Error></ShipmentData>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><ShipmentData/>',
        b"<!DOCTYPE ShipmentData><ShipmentData><Error>License Mismatch</Error></ShipmentData>",
        b'<?xml version="1.0" encoding="no-such-thing"?><ShipmentData/>',
        b'<?xml version="1.0" encoding="utf-7"?><ShipmentData/>',
        b'<?xml version="1.0" encoding="UTF-8"?><ShipmentData>\xe9</ShipmentData>',
        b"<ShipmentData/>",
        b"<html><body>Gateway</body></html>",
        b'{"title": "Unauthorized"}',
    ],
)
def test_xml_bombs_doctypes_and_wrong_encodings_are_unreadable(mock, body):
    mock.get(URL, body=body)
    with pytest.raises(ConnectorUnavailable, match="unreadable answer"):
        gather_by_number("99900012343")


def test_latin_letters_survive(mock):
    mock.get(URL, body=xml(one("99900012343", more="<Consignee>Zoë Examplé</Consignee>")))
    assert gather_by_number("99900012343")["99900012343"]["consignee"]["name"] == "Zoë Examplé"


def test_unmapped_values_stay_raw(mock):
    more = "<Beacon>7</Beacon><StatusDate>soon</StatusDate><PickUpDate>31 June 2026</PickUpDate>"
    mock.get(URL, body=xml(one("99900012343", "QQ", more)))
    body = gather_by_number("99900012343")["99900012343"]
    assert body["status"] == "unknown"
    assert body["raw_unrecognised"] == {
        "Beacon": "7",
        "statuses": [["QQ", "X"]],
        "moments": [["PickUpDate", "31 June 2026"], ["StatusDate", "soon"]],
    }
