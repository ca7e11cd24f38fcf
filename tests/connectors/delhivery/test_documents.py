"""Delhivery's packing slips with street and telephone, documents that are not fetched, and cancellation."""

import json
import logging

import pytest
import responses

from bridge.connectors.delhivery.client import Delhivery
from bridge.connectors.http import HttpClient
from bridge.errors import ConnectorRefused, ConnectorThrottled, ConnectorUnavailable, CredentialRejected
from bridge.model import Absence, Principal
from tests.connectors.contract import SHOP
from tests.connectors.delhivery.delhivery_answers import (
    BASE,
    NO_SLIP,
    SLIP,
    TOKEN,
    URL,
    load_sample,
    make_connector,
    sample,
)
from tests.kit.gathering import make_parcel

NUMBER = "99900010004126"
DOCUMENT = f"{BASE}/api/rest/fetch/pkg/document/"
EDIT = f"{BASE}/api/p/edit"
ALWAYS_ANSWERED = [("GET", URL, sample("in_transit_cod"))]


def pages(*numbers, connector=None):
    parcels = [make_parcel(number) for number in numbers or (NUMBER,)]
    return list((connector or make_connector()).gather(Principal(), shop=SHOP, parcels=parcels))


def asking():
    http = HttpClient("delhivery", sleep=lambda _: None)
    return Delhivery(base_url=BASE, token=TOKEN, ask_documents=True, http=http)


def test_the_slip_fills_in_what_tracking_leaves_blank(mock):
    reply = mock.get(SLIP, json=load_sample("packing_slip"))
    ((found,),) = [page.findings for page in pages()]
    assert found.body["consignee"] == {
        "name": sample("in_transit_cod")["ShipmentData"][0]["Shipment"]["Consignee"]["Name"],
        "address_lines": ["7 Nowhere Lane, Near Nothing Park"],
        "city": "Nakodar",
        "state": "Punjab",
        "pin": "144042",
        "country": "India",
        "phones": ["9000000001"],
    }
    assert found.body["packing_slip"] == {
        "name": "Asha Qwertzuiop",
        "address_lines": ["7 Nowhere Lane, Near Nothing Park"],
        "city": "Nakodar",
        "state": "Punjab",
        "pin": "144042",
        "phones": ["9000000001"],
        "gstin": "03ABCDE1234F1Z5",
        "order_reference": "2245",
        "payment": "COD",
        "cod_amount": 3000,
        "invoice_value": 5000,
        "product": "silver ring",
        "raw_unrecognised": {},
    }
    assert reply.calls[0].request.params == {"wbns": NUMBER, "pdf": "false"}
    assert reply.calls[0].request.headers["Authorization"] == f"Token {TOKEN}"


def test_no_link_is_kept_or_logged(mock, caplog):
    caplog.set_level(logging.DEBUG)
    slip = load_sample("packing_slip")
    slip["packages"][0] |= {"label": "https://files.example.com/secret-link", "logo": "data:image/png;base64,x"}
    mock.get(SLIP, json=slip)
    ((found,),) = [page.findings for page in pages()]
    assert "secret-link" not in json.dumps(found.body) + caplog.text
    assert "data:" not in json.dumps(found.body)


def test_unmapped_values_of_a_slip_stay_raw(mock):
    slip = load_sample("packing_slip")
    slip["packages"][0] |= {"alt_contact": "9000000003"}
    mock.get(SLIP, json=slip)
    ((found,),) = [page.findings for page in pages()]
    assert found.body["packing_slip"]["raw_unrecognised"] == {"alt_contact": "9000000003"}


@pytest.mark.parametrize(
    "answer", [NO_SLIP, {"packages": [None, {"wbn": "99900010000066"}]}, {"Error": "No such waybill or Order Id found"}]
)
def test_a_missing_slip_is_no_gap(mock, answer):
    mock.get(SLIP, json=answer)
    (page,) = pages()
    assert (page.gaps, page.findings[0].body["packing_slip"]) == ((), None)
    assert page.findings[0].body["consignee"]["address_lines"] == []


def test_no_slip_is_requested_for_a_parcel_unknown_to_tracking(mock):
    reply = mock.get(SLIP, json=NO_SLIP)
    pages("99900010002332")
    assert reply.call_count == 0


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [(404, "", "ConnectorRefused"), (400, '{"Error": "odd"}', "ConnectorRefused"), (401, "", "credentials")],
)
def test_a_refused_slip_is_a_gap_and_costs_no_record(mock, status, body, reason):
    mock.get(SLIP, body=body, status=status)
    (page,) = pages()
    assert [(gap.what, gap.absence, gap.reason) for gap in page.gaps] == [("packing slips", Absence.DENIED, reason)]
    assert page.findings[0].body["status"] == "in_transit"
    assert "packing_slip" not in page.findings[0].body


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (403, "<html>", ConnectorThrottled),
        (429, "", ConnectorThrottled),
        (503, "", ConnectorUnavailable),
        (200, "<html>", ConnectorUnavailable),
        (200, '{"detail": "Throttled, wait 30 seconds."}', ConnectorThrottled),
    ],
)
def test_a_retryable_error_of_a_slip_is_no_gap(mock, status, body, kind):
    mock.get(SLIP, body=body, status=status)
    with pytest.raises(kind):
        pages()


def test_after_a_throttled_slip_only_its_page_is_read_again(mock):
    known = [f"{number:014}" for number in range(60)]

    def shipments(request):
        rows = [{"Shipment": {"AWB": number}} for number in request.params["waybill"].split(",")]
        return 200, {}, json.dumps({"ShipmentData": rows})

    open_for = [55]

    def slips(request):
        open_for[0] -= 1
        number = request.params["wbns"]
        body = {"packages": [{"wbn": number, "address": f"{number} Nowhere Lane"}]}
        return (200, {}, json.dumps(body)) if open_for[0] >= 0 else (403, {}, "<html>")

    mock.remove(responses.GET, URL)
    mock.add_callback(responses.GET, URL, shipments)
    mock.add_callback(responses.GET, SLIP, slips)
    given, connector, own = [], make_connector(), [make_parcel(number) for number in known]
    with pytest.raises(ConnectorThrottled):
        given.extend(connector.gather(Principal(), shop=SHOP, parcels=own))
    open_for[0] = 60
    given.extend(connector.gather(Principal(), shop=SHOP, parcels=own, cursor=given[-1].cursor))
    assert [found.ref for page in given for found in page.findings] == known
    assert [found.body["consignee"]["address_lines"] for page in given for found in page.findings] == [
        [f"{number} Nowhere Lane"] for number in known
    ]
    assert [page.gaps for page in given] == [(), ()]


def test_a_slip_that_is_refused_does_not_cost_the_next_ones(mock):
    rows = [row for case in ("delivered", "in_transit_cod") for row in sample(case)["ShipmentData"]]
    mock.replace(responses.GET, URL, json={"ShipmentData": rows})
    mock.get(SLIP, status=404)
    mock.get(SLIP, json=load_sample("packing_slip"))
    (page,) = pages("99900010002332", NUMBER)
    assert [gap.what for gap in page.gaps] == ["packing slips"]
    assert [found.body["consignee"]["phones"] for found in page.findings] == [[], ["9000000001"]]


def test_a_token_that_is_refused_is_not_tried_on_every_slip(mock):
    rows = [row for case in ("delivered", "in_transit_cod") for row in sample(case)["ShipmentData"]]
    mock.replace(responses.GET, URL, json={"ShipmentData": rows})
    reply = mock.get(SLIP, status=401)
    (page,) = pages(NUMBER, "99900010002332")
    assert (reply.call_count, len(page.gaps), len(page.findings)) == (1, 1, 2)


def test_documents_are_listed_and_none_is_requested(mock):
    mock.get(SLIP, json=NO_SLIP)
    reply = mock.get(DOCUMENT, json={"success": True})
    ((found,),) = [page.findings for page in pages()]
    assert reply.call_count == 0
    assert found.body["documents"][0] == {
        "kind": "SIGNATURE_URL",
        "what": "signature of whoever took the parcel in",
        "held": None,
        "fetched": False,
        "why": "may_show_another_person",
    }


@pytest.mark.parametrize(
    ("answer", "held"),
    [
        ({"json": {"success": False, "message": "Invalid waybill passed"}}, False),
        ({"json": {"success": True, "data": {"url": "https://secret-link"}}}, True),
        ({"json": {"url": "https://secret-link"}}, True),
        ({"json": {"Error": "No such waybill or Order Id found"}}, False),
        ({"status": 302, "headers": {"Location": "https://secret-link"}}, True),
        ({"body": b"\x89PNG", "content_type": "image/png"}, True),
        ({"body": b"%PDF", "content_type": "application/pdf"}, True),
    ],
)
def test_if_set_the_existence_of_each_document_is_requested(mock, answer, held):
    mock.get(SLIP, json=NO_SLIP)
    reply = mock.get(DOCUMENT, **answer)
    (page,) = pages(connector=asking())
    body = page.findings[0].body
    assert [one["held"] for one in body["documents"]] == [held] * 4
    assert [call.request.params["doc_type"] for call in reply.calls] == [one["kind"] for one in body["documents"]]
    assert page.gaps == ()
    assert "secret-link" not in json.dumps(body)


@pytest.mark.parametrize("answer", [{"body": "<html>"}, {"json": {}}, {"json": {"success": True}, "status": 500}])
def test_a_fault_of_the_documents_is_a_gap(mock, answer):
    mock.get(SLIP, json=NO_SLIP)
    mock.get(DOCUMENT, **answer)
    (page,) = pages(connector=asking())
    assert [(gap.what, gap.absence) for gap in page.gaps] == [("documents", Absence.UNREACHED)]
    assert [one["held"] for one in page.findings[0].body["documents"]] == [None] * 4


def test_a_cancellation_sends_the_documented_request(mock):
    reply = mock.post(EDIT, body='<?xml version="1.0"?><root><status>True</status></root>')
    make_connector().cancel_shipment("9990-0010 004126")
    assert json.loads(reply.calls[0].request.body) == {"waybill": NUMBER, "cancellation": "true"}


def test_a_cancellation_is_retried_after_a_lost_answer(mock):
    lost = mock.post(EDIT, status=502)
    answered = mock.post(EDIT, json={"status": "Success"})
    make_connector().cancel_shipment(NUMBER)
    assert (lost.call_count, answered.call_count) == (1, 1)
    assert answered.calls[0].request.body == lost.calls[0].request.body


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (load_sample("cancel__refused"), ConnectorRefused),
        ({"status": "Failure", "error": "Throttled, wait 30 seconds."}, ConnectorThrottled),
        ({"status": "Failure", "error": "Login or API Key Required"}, CredentialRejected),
        ({"Error": "'NoneType' object has no attribute 'end_date'"}, CredentialRejected),
        ({"detail": "Authentication credentials were not provided."}, CredentialRejected),
        ({"status": "perhaps"}, ConnectorUnavailable),
    ],
)
def test_each_refusal_of_a_cancellation_raises_its_error(mock, status, body, kind):
    mock.post(EDIT, json=body, status=status)
    with pytest.raises(kind):
        make_connector().cancel_shipment(NUMBER)
