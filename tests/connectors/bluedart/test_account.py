"""Blue Dart's account: a wrong key against an unknown waybill, JSON and XML, cancellation."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import responses
from responses.matchers import header_matcher

from bridge.errors import ConnectorRefused, ConnectorUnavailable, CredentialRejected
from tests.connectors.bluedart.bluedart_answers import (
    CANCEL,
    LOGGED_IN,
    LOGIN,
    SECRETS,
    URL,
    gather_by_number,
    joined,
    make_connector,
    one,
    reply,
    sample,
    xml,
)
from tests.connectors.contract import SHOP

KNOWN, ASKED = "99900022224", "99900012343"
ALWAYS_ANSWERED = [LOGGED_IN]


def knowing(*numbers):
    """Answer as Blue Dart does with a right key: it knows these numbers."""

    def answer(request):
        known = [number for number in request.params["numbers"].split(",") if number in numbers]
        return 200, {}, xml(*map(one, known)) if known else sample("not_found")

    return answer


def count_requests(mock, number=KNOWN):
    return sum(getattr(call.request, "params", {}).get("numbers") == number for call in mock.calls)


def test_with_a_known_waybill_not_found_is_not_ambiguous(mock):
    mock.add_callback(responses.GET, URL, knowing(KNOWN))
    body = gather_by_number(ASKED, connector=make_connector(known_waybill=KNOWN))[ASKED]
    assert (body["status"], body["ambiguous"]) == ("not_found", False)
    assert body["may_mean"] == ["unknown", "cancelled", "not_scanned_yet"]


def test_without_a_known_waybill_not_found_is_ambiguous(mock):
    mock.add_callback(responses.GET, URL, knowing(KNOWN))
    assert gather_by_number(ASKED)[ASKED]["ambiguous"] is True


def test_a_parcel_that_is_found_proves_the_key_for_the_others(mock):
    mock.add_callback(responses.GET, URL, knowing(ASKED))
    assert gather_by_number(ASKED, "99900000001")["99900000001"]["ambiguous"] is False


@pytest.mark.parametrize("verb", ["gather", "track"])
def test_if_the_known_waybill_is_not_found_the_key_is_wrong_and_nothing_is_absent(mock, verb):
    mock.get(URL, body=sample("not_found"))
    connector = make_connector(known_waybill=f" {KNOWN} ")
    with pytest.raises(CredentialRejected) as caught:
        gather_by_number(ASKED, connector=connector) if verb == "gather" else list(connector.track_parcels([ASKED]))
    assert not any(word in str(caught.value) for word in (*SECRETS, KNOWN, ASKED))


def test_the_known_waybill_is_requested_once_an_hour(mock):
    mock.add_callback(responses.GET, URL, knowing(KNOWN))
    moment = [datetime(2026, 11, 22, tzinfo=UTC)]
    connector = make_connector(known_waybill=KNOWN, now=lambda: moment[0])
    for minutes in (0, 30, 29, 2):
        moment[0] += timedelta(minutes=minutes)
        list(connector.track_parcels([ASKED, "99900000001"]))
    assert count_requests(mock) == 2


def test_check_distinguishes_a_wrong_key_from_a_right_one(mock):
    mock.add_callback(responses.GET, URL, knowing(KNOWN))
    right, wrong = (
        make_connector(known_waybill=KNOWN).run_checks(SHOP),
        make_connector(known_waybill=ASKED).run_checks(SHOP),
    )
    assert [line.ok for line in right] == [True, True, True]
    assert [line.ok for line in wrong] == [True, True, False]
    assert "known waybill" in wrong[-1].detail
    assert "BLUEDART_KNOWN_WAYBILL" in make_connector().run_checks(SHOP)[-1].detail


@pytest.mark.parametrize("fmt", ["xml", "json"])
@pytest.mark.parametrize("body", [joined(ASKED), xml(one(ASKED))])
def test_xml_and_json_are_read_whichever_was_requested(mock, fmt, body):
    replied = mock.get(URL, body=body)
    assert gather_by_number(ASKED, connector=make_connector(answer_format=fmt))[ASKED]["status"] == "delivered"
    assert replied.calls[0].request.params["format"] == fmt


def test_json_becomes_the_same_record_as_xml(mock):
    mock.get(URL, json=reply("track__json"))
    body = gather_by_number(ASKED)[ASKED]
    assert body["consignee"] == {
        "name": "ASHA QWERTZUIOP",
        "attention": "ASHA QWERTZUIOP",
        "address_lines": ["7 NOWHERE LANE"],
        "city": None,
        "state": None,
        "pin": "400059",
        "country": None,
        "phones": ["9000000001"],
    }
    assert body["order_reference"] == "1000001-10001"
    assert body["dates"] == {"picked_up_at": "2026-06-01T20:34:00+05:30"}
    assert [event["status"] for event in body["events"]] == ["out_for_delivery", "delivered"]
    assert body["raw_unrecognised"] == {}


SHIPMENT = reply("track__json")["ShipmentData"]["Shipment"][0]
SCANS = [row["ScanDetail"] for row in SHIPMENT["Scans"]]


@pytest.mark.parametrize(
    "shipment_data",
    [
        {"Shipment": SHIPMENT},
        {"Shipment": [SHIPMENT | {"Scans": {"ScanDetail": SCANS}}]},
        {"Shipment": [SHIPMENT | {"Scans": [{"ScanDetail": SCANS}]}]},
        [{"Shipment": SHIPMENT}],
        {"Shipment": {"@WaybillNo": ASKED} | {k: v for k, v in SHIPMENT.items() if k != "WaybillNo"}},
    ],
)
def test_lists_and_single_objects_are_read_alike(mock, shipment_data):
    mock.get(URL, json={"ShipmentData": shipment_data})
    assert [event["code"] for event in gather_by_number(ASKED)[ASKED]["events"]] == ["002", "000"]


@pytest.mark.parametrize(
    "body", [b'{"ShipmentData": null}', b'{"ShipmentData": [1]}', b"{", b'{"a":' * 500 + b"1" + b"}" * 500]
)
def test_json_of_another_kind_is_unreadable(mock, body):
    mock.get(URL, body=body)
    with pytest.raises(ConnectorUnavailable):
        gather_by_number(ASKED)


def test_json_that_is_nested_without_end_is_unreadable(mock):
    mock.get(URL, body=b'{"ShipmentData":' + b'{"a":' * 900 + b"1" + b"}" * 901)
    with pytest.raises(ConnectorUnavailable):
        gather_by_number(ASKED)


def test_a_wrong_licence_key_in_json_needs_a_person(mock):
    mock.get(URL, json={"ShipmentData": {"Error": "License Mismatch"}})
    with pytest.raises(CredentialRejected):
        gather_by_number(ASKED)


def test_a_cancellation_sends_the_documented_request(mock):
    replied = mock.post(CANCEL, json=reply("cancel__done"))
    make_connector().cancel_shipment("9990-0012343")
    request = replied.calls[0].request
    assert request.headers["JWTToken"] == "jwt-nobody"
    assert json.loads(request.body) == {
        "Request": {"AWBNo": ASKED},
        "Profile": {"Api_type": "S", "LicenceKey": "ship-nobody", "LoginID": "login-nobody"},
    }


def test_an_expired_token_is_renewed_before_it_is_cancelled(mock):
    mock.replace(responses.GET, LOGIN, json={"JWTToken": "jwt-expired"})
    mock.get(LOGIN, json={"JWTToken": "jwt-nobody"})
    refused = mock.post(CANCEL, status=401, match=[header_matcher({"JWTToken": "jwt-expired"})])
    done = mock.post(CANCEL, json=reply("cancel__done"), match=[header_matcher({"JWTToken": "jwt-nobody"})])
    make_connector().cancel_shipment(ASKED)
    assert (refused.call_count, done.call_count) == (1, 1)


def test_cancelling_needs_the_shipping_key_too():
    with pytest.raises(CredentialRejected, match="BLUEDART_LICENCE_KEY is not set"):
        make_connector(licence_key="").cancel_shipment(ASKED)


def envelope(code, words):
    status = [{"StatusCode": code, "StatusInformation": words}]
    return {"CancelWaybillResult": {"AWBNo": ASKED, "IsError": True, "Status": status}}


def test_a_waybill_cancelled_before_is_a_success(mock):
    replied = mock.post(CANCEL, json=envelope("WaybillAlreadyCancelled", "Waybill already cancelled"))
    make_connector().cancel_shipment(ASKED)
    assert replied.call_count == 1


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, envelope("InvalidLicenceKey", "no"), CredentialRejected),
        (400, {"error-response": [{"StatusCode": "InvalidAWB", "StatusInformation": "no"}]}, ConnectorRefused),
        (400, {"error-response": {"StatusCode": "UnauthorizedUser"}}, CredentialRejected),
        (400, {"odd": 1}, ConnectorRefused),
        (200, {"CancelWaybillResult": {}}, ConnectorUnavailable),
        (200, {"CancelWaybillResult": {"IsError": "no"}}, ConnectorRefused),
    ],
)
def test_each_refusal_of_a_cancellation_raises_its_error(mock, status, body, kind):
    mock.post(CANCEL, json=body, status=status)
    with pytest.raises(kind):
        make_connector().cancel_shipment(ASKED)
