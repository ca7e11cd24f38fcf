"""Shiprocket's client: trackings and orders of parcels on its account, and whether the cash was remitted."""

import copy
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import responses

from bridge.connectors.http import HttpClient
from bridge.connectors.shiprocket.client import Shiprocket
from bridge.errors import ConnectorRefused, ConnectorThrottled, ConnectorUnavailable, CredentialRejected
from bridge.model import ParcelStatus, Principal
from tests.connectors.contract import SHOP, ConnectorContract
from tests.connectors.contract_verbs import TrackerContract
from tests.kit.gathering import gather_bodies, make_parcel

FIXTURES = Path(__file__).parents[2] / "fixtures" / "carriers"
BASE = "https://shiprocket.example/v1/external"
URL = f"{BASE}/courier/track/awbs"
LOGIN = f"{BASE}/auth/login"
ORDER = re.compile(re.escape(BASE) + r"/orders/show/\d+")
SECRETS = ("api-user@example.org", "password-nobody", "bearer-nobody")
DELIVERED, MOVING = "99900012343", "99900022224"
ALWAYS_ANSWERED = [("POST", LOGIN, {"token": "bearer-nobody"})]


def sample(case):
    return json.loads((FIXTURES / f"shiprocket_{case}.json").read_text())["body"]


TWO, COD = sample("track__two"), sample("order__cod")


def make_connector(waits=None, **more):
    waits = [] if waits is None else waits
    settings = {"email": SECRETS[0], "password": SECRETS[1], "http": HttpClient("shiprocket", sleep=waits.append)}
    return Shiprocket(base_url=BASE, **(settings | more))


def gather_by_number(*numbers):
    return gather_bodies(
        make_connector(), [make_parcel(number, "bluedart", "shiprocket") for number in numbers], shop=SHOP
    )


def order(**changes):
    changed = copy.deepcopy(COD)
    changed["data"] |= changes
    return changed


class TestContract(TrackerContract, ConnectorContract):
    method = "POST"
    url = URL
    content_type = "application/json"
    found = json.dumps(TWO).encode()
    partial = json.dumps({DELIVERED: TWO[DELIVERED]}).encode()
    nothing = b"{}"
    also_nothing = (b"[]",)
    numbers = (DELIVERED, MOVING)
    secrets = SECRETS
    person = "asha qwertzuiop"
    unconfigured = make_connector(password="")

    def connector(self, waits):
        return make_connector(waits)

    def prepare(self, mock):
        mock.post(LOGIN, json={"token": "bearer-nobody"})
        mock.get(ORDER, json=COD)

    def parcels(self):
        return [make_parcel(number, "bluedart", "shiprocket") for number in self.numbers]


def test_a_delivered_parcel_and_its_order_become_a_record(mock):
    mock.post(URL, json=TWO)
    mock.get(ORDER, json=COD)
    body = gather_by_number(DELIVERED)[DELIVERED]
    asha = {
        "name": "Asha Qwertzuiop",
        "address_lines": ["7 Nowhere Lane"],
        "city": "Delhi",
        "state": "Delhi",
        "pin": "110001",
        "country": "India",
        "phones": ["9000000001"],
        "emails": ["asha@example.com"],
    }
    events = body.pop("events")
    assert body == {
        "waybill": DELIVERED,
        "order_reference": "1001",
        "order_id": "100000001",
        "carrier": "bluedart",
        "account_holder": "shiprocket",
        "courier": "Blue Dart Surface",
        "status": "delivered",
        "status_type": "Delivered",
        "status_at": "2026-06-04T14:20:00+05:30",
        "payment": "cod",
        "cod_amount": 1200,
        "invoice_value": 1200,
        "origin": "Bengaluru",
        "destination": "Delhi",
        "consignee": asha | {"address_lines": ["7 Nowhere Lane", "Second floor"]},
        "customer": asha,
        "billing": asha
        | {"name": "Asha", "address_lines": ["8 Elsewhere Road"], "pin": "110002"}
        | {"phones": ["9000000002"], "emails": []},
        "return_pickup": asha,
        "refund_account": {
            "refund_mode": "Bank",
            "account_holder_name": "Asha Qwertzuiop",
            "account_number": "000111222333",
            "ifsc": "ABCD0000001",
        },
        "gstin": None,
        "company": None,
        "items": [{"name": "Kundan Ring", "sku": "MM-RIN-02"}],
        "remitted": False,
        "return_waybill": None,
        "received_by": None,
        "note": None,
        "dates": {"picked_up_at": "2026-06-01T20:34:00+05:30", "delivered_at": "2026-06-04T14:20:00+05:30"},
        "raw_unrecognised": {"order_tag": "gift, asha"},
    }
    assert [event["status"] for event in events] == ["unknown", "in_transit", "out_for_delivery", "delivered"]
    assert "secret-link" not in json.dumps([body, events])


def test_the_couriers_telephone_number_is_left_out(mock):
    mock.post(URL, json=TWO)
    mock.get(ORDER, json=COD)
    assert "9000000077" not in json.dumps(gather_by_number(DELIVERED))


def test_the_request_carries_the_token(mock):
    reply = mock.post(URL, json=TWO)
    shown = mock.get(ORDER, json=COD)
    gather_by_number(DELIVERED, MOVING)
    request = reply.calls[0].request
    assert request.headers["Authorization"] == "Bearer bearer-nobody"
    assert json.loads(request.body) == {"awbs": [DELIVERED, MOVING]}
    assert [call.request.path_url.rpartition("/")[2] for call in shown.calls] == ["100000001", "100000003"]
    login = mock.calls[0].request
    assert json.loads(login.body) == {"email": SECRETS[0], "password": SECRETS[1]}


def test_track_requests_the_order_of_delivered_parcels_only(mock):
    mock.post(URL, json=TWO)
    shown = mock.get(ORDER, json=COD)
    results = [one for batch in make_connector().track_parcels([DELIVERED, MOVING]) for one in batch]
    assert [(one.status, one.cod, one.remitted) for one in results] == [
        (ParcelStatus.DELIVERED, True, False),
        (ParcelStatus.IN_TRANSIT, None, None),
    ]
    assert results[0].status_at == datetime(2026, 6, 4, 8, 50, tzinfo=UTC)
    assert shown.call_count == 1


@pytest.mark.parametrize(
    ("changes", "cod", "remitted"),
    [
        ({"remittance_utr": "HDFC0001"}, True, True),
        ({"remittance_status": "Remitted"}, True, True),
        ({"remittance_status": "pending", "remittance_utr": None}, True, False),
        ({"remittance_utr": "-"}, True, False),
        ({"payment_method": "prepaid"}, False, None),
        ({"payment_method": ""}, None, None),
    ],
)
def test_the_order_states_whether_the_cash_was_remitted(mock, changes, cod, remitted):
    mock.post(URL, json=TWO)
    mock.get(ORDER, json=order(**changes))
    ((result,),) = make_connector().track_parcels([DELIVERED])
    assert (result.cod, result.remitted) == (cod, remitted)


def test_an_order_without_remittance_fields_states_neither(mock):
    silent = order()
    for key in ("remittance_date", "remittance_utr", "remittance_status"):
        del silent["data"][key]
    mock.post(URL, json=TWO)
    mock.get(ORDER, json=silent)
    ((result,),) = make_connector().track_parcels([DELIVERED])
    assert result.remitted is None


def test_a_return_names_its_second_waybill(mock):
    mock.post(URL, json=TWO)
    mock.get(ORDER, json=order(shipments={"rto_awb": "99900033335"}))
    ((result,),) = make_connector().track_parcels([DELIVERED])
    assert result.other_waybills == ("99900033335",)


def test_an_unscanned_parcel_is_ambiguous(mock):
    silent = {"tracking_data": {"track_status": 0, "error": "Aahh! There is no activities found in our DB."}}
    mock.post(URL, json={DELIVERED: silent})
    bodies = gather_by_number(DELIVERED, MOVING)
    assert (bodies[DELIVERED]["status"], bodies[DELIVERED]["ambiguous"]) == ("not_found", True)
    assert (bodies[MOVING]["status"], bodies[MOVING]["ambiguous"]) == ("not_found", False)


@pytest.mark.parametrize(
    "shape",
    [[{DELIVERED: TWO[DELIVERED]}], {"tracking_data": {DELIVERED: TWO[DELIVERED]}}, TWO[DELIVERED], [TWO[DELIVERED]]],
)
def test_every_shape_of_the_two_calls_is_read(mock, shape):
    mock.post(URL, json=shape)
    mock.get(ORDER, json=COD)
    assert gather_by_number(DELIVERED)[DELIVERED]["status"] == "delivered"


@pytest.mark.parametrize("status", [400, 404])
def test_an_unknown_order_keeps_the_tracking(mock, status):
    mock.post(URL, json=TWO)
    mock.get(ORDER, json={"message": "Order ID not found", "status_code": 400}, status=status)
    body = gather_by_number(DELIVERED)[DELIVERED]
    assert (body["status"], body["consignee"]["name"]) == ("delivered", "Asha Qwertzuiop")
    assert "order_id" not in body


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (404, {"message": "404 Not Found", "status_code": 404}, ConnectorRefused),
        (400, "<html>", ConnectorRefused),
        (200, {"data": {}}, ConnectorUnavailable),
        (200, [], ConnectorUnavailable),
        (500, {}, ConnectorUnavailable),
    ],
)
def test_an_unreadable_order_raises(mock, status, body, kind):
    mock.post(URL, json=TWO)
    mock.get(ORDER, json=body, status=status)
    with pytest.raises(kind):
        gather_by_number(DELIVERED)


def test_a_parcel_without_an_order_has_its_tracking(mock):
    changed = copy.deepcopy(TWO)
    changed[DELIVERED]["tracking_data"]["shipment_track"][0]["order_id"] = None
    mock.post(URL, json=changed)
    assert gather_by_number(DELIVERED)[DELIVERED]["status"] == "delivered"


def test_unmapped_values_stay_raw(mock):
    changed = copy.deepcopy(TWO)
    data = changed[MOVING]["tracking_data"]
    data["shipment_status"] = 999
    data["shipment_track"][0] |= {"current_status": "Teleported", "pickup_date": "yesterday", "order_id": 0}
    mock.post(URL, json=changed)
    body = gather_by_number(MOVING)[MOVING]
    assert body["status"] == "unknown"
    assert body["raw_unrecognised"] == {"statuses": [["999", "Teleported"]], "moments": ["yesterday"]}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"message": "Token has expired", "status_code": 401}, CredentialRejected),
        ({"message": "Too many", "status_code": 429}, ConnectorThrottled),
        ({"message": "404 Not Found", "status_code": 404}, ConnectorRefused),
        ({"odd": 1}, ConnectorUnavailable),
    ],
)
def test_a_refusal_with_status_200_raises(mock, body, kind):
    mock.post(URL, json=body)
    with pytest.raises(kind):
        gather_by_number(DELIVERED)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, CredentialRejected),
        (401, CredentialRejected),
        (403, CredentialRejected),
        (422, CredentialRejected),
        (429, ConnectorThrottled),
        (200, ConnectorUnavailable),
    ],
)
def test_a_login_that_fails(mock, status, kind):
    mock.replace(responses.POST, LOGIN, json={"message": "Invalid email or password"}, status=status)
    with pytest.raises(kind):
        gather_by_number(DELIVERED)


def test_one_login_serves_nearly_ten_days_and_a_refused_token_is_renewed_once(mock):
    moment = [datetime(2026, 11, 22, tzinfo=UTC)]
    connector = make_connector(now=lambda: moment[0])
    mock.post(URL, json={})
    for hours in (0, 238, 2):
        moment[0] += timedelta(hours=hours)
        list(connector.track_parcels([DELIVERED]))
    mock.replace(responses.POST, URL, json={}, status=401)
    mock.post(URL, json={})
    list(connector.track_parcels([DELIVERED]))
    assert sum(call.request.url == LOGIN for call in mock.calls) == 3


def test_check_names_every_unset_setting():
    (line,) = make_connector(email="", password="").run_checks(SHOP)
    assert line.detail == "SHIPROCKET_EMAIL, SHIPROCKET_PASSWORD are not set"


def track_one(mock, data, number=DELIVERED):
    mock.post(URL, json={number: data})
    mock.get(ORDER, json=COD)
    ((result,),) = make_connector().track_parcels([number])
    return result


CANCELLED = {"tracking_data": {"shipment_status": 8, "error": "Ohh! This AWB has been cancelled."}}


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (CANCELLED, "cancelled"),
        ({"tracking_data": {"track_status": 0, "error": "This AWB has been canceled"}}, "cancelled"),
        ({"tracking_data": {"shipment_status": "8.0", "shipment_track": [{"awb_code": ""}]}}, "cancelled"),
        ({"tracking_data": [], "error": "AWB was cancelled"}, "cancelled"),
        ({"tracking_data": {"shipment_status": 6}}, "in_transit"),
        ({"tracking_data": {"shipment_status": 0, "shipment_track": [{}], "error": "no activities"}}, "not_found"),
        ({"tracking_data": {"error": "The AWB could not be cancelled"}}, "not_found"),
        ({"tracking_data": {"error": "This AWB has not been cancelled"}}, "not_found"),
        ({"tracking_data": {"shipment_status": 18, "shipment_track": [{"current_status": "Delivered"}]}}, "delivered"),
        ({"tracking_data": {"shipment_status": 7, "shipment_track": [{"current_status": "In Transit"}]}}, "delivered"),
        (
            {"tracking_data": {"shipment_status": 7, "shipment_track": [{"current_status": "RTO Delivered"}]}},
            "returned",
        ),
        (
            {
                "tracking_data": {
                    "shipment_status": 18,
                    "shipment_track": [{"awb_code": "1234567", "current_status": "Lost"}],
                }
            },
            "in_transit",
        ),
        ({"tracking_data": {"shipment_status": 10**30}}, "unknown"),
    ],
)
def test_the_most_final_status_of_all_levels_counts(mock, data, status):
    assert track_one(mock, data).status == ParcelStatus(status)


@pytest.mark.parametrize("level", ["value", "data", "row"])
@pytest.mark.parametrize("name", ["return_awb_code", "rto_awb"])
def test_a_return_waybill_is_read_at_every_level(mock, level, name):
    data = copy.deepcopy(TWO[MOVING])
    levels = {"value": data, "data": data["tracking_data"], "row": data["tracking_data"]["shipment_track"][0]}
    levels[level][name] = "99900033335"
    assert track_one(mock, data, MOVING).other_waybills == ("99900033335",)


def test_an_unreadable_order_costs_no_other_parcel(mock):
    mock.post(URL, json=TWO)
    mock.get(f"{BASE}/orders/show/100000001", json={"data": {}})
    mock.get(f"{BASE}/orders/show/100000003", json=COD)
    (page,) = make_connector().gather(
        Principal(), shop=SHOP, parcels=[make_parcel(one, "bluedart", "shiprocket") for one in (DELIVERED, MOVING)]
    )
    assert [finding.ref for finding in page.findings] == [MOVING]
    assert [(gap.what, gap.reason) for gap in page.gaps] == [("1 waybill", "unreadable_answer")]
    results = {one.number: one for batch in make_connector().track_parcels([DELIVERED, MOVING]) for one in batch}
    assert [results[DELIVERED].status, results[MOVING].status] == [ParcelStatus.UNKNOWN, ParcelStatus.IN_TRANSIT]
