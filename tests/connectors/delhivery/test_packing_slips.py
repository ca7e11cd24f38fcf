"""Delhivery shows a consignee in two places: data erased from tracking may still be on the packing slip."""

import json
from datetime import UTC, datetime

import pytest
import requests
import responses

from bridge.connectors.delhivery.client import Delhivery
from bridge.errors import ConnectorThrottled, ConnectorUnavailable, CredentialRejected
from bridge.model import ParcelStatus
from bridge.sandbox.carriers import DELHIVERY_TOKEN, make_delhivery
from bridge.sandbox.world import invent_world
from tests.connectors.delhivery.delhivery_answers import NO_SLIP, SLIP, URL, load_sample, make_connector, sample

NUMBER = "99900010004126"
WORLD = invent_world(orders=60, now=datetime(2026, 11, 22, 12, tzinfo=UTC))
PARCEL = next(one for one in WORLD.parcels if one.holder == "delhivery" and one.delivered_at)
ASHA = {"name": "asha qwertzuiop", "address": ["7 nowhere lane, near nothing park"], "phones": ["9000000001"]}


def tracking(name="Asha Qwertzuiop"):
    answer = sample("in_transit_cod")
    answer["ShipmentData"][0]["Shipment"]["Consignee"]["Name"] = name
    return answer


ALWAYS_ANSWERED = [("GET", URL, tracking())]


def shown(connector, number=NUMBER):
    (result,) = [one for batch in connector.track_parcels([number], include_consignees=True) for one in batch]
    return result.consignee


def test_the_slip_is_read_with_tracking(mock):
    reply = mock.get(SLIP, json=load_sample("packing_slip"))
    assert json.loads(shown(make_connector())) == ASHA
    assert [call.request.params for call in reply.calls] == [{"wbns": NUMBER, "pdf": "false"}]


@pytest.mark.parametrize("name", ["", "A*** Q***", "Redacted", "Deleted User"])
def test_a_name_missing_from_tracking_alone_changes_nothing(mock, name):
    mock.get(SLIP, json=load_sample("packing_slip"))
    before = shown(make_connector())
    mock.replace(responses.GET, URL, json=tracking(name))
    assert shown(make_connector()) == before


@pytest.mark.parametrize("answer", [{"json": NO_SLIP}, {"status": 404}, {"status": 400, "json": {"Error": "odd"}}])
def test_without_a_slip_the_consignee_comes_from_tracking(mock, answer):
    mock.get(SLIP, **answer)
    assert json.loads(shown(make_connector())) == {"name": "asha qwertzuiop"}
    mock.replace(responses.GET, URL, json=tracking(""))
    assert shown(make_connector()) == ""


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"status": 403, "body": "<html>"}, ConnectorThrottled),
        ({"status": 429}, ConnectorThrottled),
        ({"status": 503}, ConnectorUnavailable),
        ({"body": "<html>"}, ConnectorUnavailable),
        ({"status": 401}, CredentialRejected),
    ],
)
def test_an_unreadable_slip_is_never_an_empty_consignee(mock, answer, kind):
    mock.replace(responses.GET, URL, json=tracking(""))
    mock.get(SLIP, **answer)
    with pytest.raises(kind):
        shown(make_connector())


def test_no_slip_is_requested_without_need(mock):
    reply = mock.get(SLIP, json=load_sample("packing_slip"))
    list(make_connector().track_parcels([NUMBER]))
    (unknown,) = [
        one for batch in make_connector().track_parcels(["99900010002332"], include_consignees=True) for one in batch
    ]
    assert unknown.status is ParcelStatus.NOT_FOUND
    assert reply.call_count == 0


@pytest.fixture(scope="module")
def carrier():
    with make_delhivery(WORLD) as stand_in:
        yield stand_in


@pytest.fixture
def read_shown_consignee(carrier):
    connector = Delhivery(base_url=carrier.base_url, token=DELHIVERY_TOKEN)
    yield lambda: shown(connector, PARCEL.waybill)
    carrier.reset()


def forget(carrier, **what):
    fields = {"waybill": PARCEL.waybill, **what}
    requests.post(f"{carrier.base_url}/_sandbox/parcels", json=fields, timeout=5).raise_for_status()


def test_data_erased_from_tracking_alone_is_still_shown(carrier, read_shown_consignee):
    before = read_shown_consignee()
    forget(carrier, forget_in_tracking=True)
    assert read_shown_consignee() == before != ""


def test_data_erased_from_the_slip_alone_is_a_change_and_not_empty(carrier, read_shown_consignee):
    before = read_shown_consignee()
    carrier.faults.add("no_paper")
    assert read_shown_consignee() not in (before, "")


def test_data_erased_from_both_is_empty(carrier, read_shown_consignee):
    forget(carrier, forget_consignee=True)
    assert read_shown_consignee() == ""


def test_erased_tracking_without_a_slip_is_empty(carrier, read_shown_consignee):
    forget(carrier, forget_in_tracking=True)
    carrier.faults.add("no_paper")
    assert read_shown_consignee() == ""
