"""AfterShip's client: a copy of every parcel of any carrier, and the only system that erases at once."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
import responses

from bridge.connectors.aftership.client import AfterShip
from bridge.connectors.http import HttpClient
from bridge.errors import ConnectorRefused, ConnectorThrottled, ConnectorUnavailable, CredentialRejected
from bridge.model import Absence, Outcome, Principal, Waybill
from bridge.sandbox.carriers import AFTERSHIP_KEY, make_aftership
from bridge.sandbox.world import invent_world
from tests.connectors.contract import SHOP, ConnectorContract
from tests.connectors.contract_verbs import EraserContract

FIXTURES = Path(__file__).parents[2] / "fixtures" / "carriers"
BASE = "https://aftership.example/tracking/2025-07"
URL = f"{BASE}/trackings"
KEY = "key-nobody-may-read"
TWO = json.loads((FIXTURES / "aftership_trackings__two.json").read_text())["body"]
DELIVERED, MOVING = TWO["data"]["trackings"]
DONE = {"meta": {"code": 200}, "data": {}}
GONE = b'{"meta":{"code":4004,"type":"NotFound","message":"Tracking does not exist."},"data":{}}'


def listing(*rows, **pagination):
    paging = {"total": len(rows), "next_cursor": "", "has_next_page": False} | pagination
    return {"meta": {"code": 200}, "data": {"pagination": paging, "trackings": list(rows)}}


def deletion(row):
    return f"{URL}/{row['id']}"


def make_connector(waits=None, key=KEY):
    waits = [] if waits is None else waits
    return AfterShip(base_url=BASE, api_key=key, http=HttpClient("aftership", sleep=waits.append))


def gather_trackings(*numbers):
    parcels = [Waybill(number=number, carrier="bluedart") for number in numbers]
    pages = list(make_connector().gather(Principal(), shop=SHOP, parcels=parcels))
    return [(one.ref, one.body) for page in pages for one in page.findings]


class TestContract(EraserContract, ConnectorContract):
    url = URL
    content_type = "application/json"
    found = json.dumps(TWO).encode()
    partial = json.dumps(listing(DELIVERED)).encode()
    nothing = json.dumps(listing()).encode()
    numbers = (DELIVERED["tracking_number"], MOVING["tracking_number"])
    secrets = (KEY,)
    unconfigured = make_connector(key="")
    every_parcel = True
    erasing = ("DELETE", deletion(DELIVERED), b'{"meta":{"code":200},"data":{}}')
    gone = GONE

    def connector(self, waits):
        return make_connector(waits)

    def prepare(self, mock):
        mock.add("DELETE", deletion(DELIVERED), body=self.erasing[2])
        mock.get(deletion(DELIVERED), body=GONE, status=404)

    def parcels(self):
        carriers = zip(self.numbers, ("bluedart", "delhivery"), strict=True)
        return [Waybill(number=number, carrier=carrier) for number, carrier in carriers]


def test_a_tracking_becomes_a_record(mock):
    mock.get(URL, json=TWO)
    ((_, body),) = gather_trackings("99900012343")
    events = body.pop("events")
    assert body == {
        "waybill": "99900012343",
        "tracking_id": "00000000000000000000000000000001",
        "order_reference": "#1001",
        "title": "#1001",
        "carrier": "bluedart",
        "courier": "bluedart",
        "account_holder": "merchant",
        "status": "delivered",
        "status_type": "Delivered",
        "status_at": "2026-06-04T14:20:00+05:30",
        "cod_amount": None,
        "invoice_value": None,
        "origin": "Bengaluru",
        "destination": "7 Nowhere Lane, Delhi 110001",
        "consignee": {
            "name": "Asha Qwertzuiop",
            "address_lines": ["7 Nowhere Lane, Delhi 110001"],
            "city": "Delhi",
            "state": "Delhi",
            "pin": "110001",
            "country": "IND",
            "phones": ["+919000000001"],
            "emails": ["asha@example.com"],
        },
        "customers": [
            {"role": "buyer", "name": "Asha Qwertzuiop", "emails": ["asha@example.com"], "phones": ["+919000000001"]}
        ],
        "notified": ["asha@example.com"],
        "received_by": "ASHA",
        "note": None,
        "dates": {"picked_up_at": "2026-06-01T20:34:00+05:30", "delivered_at": "2026-06-04T14:20:00+05:30"},
        "raw_unrecognised": {},
    }
    assert [event["status"] for event in events] == ["in_transit", "delivered"]
    assert "secret-link" not in json.dumps([body, events])


def test_the_request_carries_the_key(mock):
    reply = mock.get(URL, json=TWO)
    gather_trackings("99900012343", "9990-0010 004126")
    request = reply.calls[0].request
    assert request.headers["as-api-key"] == KEY
    assert request.params == {"tracking_numbers": "99900010004126,99900012343", "limit": "200"}


def test_every_parcel_is_requested_whatever_the_account(mock):
    mock.get(URL, json=TWO)
    parcels = [Waybill(number="99900012343", carrier="bluedart", account_holder="shiprocket")]
    (page,) = make_connector().gather(Principal(), shop=SHOP, parcels=parcels)
    assert page.findings[0].body["account_holder"] == "shiprocket"


def test_the_names_of_older_versions_are_read_too(mock):
    old = {key: value for key, value in DELIVERED.items() if key != "customers"}
    old |= {"customer_name": "Asha Qwertzuiop", "emails": ["asha@example.com"], "smses": ["+919000000001"]}
    mock.get(URL, json={"meta": {"code": 200}, "data": {"page": 1, "trackings": [old]}})
    ((_, body),) = gather_trackings("99900012343")
    assert body["customers"] == [
        {"role": None, "name": "Asha Qwertzuiop", "emails": ["asha@example.com"], "phones": ["+919000000001"]}
    ]


def test_one_number_at_two_couriers_is_two_copies(mock):
    mock.get(URL, json=listing(DELIVERED, MOVING | {"tracking_number": "99900012343"}))
    results = gather_trackings("99900012343")
    assert [ref for ref, _ in results] == ["99900012343"] * 2
    assert [body["courier"] for _, body in results] == ["bluedart", "delhivery"]


def test_pages_are_followed_to_the_last(mock):
    first = mock.get(URL, json=listing(DELIVERED, next_cursor="abc", has_next_page=True))
    second = mock.get(URL, json=listing(MOVING))
    assert [ref for ref, _ in gather_trackings("99900012343", "99900010004126")] == ["99900010004126", "99900012343"]
    assert "cursor" not in first.calls[0].request.params
    assert second.calls[0].request.params["cursor"] == "abc"


def test_a_cursor_that_does_not_move_ends(mock):
    reply = mock.get(URL, json=listing(DELIVERED, next_cursor="abc", has_next_page=True))
    assert len(gather_trackings("99900012343")) == 2
    assert reply.call_count == 2


def test_an_unrequested_tracking_is_not_kept_and_never_deleted(mock):
    mock.get(URL, json=TWO)
    gone = mock.delete(deletion(DELIVERED), json=DONE)
    mock.get(deletion(DELIVERED), body=GONE, status=404)
    other = mock.delete(deletion(MOVING), json={"meta": {"code": 200}, "data": {}})
    assert [ref for ref, _ in gather_trackings("99900012343")] == ["99900012343"]
    assert list(make_connector().erase_waybills(["99900012343"])) == [("99900012343", Outcome.ERASED)]
    assert (gone.call_count, other.call_count) == (1, 0)


def test_all_copies_of_a_number_are_deleted(mock):
    mock.get(URL, json=listing(DELIVERED, MOVING | {"tracking_number": "99900012343"}))
    first = mock.delete(deletion(DELIVERED), body=GONE, status=404)
    second = mock.delete(deletion(MOVING), json=DONE)
    looks = [mock.get(deletion(row), body=GONE, status=404) for row in (DELIVERED, MOVING)]
    assert list(make_connector().erase_waybills([" 9990-0012343"])) == [(" 9990-0012343", Outcome.ERASED)]
    assert (first.call_count, second.call_count) == (1, 1)
    assert [look.call_count for look in looks] == [0, 1]  # a tracking that did not exist needs no verification
    assert second.calls[0].request.headers["as-api-key"] == KEY


def test_a_tracking_that_still_exists_is_not_erased_and_is_deleted_again_later(mock):
    mock.get(URL, json=listing(DELIVERED))
    gone = mock.delete(deletion(DELIVERED), json=DONE)
    look = mock.get(deletion(DELIVERED), json={"meta": {"code": 200}, "data": DELIVERED})
    with pytest.raises(ConnectorUnavailable, match="still exists") as caught:
        list(make_connector().erase_waybills(["99900012343"]))
    assert DELIVERED["id"] not in str(caught.value)
    assert (gone.call_count, look.call_count) == (1, 1)
    mock.replace(responses.GET, deletion(DELIVERED), body=GONE, status=404)
    assert list(make_connector().erase_waybills(["99900012343"])) == [("99900012343", Outcome.ERASED)]


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (404, b"<html>", ConnectorUnavailable),
        (200, b"", ConnectorUnavailable),
        (503, b"", ConnectorUnavailable),
        (429, b"", ConnectorThrottled),
        (401, b"", CredentialRejected),
    ],
)
def test_a_failed_verification_proves_no_erasure(mock, status, body, kind):
    mock.get(URL, json=listing(DELIVERED))
    mock.delete(deletion(DELIVERED), json=DONE)
    mock.get(deletion(DELIVERED), body=body, status=status)
    with pytest.raises(kind):
        list(make_connector().erase_waybills(["99900012343"]))


def test_the_stand_in_shows_by_id_what_was_not_deleted():
    world = invent_world(orders=60, now=datetime(2026, 11, 22, 12, tzinfo=UTC))
    number = world.parcels[0].waybill
    with make_aftership(world) as stand_in:
        connector = AfterShip(base_url=f"{stand_in.base_url}/tracking/2025-07", api_key=AFTERSHIP_KEY)
        (page,) = connector.gather(Principal(), shop=SHOP, parcels=[Waybill(number=number, carrier="delhivery")])
        url = f"{stand_in.base_url}/tracking/2025-07/trackings/{page.findings[0].body['tracking_id']}"
        headers = {"as-api-key": AFTERSHIP_KEY}
        tracking = requests.get(url, headers=headers, timeout=5).json()
        assert tracking["data"]["tracking_number"] == number
        assert list(connector.erase_waybills([number])) == [(number, Outcome.ERASED)]
        assert requests.get(url, headers=headers, timeout=5).json()["meta"]["code"] == 4004


def test_a_malformed_number_is_not_requested_and_not_reported_as_absent(mock):
    assert list(make_connector().erase_waybills(["see note, please", "FMPC/123"])) == []
    assert not mock.calls


def test_numbers_erased_before_a_failure_are_returned(mock):
    mock.get(URL, json=TWO)
    mock.delete(deletion(DELIVERED), json=DONE)
    mock.get(deletion(DELIVERED), body=GONE, status=404)
    mock.delete(deletion(MOVING), json={"meta": {"code": 4015, "message": "id invalid"}}, status=400)
    results = make_connector().erase_waybills(["99900012343", "99900010004126"])
    assert next(results) == ("99900012343", Outcome.ERASED)
    with pytest.raises(ConnectorRefused):
        next(results)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (401, CredentialRejected),
        (403, CredentialRejected),
        (429, ConnectorThrottled),
        (400, ConnectorRefused),
        (4008, ConnectorRefused),
        (500, ConnectorUnavailable),
        (None, ConnectorUnavailable),
    ],
)
@pytest.mark.parametrize("status", [200, 400])
def test_the_code_in_the_answer_counts(mock, code, kind, status):
    if status == 400 and kind is ConnectorUnavailable:
        kind = ConnectorRefused  # the status says more than an unknown code
    mock.get(URL, json={"meta": {"code": code}, "data": {}}, status=status)
    with pytest.raises(kind):
        gather_trackings("99900012343")


@pytest.mark.parametrize("data", [{}, {"trackings": None}, {"trackings": [None]}, {"trackings": [{}]}, []])
def test_rows_without_an_id_are_unreadable(mock, data):
    mock.get(URL, json={"meta": {"code": 200}, "data": data})
    with pytest.raises(ConnectorUnavailable):
        gather_trackings("99900012343")


@pytest.mark.parametrize(
    ("tag", "subtag", "status"),
    [
        ("Exception", "Exception_010", "returning"),
        ("Exception", "Exception_011", "returned"),
        ("Exception", "Exception_004", "in_transit"),
        ("Expired", "Expired_001", "unknown"),
        ("Teleported", "", "unknown"),
    ],
)
def test_each_status_is_mapped_to_ours(mock, tag, subtag, status):
    mock.get(URL, json=listing(DELIVERED | {"tag": tag, "subtag": subtag}))
    ((_, body),) = gather_trackings("99900012343")
    assert body["status"] == status


def test_unmapped_values_stay_raw_except_links(mock):
    more = {"brandnew": 7, "proof": {"url": "https://secret-link"}, "shipment_delivery_date": "soon"}
    mock.get(URL, json=listing(DELIVERED | more | {"tag": "Teleported", "subtag": None}))
    ((_, body),) = gather_trackings("99900012343")
    assert body["raw_unrecognised"] == {"brandnew": 7, "statuses": [["Teleported", ""]], "moments": ["soon"]}


def test_without_a_key_the_unrequested_parcels_are_a_gap():
    parcels = [Waybill(number="99900012343", carrier="bluedart")]
    (page,) = make_connector(key="").gather(Principal(), shop=SHOP, parcels=parcels)
    assert [(gap.absence, gap.what) for gap in page.gaps] == [(Absence.NOT_CONFIGURED, "1 waybill")]


def test_pages_that_never_end_are_not_read_for_ever(mock):
    cursors = iter(range(1_000))

    def answer(_):
        return 200, {}, json.dumps(listing(DELIVERED, has_next_page=True, next_cursor=f"c{next(cursors)}"))

    mock.add_callback(responses.GET, URL, answer)
    with pytest.raises(ConnectorUnavailable, match="more than 20 pages"):
        gather_trackings(DELIVERED["tracking_number"])


@pytest.mark.parametrize("odd_id", ["", None, "..", "a/b", "a?b", {"a": 1}, "x" * 200])
def test_a_tracking_without_a_usable_id_is_never_deleted_and_costs_no_other(mock, odd_id):
    mock.get(URL, json=listing(DELIVERED | {"id": odd_id}, MOVING))
    mock.delete(deletion(MOVING), json=DONE)
    mock.get(deletion(MOVING), body=GONE, status=404)
    erased = make_connector().erase_waybills([DELIVERED["tracking_number"], MOVING["tracking_number"]])
    assert next(erased) == (MOVING["tracking_number"], Outcome.ERASED)
    with pytest.raises(ConnectorUnavailable, match="1 waybill not erased"):
        next(erased)
    assert {call.request.url for call in mock.calls if call.request.method == "DELETE"} == {deletion(MOVING)}
