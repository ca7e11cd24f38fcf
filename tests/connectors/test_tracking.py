"""Tracking results from each carrier's answers, and what remains visible of a consignee."""

import json
from datetime import UTC, datetime

import pytest
import responses

from bridge.connectors.tracking import parse_status_time, serialize_consignee
from bridge.model import ParcelStatus
from tests.connectors.bluedart import bluedart_answers as blue
from tests.connectors.delhivery.delhivery_answers import NO_SLIP, SLIP, URL, make_connector, sample

ALWAYS_ANSWERED = [blue.LOGGED_IN]


def track(connector, *numbers, **more):
    return {one.number: one for batch in connector.track_parcels(numbers, **more) for one in batch}


def test_delhivery_is_asked_for_the_consignee_only_if_requested(mock):
    reply = mock.get(URL, json=sample("cancelled"))
    mock.get(SLIP, json=NO_SLIP)
    result = track(make_connector(), "99900010000066")["99900010000066"]
    assert result.status is ParcelStatus.CANCELLED
    assert result.status_at == datetime(2026, 8, 24, 18, 28, 30, tzinfo=UTC)
    assert (result.cod, result.remitted, result.other_waybills, result.consignee) == (False, None, (), None)
    track(make_connector(), "99900010000066", include_consignees=True)
    assert [call.request.params["verbose"] for call in reply.calls] == ["0", "2"]


def test_delhivery_states_how_a_parcel_is_paid(mock):
    mock.get(URL, json=sample("in_transit_cod"))
    result = track(make_connector(), "99900010004126")["99900010004126"]
    assert (result.status, result.cod) == (ParcelStatus.IN_TRANSIT, True)


def test_50_numbers_are_requested_at_once(mock):
    reply = mock.get(URL, json={"ShipmentData": []})
    numbers = [f"{number:014}" for number in range(120)]
    assert [len(batch) for batch in make_connector().track_parcels(numbers)] == [50, 50, 20]
    assert [len(call.request.params["waybill"].split(",")) for call in reply.calls] == [50, 50, 20]


def leg(number, kind, second="", at="04 June 2026"):
    more = f"<NewWaybillNo>{second}</NewWaybillNo><StatusDate>{at}</StatusDate><StatusTime>14:20</StatusTime>"
    return blue.one(number, kind, more)


FIRST, SECOND = "99900012343", "99900022224"


@pytest.mark.parametrize(
    ("first", "second", "status", "day"),
    [
        ("RT", leg(SECOND, "DL", at="09 June 2026"), "returned", 9),
        ("RT", leg(SECOND, "UD", at="07 June 2026"), "returning", 7),
        ("RT", leg(SECOND, "LS", at="09 June 2026"), "lost", 9),
        ("RT", blue.one(SECOND, "NF"), "returned", 4),
        ("LS", blue.one(SECOND, "NF"), "lost", 4),
        ("UD", blue.one(SECOND, "NF"), "returning", 4),
        ("UD", leg(SECOND, "IT", at="07 June 2026"), "returning", 7),
        ("RD", leg(SECOND, "DL", at="09 June 2026"), "delivered", 9),
        ("RD", leg(SECOND, "LS", at="09 June 2026"), "lost", 9),
        ("RD", blue.one(SECOND, "NF"), "redirected", 4),
    ],
)
def test_blue_darts_second_waybill_is_requested_and_decides_the_status(mock, first, second, status, day):
    def answer(request):
        return 200, {}, blue.xml(leg(FIRST, first, SECOND) if FIRST in request.params["numbers"] else second)

    mock.add_callback(responses.GET, blue.URL, answer)
    (result,) = track(blue.make_connector(), FIRST).values()
    assert (result.number, result.status, result.other_waybills) == (FIRST, ParcelStatus(status), (SECOND,))
    assert result.status_at == datetime(2026, 6, day, 8, 50, tzinfo=UTC)


def test_a_second_waybill_of_the_same_batch_is_not_requested_again(mock):
    reply = mock.get(blue.URL, body=blue.xml(leg(FIRST, "RT", SECOND), leg(SECOND, "DL")))
    result = track(blue.make_connector(), FIRST, SECOND)
    assert [result[FIRST].status, result[SECOND].status] == [ParcelStatus.RETURNED, ParcelStatus.DELIVERED]
    assert reply.call_count == 1


@pytest.mark.parametrize("second", ["", "see note, please", FIRST])
def test_a_return_without_a_second_waybill_is_a_return(mock, second):
    mock.get(blue.URL, body=blue.xml(leg(FIRST, "RT", second)))
    result = track(blue.make_connector(), FIRST)[FIRST]
    assert (result.status, result.other_waybills) == (ParcelStatus.RETURNED, ())


def test_tracking_requests_no_scans_from_blue_dart(mock):
    reply = mock.get(blue.URL, body=blue.xml(blue.one(FIRST)))
    track(blue.make_connector(), FIRST)
    assert reply.calls[0].request.params["scan"] == "0"


def test_a_date_without_a_time_counts_from_its_end():
    assert parse_status_time("2026-06-04") == datetime(2026, 6, 4, 18, 29, 59, tzinfo=UTC)
    assert parse_status_time("2026-06-04T14:20:00+05:30") == datetime(2026, 6, 4, 8, 50, tzinfo=UTC)
    assert parse_status_time(None) is None


def test_a_consignee_is_serialized_alike_whatever_the_format():
    one = {"name": "Asha  Qwertzuiop", "address_lines": ["7 Nowhere Lane"], "phones": ["+91 90000 00001"]}
    other = {"name": "ASHA QWERTZUIOP ", "address_lines": ["7 NOWHERE LANE"], "phones": ["09000000001"]}
    assert serialize_consignee(one) == serialize_consignee(other)
    assert json.loads(serialize_consignee(one)) == {
        "name": "asha qwertzuiop",
        "address": ["7 nowhere lane"],
        "phones": ["9000000001"],
    }


@pytest.mark.parametrize(
    "consignee",
    [
        None,
        {},
        {"name": None, "city": "Delhi", "pin": "110001", "phones": []},
        {"name": "A*** Q*******", "phones": ["XXXXXX0001"], "address_lines": ["****"]},
        {"name": "REDACTED", "address_lines": ["n/a", "##########"], "emails": ["a***@example.com"]},
        {"name": "[erased]", "phones": [""]},
    ],
)
def test_masks_and_a_town_identify_nobody(consignee):
    assert serialize_consignee(consignee) == ""


def test_each_field_comes_from_the_first_consignee_that_shows_it():
    masked, shown = {"name": "A***", "phones": ["9000000001"]}, {"name": "Asha", "phones": ["9000000002"]}
    assert json.loads(serialize_consignee(masked, None, shown)) == {"name": "asha", "phones": ["9000000001"]}
    assert serialize_consignee(None, {"name": "XXXX"}) == ""


def test_unmasked_fields_are_shown():
    assert json.loads(serialize_consignee({"name": "A*** Q***", "phones": ["9000000001"]})) == {
        "phones": ["9000000001"]
    }
