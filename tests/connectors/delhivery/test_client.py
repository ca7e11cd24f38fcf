"""Delhivery's client: batches of 50, a masked consignee, and many forms of refusal."""

import json

import pytest
import responses

from bridge.connectors.delhivery.client import Delhivery
from bridge.errors import ConnectorRefused, ConnectorThrottled, ConnectorUnavailable, CredentialRejected
from bridge.model import Absence, Principal
from tests.connectors.contract import SHOP, ConnectorContract
from tests.connectors.contract_verbs import CancellerContract, TrackerContract
from tests.connectors.delhivery.delhivery_answers import (
    BASE,
    FIXTURES,
    NO_SLIP,
    SLIP,
    TOKEN,
    URL,
    gather_by_number,
    joined,
    load_sample,
    make_connector,
    sample,
)
from tests.kit.gathering import make_parcel

ALWAYS_ANSWERED = [("GET", SLIP, NO_SLIP)]


class TestContract(CancellerContract, TrackerContract, ConnectorContract):
    verbs = ("gather", "track", "cancel")
    url = URL
    content_type = "application/json"
    found = joined("delivered", "in_transit_cod")
    partial = joined("delivered")
    nothing = json.dumps(sample("unknown")).encode()
    numbers = ("99900010002332", "99900010004126")
    secrets = (TOKEN,)
    forbidden = ConnectorThrottled
    unconfigured = Delhivery(base_url=BASE, token="")
    person = "ravi example"
    cancelling = ("POST", f"{BASE}/api/p/edit", (FIXTURES / "delhivery_cancel__done.xml").read_bytes())
    refusals = (
        json.dumps(load_sample("cancel__refused")).encode(),
        b"<root><status>False</status><remark>no</remark></root>",
        b'{"status": false}',
        json.dumps(sample("unknown")).encode(),
    )

    def connector(self, waits):
        return make_connector(waits)

    def prepare(self, mock):
        mock.get(SLIP, json=NO_SLIP)


def test_a_delivered_parcel_becomes_a_record(mock):
    mock.get(URL, json=sample("delivered"))
    body = gather_by_number("99900010002332")["99900010002332"]
    events, documents = body.pop("events"), body.pop("documents")
    assert {one["kind"] for one in documents} == {"SIGNATURE_URL", "EPOD", "RVP_QC_IMAGE", "SELLER_RETURN_IMAGE"}
    assert body == {
        "waybill": "99900010002332",
        "order_reference": "2240",
        "carrier": "delhivery",
        "account_holder": "merchant",
        "status": "delivered",
        "status_type": "DL",
        "status_at": "2024-09-20T17:32:10+05:30",
        "cod_amount": 0,
        "invoice_value": 1200,
        "origin": "Amritsar_VerkaBypss_I (Punjab)",
        "destination": "Delhi",
        "consignee": {
            "name": "Ravi Example",
            "address_lines": [],
            "city": "Delhi",
            "state": "Delhi",
            "pin": "110035",
            "country": "India",
            "phones": [],
        },
        "received_by": None,
        "note": "Delivered to consignee",
        "payment": "Pre-paid",
        "dates": {
            "pickup_at": "2024-09-18T18:26:01+05:30",
            "picked_up_at": "2024-09-18T18:26:01+05:30",
            "received_at_origin_at": "2024-09-21T18:20:25.570000+05:30",
            "left_origin_at": "2024-09-21T18:20:25.640000+05:30",
            "received_at_destination_at": "2024-09-20T13:34:44.275000+05:30",
            "first_attempt_at": "2024-09-20T17:32:10+05:30",
            "delivered_at": "2024-09-20T17:32:10+05:30",
            "expected_at": "2024-09-24T23:59:59+05:30",
            "promised_at": "2024-09-24T23:59:59+05:30",
        },
        "packing_slip": None,
        "raw_unrecognised": {},
    }
    assert [event["status"] for event in events] == [
        "booked",
        "in_transit",
        "in_transit",
        "out_for_delivery",
        "delivered",
    ]
    assert events[-1] == {
        "at": "2024-09-20T17:32:10+05:30",
        "status": "delivered",
        "place": "Delhi_DLEIndustrialArea_D (Delhi)",
        "code": "EOD-38",
        "note": "Delivered to consignee",
        "location": {"lat": 28.6, "long": 77.1},
        "call_duration": None,
    }


def test_the_request_carries_the_token_and_includes_the_consignee(mock):
    reply = mock.get(URL, json=sample("delivered"))
    gather_by_number("99900010002332")
    request = reply.calls[0].request
    assert request.headers["Authorization"] == f"Token {TOKEN}"
    assert request.params == {"waybill": "99900010002332", "verbose": "2"}


@pytest.mark.parametrize(
    ("changes", "address", "phones"),
    [
        (
            {"Address1": ["House no 1"], "Telephone1": ["9900000001"], "Telephone2": "9900000002, 9900000003"},
            ["House no 1"],
            ["9900000001", "9900000002", "9900000003"],
        ),
        (
            {"Address1": "1 Street", "Address2": "", "Address3": " Town ", "Telephone1": 9900000001},
            ["1 Street", "Town"],
            ["9900000001"],
        ),
        ({"Address1": None, "Telephone1": []}, [], []),
        ({"Address1": {"odd": 1}, "Telephone1": True}, [], []),
    ],
)
def test_the_consignee_comes_as_text_list_or_nothing(mock, changes, address, phones):
    answer = sample("delivered")
    consignee = answer["ShipmentData"][0]["Shipment"]["Consignee"]
    answer["ShipmentData"][0]["Shipment"]["Consignee"] = consignee | changes
    mock.get(URL, json=answer)
    found = gather_by_number("99900010002332")["99900010002332"]["consignee"]
    assert (found["address_lines"], found["phones"]) == (address, phones)


def test_a_cancellation_shows_in_the_code_alone(mock):
    mock.get(URL, json=sample("cancelled"))
    body = gather_by_number("99900010000066")["99900010000066"]
    assert body["status"] == "cancelled"
    assert body["consignee"]["name"] == "Asha Example"
    assert [event["status"] for event in body["events"]] == ["booked", "booked", "cancelled"]


def test_an_answer_without_consignee_and_scans_is_read(mock):
    mock.get(URL, json=sample("verbose0"))
    body = gather_by_number("99900010000066")["99900010000066"]
    assert (body["consignee"], body["events"]) == (None, [])


def test_unmapped_values_stay_raw(mock):
    answer = sample("delivered")
    shipment = answer["ShipmentData"][0]["Shipment"]
    shipment |= {"Extras": "leave with guard", "Brandnew": 7, "PickUpDate": "yesterday"}
    shipment["Status"] |= {"Status": "Teleported", "StatusType": "ZZ"}
    mock.get(URL, json=answer)
    body = gather_by_number("99900010002332")["99900010002332"]
    assert body["status"] == "unknown"
    assert body["raw_unrecognised"] == {
        "Extras": "leave with guard",
        "Brandnew": 7,
        "statuses": [["ZZ", "Teleported"]],
        "moments": [["PickUpDate", "yesterday"]],
    }


@pytest.mark.parametrize("shape", [{}, {"Status": "Delivered", "Scans": "none", "Consignee": []}])
def test_missing_and_malformed_parts_raise_nothing_and_are_empty(mock, shape):
    mock.get(URL, json={"ShipmentData": [{"Shipment": {"AWB": 99900010002332} | shape}]})
    body = gather_by_number("99900010002332")["99900010002332"]
    assert (body["status"], body["consignee"], body["events"]) == ("unknown", None, [])


def test_50_numbers_are_requested_at_once_and_the_cursor_counts(mock):
    numbers = [f"{number:014}" for number in range(120)]
    reply = mock.get(URL, json={"ShipmentData": []})
    parcels = [make_parcel(number) for number in (*reversed(numbers), numbers[0])]
    pages = list(make_connector().gather(Principal(), shop=SHOP, parcels=parcels))
    assert [page.cursor for page in pages] == ["50", "100", "120"]
    asked = [call.request.params["waybill"].split(",") for call in reply.calls]
    assert asked == [numbers[:50], numbers[50:100], numbers[100:]]
    rest = list(make_connector().gather(Principal(), shop=SHOP, parcels=parcels, cursor="100"))
    assert [one.ref for page in rest for one in page.findings] == numbers[100:]


def test_the_numbers_of_a_refused_batch_are_requested_one_by_one(mock):
    def answer(request):
        known = request.params["waybill"] == "99900010002332"
        body = sample("delivered") if known else sample("unknown")
        return 200, {}, json.dumps(body)

    mock.add_callback(responses.GET, URL, answer)
    found = gather_by_number("99900010002332", "99900010004126")
    assert found["99900010002332"]["status"] == "delivered"
    assert found["99900010004126"]["status"] == "not_found"


@pytest.mark.parametrize("status", [200, 400])
def test_an_unknown_waybill_is_recognised_by_the_body_whatever_the_status(mock, status):
    mock.get(URL, json=sample("unknown"), status=status)
    body = gather_by_number("99900010002332")["99900010002332"]
    assert (body["status"], body["ambiguous"]) == ("not_found", False)


def test_a_parcel_on_an_aggregators_account_is_not_requested_from_delhivery():
    parcels = [make_parcel("99900010002332", holder="shiprocket")]
    assert list(make_connector().gather(Principal(), shop=SHOP, parcels=parcels)) == []


def test_an_unrequested_shipment_is_not_kept(mock):
    mock.get(URL, body=joined("delivered", "in_transit_cod"))
    assert set(gather_by_number("99900010002332")) == {"99900010002332"}


def test_a_malformed_number_is_a_gap_and_not_requested(mock):
    (page,) = make_connector().gather(
        Principal(), shop=SHOP, parcels=[make_parcel("handed over, see note"), make_parcel("1,2,3,4,5")]
    )
    assert [(gap.what, gap.absence, gap.reason) for gap in page.gaps] == [
        ("2 waybills", Absence.UNATTRIBUTED, "malformed_number")
    ]
    assert page.findings == ()
    assert not mock.calls


def test_blanks_and_dashes_in_a_number_are_removed(mock):
    reply = mock.get(URL, json=sample("delivered"))
    assert gather_by_number("9990-0010 002332")["9990-0010 002332"]["status"] == "delivered"
    assert reply.calls[0].request.params["waybill"] == "99900010002332"


@pytest.mark.parametrize("status", [200, 400, 401, 500])
@pytest.mark.parametrize("body", sample("credentials")[1:], ids=["detail", "text", "environment"])
def test_a_refused_token_is_recognised_in_every_shape(mock, status, body):
    mock.get(URL, json=body, status=status)
    with pytest.raises(CredentialRejected):
        gather_by_number("99900010002332")


def test_the_fourth_shape_means_the_token_with_401_only(mock):
    mock.get(URL, json=sample("credentials")[0], status=401)
    with pytest.raises(CredentialRejected):
        gather_by_number("99900010002332")
    mock.replace(responses.GET, URL, json=sample("credentials")[0])
    with pytest.raises(ConnectorUnavailable):
        gather_by_number("99900010002332")


def test_the_pause_after_a_firewall_403_is_never_shortened(mock):
    mock.get(URL, body="<html>", status=403, headers={"Retry-After": "1"})
    with pytest.raises(ConnectorThrottled) as caught:
        gather_by_number("99900010002332")
    assert caught.value.retry_after_s == 30


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, {"Success": False, "Error": "Package handler limit exceeded"}, ConnectorRefused),
        (200, {"detail": "Throttled, wait 30 seconds."}, ConnectorThrottled),
        (400, {"Error": "odd"}, ConnectorRefused),
        (200, {}, ConnectorUnavailable),
        (200, {"ShipmentData": None}, ConnectorUnavailable),
        (200, {"ShipmentData": [{"Shipment": None}]}, ConnectorUnavailable),
        (200, {"ShipmentData": ["x"]}, ConnectorUnavailable),
    ],
)
def test_an_unknown_error_is_never_not_found(mock, status, body, kind):
    mock.get(URL, json=body, status=status)
    with pytest.raises(kind):
        gather_by_number("99900010002332")
