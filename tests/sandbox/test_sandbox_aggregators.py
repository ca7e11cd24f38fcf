"""The stand-ins of Shiprocket and AfterShip, and parcels in changing states, queried by the real connectors."""

from datetime import UTC, datetime

import pytest
import requests

from bridge.connectors.aftership.client import AfterShip
from bridge.connectors.bluedart.client import BlueDart
from bridge.connectors.delhivery.client import Delhivery
from bridge.connectors.shiprocket.client import Shiprocket
from bridge.errors import ConnectorRefused, ConnectorThrottled, CredentialRejected
from bridge.model import Outcome, ParcelStatus, Waybill
from bridge.sandbox.carriers import (
    AFTERSHIP_KEY,
    BLUEDART_CREDENTIALS,
    DELHIVERY_TOKEN,
    SHIPROCKET_USER,
    make_aftership,
    make_bluedart,
    make_delhivery,
    make_shiprocket,
)
from bridge.sandbox.world import invent_world
from tests.kit.gathering import gather_bodies

WORLD = invent_world(orders=60, now=datetime(2026, 11, 22, 12, tzinfo=UTC))
FIRST, SECOND, THIRD = WORLD.list_parcels(WORLD.bikram)


def connect_delhivery(stand_in):
    return Delhivery(base_url=stand_in.base_url, token=DELHIVERY_TOKEN)


def connect_bluedart(stand_in):
    return BlueDart(base_url=stand_in.base_url, **BLUEDART_CREDENTIALS)


def connect_shiprocket(stand_in, **more):
    return Shiprocket(base_url=f"{stand_in.base_url}/v1/external", **(SHIPROCKET_USER | more))


def connect_aftership(stand_in, key=AFTERSHIP_KEY):
    return AfterShip(base_url=f"{stand_in.base_url}/tracking/2025-07", api_key=key)


MAKERS = {
    "delhivery": (make_delhivery, connect_delhivery, FIRST),
    "bluedart": (make_bluedart, connect_bluedart, SECOND),
    "shiprocket": (make_shiprocket, connect_shiprocket, THIRD),
}


@pytest.fixture
def rocket():
    with make_shiprocket(WORLD) as stand_in:
        yield stand_in


@pytest.fixture
def after():
    with make_aftership(WORLD) as stand_in:
        yield stand_in


@pytest.fixture(params=MAKERS)
def tracked_parcel(request):
    """A stand-in, its connector, and Bikram's parcel there."""
    stand_in, make, parcel = MAKERS[request.param]
    with stand_in(WORLD) as running:
        yield running, make(running), parcel.waybill


def move(stand_in, **wanted):
    reply = requests.post(f"{stand_in.base_url}/_sandbox/parcels", json=wanted, timeout=5)
    return reply.json()["ok"]


def track(connector, *numbers, **more):
    return {one.number: one for batch in connector.track_parcels(numbers, **more) for one in batch}


def gather_by_parcel(connector, parcels):
    waybills = [
        Waybill(number=each.waybill, carrier=each.carrier, account_holder=each.account_holder) for each in parcels
    ]
    return gather_bodies(connector, waybills, shop=WORLD.shop)


def test_bikrams_parcels_have_the_states_of_the_demo(rocket):
    with make_delhivery(WORLD) as delh, make_bluedart(WORLD) as blue:
        first = track(connect_delhivery(delh), FIRST.waybill)[FIRST.waybill]
        second = track(connect_bluedart(blue), SECOND.waybill)[SECOND.waybill]
    third = track(connect_shiprocket(rocket), THIRD.waybill)[THIRD.waybill]
    assert (first.status, first.cod) == (ParcelStatus.DELIVERED, True)
    assert (WORLD.now - first.status_at).days > 60
    assert (second.status, len(second.other_waybills)) == (ParcelStatus.RETURNED, 1)
    assert (third.status, third.remitted) == (ParcelStatus.IN_TRANSIT, None)


@pytest.mark.parametrize("status", ["in_transit", "out_for_delivery", "delivered", "returning", "returned", "lost"])
def test_a_control_call_changes_a_parcel(tracked_parcel, status):
    stand_in, connector, number = tracked_parcel
    at = "2026-11-22T10:00:00+00:00"
    assert move(stand_in, waybill=number, status=status, at=at)
    assert track(connector, number)[number].status is ParcelStatus(status)
    assert stand_in.calls.summarize_calls()["total"]
    stand_in.reset()
    before = track(connector, number)[number].status
    assert before is {FIRST.waybill: ParcelStatus.DELIVERED, SECOND.waybill: ParcelStatus.RETURNED}.get(
        number, ParcelStatus.IN_TRANSIT
    )


def test_an_erased_consignee_is_empty_from_then_on(tracked_parcel):
    stand_in, connector, number = tracked_parcel
    assert "bikram canaryson" in track(connector, number, include_consignees=True)[number].consignee
    assert move(stand_in, waybill=number, forget_consignee=True)
    answers = track(connector, number, include_consignees=True)[number]
    assert answers.consignee == ""
    assert answers.status is not ParcelStatus.NOT_FOUND


def test_an_unknown_parcel_cannot_be_changed(tracked_parcel):
    stand_in, _, number = tracked_parcel
    assert not move(stand_in, waybill="99900012343", status="delivered")
    assert not move(stand_in, waybill=number, status="teleported")


def test_delhivery_erases_the_packing_slip_too():
    with make_delhivery(WORLD) as stand_in:
        move(stand_in, waybill=FIRST.waybill, forget_consignee=True)
        body = gather_by_parcel(connect_delhivery(stand_in), [FIRST])[FIRST.waybill]
    assert (body["packing_slip"]["name"], body["consignee"]["name"], body["consignee"]["phones"]) == (None, None, [])


def test_cash_is_paid_out_by_a_control_call(rocket):
    connector, number = connect_shiprocket(rocket), THIRD.waybill
    move(rocket, waybill=number, status="delivered")
    answers = track(connector, number)[number]
    assert (answers.status, answers.cod, answers.remitted) == (ParcelStatus.DELIVERED, True, False)
    move(rocket, waybill=number, remitted=True)
    assert track(connector, number)[number].remitted is True


def test_shiprocket_knows_every_parcel_on_its_account_in_full(rocket):
    account_parcels = [one for one in WORLD.parcels if one.holder == "shiprocket"]
    answers = gather_by_parcel(connect_shiprocket(rocket), account_parcels)
    for parcel in account_parcels:
        body = answers[parcel.waybill]
        assert body["carrier"] == parcel.carrier
        assert body["consignee"]["address_lines"] == [parcel.consignee.address["address1"]]
        assert body["consignee"]["emails"] == [parcel.consignee.email]
        assert body["raw_unrecognised"] == {}


def test_shiprocket_knows_no_parcel_of_another_account(rocket):
    assert gather_by_parcel(connect_shiprocket(rocket), [FIRST, SECOND]) == {}
    (answers,) = track(connect_shiprocket(rocket), FIRST.waybill).values()
    assert answers.status is ParcelStatus.NOT_FOUND


def test_shiprocket_has_no_data_before_the_first_scan(rocket):
    rocket.faults.add("not_scanned")
    body = gather_by_parcel(connect_shiprocket(rocket), [THIRD])[THIRD.waybill]
    assert (body["status"], body["ambiguous"]) == ("not_found", True)


def test_shiprockets_token_expires_and_is_renewed(rocket):
    connector = connect_shiprocket(rocket)
    track(connector, THIRD.waybill)
    rocket.faults.add("token_expired")
    assert track(connector, THIRD.waybill)[THIRD.waybill].status is ParcelStatus.IN_TRANSIT
    assert rocket.calls.summarize_calls()["by_name"]["POST /v1/external/auth/login"] == 2


def test_shiprocket_is_as_strict_as_the_real_one(rocket):
    base, fine = f"{rocket.base_url}/v1/external", connect_shiprocket(rocket)
    with pytest.raises(CredentialRejected):
        track(connect_shiprocket(rocket, password="wrong"), THIRD.waybill)
    assert [line.ok for line in fine.run_checks(WORLD.shop)] == [True, True, True]
    assert requests.post(f"{base}/courier/track/awbs", json={"awbs": []}, timeout=5).status_code == 401
    token = requests.post(f"{base}/auth/login", json=SHIPROCKET_USER, timeout=5).json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    many = {"awbs": [str(number) for number in range(51)]}
    for body, status in ((many, 422), ({}, 500)):
        reply = requests.post(f"{base}/courier/track/awbs", json=body, headers=headers, timeout=5)
        assert reply.status_code == status
    for path, status in (("/orders/show/7", 400), ("/elsewhere", 404)):
        assert requests.get(base + path, headers=headers, timeout=5).status_code == status
    rocket.faults.add("throttle")
    with pytest.raises(ConnectorThrottled):
        track(fine, THIRD.waybill)


def test_aftership_has_a_copy_of_every_parcel(after):
    answers = gather_by_parcel(connect_aftership(after), WORLD.parcels)
    assert set(answers) == {parcel.waybill for parcel in WORLD.parcels}
    for parcel in WORLD.parcels:
        body = answers[parcel.waybill]
        assert body["customers"][0]["emails"] == [parcel.consignee.email]
        assert body["raw_unrecognised"] == {}


def test_aftership_erases_and_a_second_erasure_finds_nothing(after):
    connector = connect_aftership(after)
    assert list(connector.erase_waybills([FIRST.waybill, "99900012343"])) == [
        (FIRST.waybill, Outcome.ERASED),
        ("99900012343", Outcome.ABSENT),
    ]
    assert list(connector.erase_waybills([FIRST.waybill])) == [(FIRST.waybill, Outcome.ABSENT)]
    assert gather_by_parcel(connector, [FIRST])[FIRST.waybill]["status"] == "not_found"
    assert gather_by_parcel(connector, [SECOND])[SECOND.waybill]["status"] != "not_found"
    after.reset()
    assert gather_by_parcel(connector, [FIRST])[FIRST.waybill]["status"] == "delivered"


def test_aftership_is_as_strict_as_the_real_one(after):
    url, headers = f"{after.base_url}/tracking/2025-07/trackings", {"as-api-key": AFTERSHIP_KEY}
    with pytest.raises(CredentialRejected):
        gather_by_parcel(connect_aftership(after, "wrong"), [FIRST])
    assert [line.ok for line in connect_aftership(after).run_checks(WORLD.shop)] == [True, True, True]
    many = ",".join(str(number) for number in range(51))
    assert requests.get(url, params={"tracking_numbers": many}, headers=headers, timeout=5).status_code == 400
    assert requests.delete(f"{url}/nothing", headers=headers, timeout=5).json()["meta"]["code"] == 4004
    assert requests.get(f"{after.base_url}/elsewhere", headers=headers, timeout=5).status_code == 404
    query = {"tracking_numbers": f"{FIRST.waybill},{SECOND.waybill}", "limit": 1}
    first = requests.get(url, params=query, headers=headers, timeout=5).json()["data"]
    assert first["pagination"]["has_next_page"] is True
    query |= {"cursor": first["pagination"]["next_cursor"]}
    second = requests.get(url, params=query, headers=headers, timeout=5).json()["data"]
    assert first["trackings"][0]["id"] != second["trackings"][0]["id"]
    after.faults.add("throttle")
    with pytest.raises(ConnectorThrottled):
        gather_by_parcel(connect_aftership(after), [FIRST])


@pytest.mark.parametrize(
    ("status", "after_it"), [("booked", ParcelStatus.CANCELLED), ("in_transit", ParcelStatus.RETURNING)]
)
def test_delhivery_cancels_a_parcel_before_pick_up_and_returns_a_moving_one(status, after_it):
    with make_delhivery(WORLD) as stand_in:
        connector, number = connect_delhivery(stand_in), FIRST.waybill
        move(stand_in, waybill=number, status=status)
        connector.cancel_shipment(number)
        connector.cancel_shipment(number)
        assert track(connector, number)[number].status is after_it


def test_blue_dart_cancels_until_it_is_scanned_in():
    with make_bluedart(WORLD) as stand_in:
        connector, number = connect_bluedart(stand_in), SECOND.waybill
        with pytest.raises(ConnectorRefused):
            connector.cancel_shipment(number)
        move(stand_in, waybill=number, status="booked")
        connector.cancel_shipment(number)
        connector.cancel_shipment(number)
        assert track(connector, number)[number].status is ParcelStatus.NOT_FOUND  # it drops cancelled parcels
        with pytest.raises(ConnectorRefused):
            connector.cancel_shipment("99900012343")
        wrong = BlueDart(base_url=stand_in.base_url, **(BLUEDART_CREDENTIALS | {"licence_key": "wrong"}))
        with pytest.raises(CredentialRejected):
            wrong.cancel_shipment(number)


@pytest.mark.parametrize("status", ["delivered", "out_for_delivery", "returned", "lost"])
def test_delhivery_does_not_cancel_a_finished_parcel(status):
    with make_delhivery(WORLD) as stand_in:
        move(stand_in, waybill=FIRST.waybill, status=status)
        with pytest.raises(ConnectorRefused):
            connect_delhivery(stand_in).cancel_shipment(FIRST.waybill)
        with pytest.raises(ConnectorRefused):
            connect_delhivery(stand_in).cancel_shipment("99900010002332")
