"""The stand-ins of the carriers with their peculiarities, queried by the real connectors over real sockets."""

import logging
from datetime import UTC, datetime

import pytest
import requests
from defusedxml import ElementTree

from bridge.connectors.bluedart.client import BlueDart
from bridge.connectors.delhivery.client import Delhivery
from bridge.connectors.http import HttpClient
from bridge.errors import ConnectorThrottled, ConnectorUnavailable, CredentialRejected
from bridge.model import Waybill
from bridge.rules.index.attribution import attribute_parcel, is_plausible_waybill
from bridge.sandbox.carriers import BLUEDART_CREDENTIALS, DELHIVERY_TOKEN, make_bluedart, make_delhivery
from bridge.sandbox.world import invent_world
from tests.kit.gathering import gather_bodies

WORLD = invent_world(orders=60, now=datetime(2026, 11, 22, 12, tzinfo=UTC))
PATH = "/api/v1/packages/json/"


@pytest.fixture
def blue():
    with make_bluedart(WORLD) as stand_in:
        yield stand_in


@pytest.fixture
def delh():
    with make_delhivery(WORLD) as stand_in:
        yield stand_in


def parcels(carrier, *, cancelled=False):
    return [
        one for one in WORLD.parcels if one.holder == carrier and WORLD.get_order(one.order_id).cancelled == cancelled
    ]


def gather_waybills(connector, numbers):
    parcels = [Waybill(number=number, carrier=connector.system) for number in numbers]
    return gather_bodies(connector, parcels, shop=WORLD.shop)


def connect_delhivery(stand_in, token=DELHIVERY_TOKEN):
    return Delhivery(base_url=stand_in.base_url, token=token, http=HttpClient("delhivery", sleep=lambda _: None))


def connect_bluedart(stand_in, **more):
    http = HttpClient("bluedart", sleep=lambda _: None)
    return BlueDart(base_url=stand_in.base_url, http=http, **(BLUEDART_CREDENTIALS | more))


def test_every_invented_parcel_is_attributed_and_plausible():
    for parcel in WORLD.parcels:
        found = attribute_parcel(company=parcel.company, url=parcel.url, number=parcel.waybill)
        assert (found.carrier, found.account_holder) == (parcel.carrier, parcel.account_holder)
        assert is_plausible_waybill(parcel.carrier, parcel.waybill)


def test_delhivery_knows_every_parcel_and_no_street(delh):
    delh.faults.add("no_paper", times=None)
    answers = gather_waybills(
        connect_delhivery(delh), [parcel.waybill for parcel in WORLD.parcels if parcel.holder == "delhivery"]
    )
    for parcel in parcels("delhivery"):
        body = answers[parcel.waybill]
        assert body["status"] == ("delivered" if parcel.delivered_at else "in_transit")
        assert body["consignee"]["name"] == parcel.consignee.name
        assert body["consignee"]["address_lines"] == body["consignee"]["phones"] == []
        assert body["packing_slip"] is None
        assert (body["cod_amount"], body["invoice_value"]) == (parcel.cod_amount, parcel.invoice_value)
        assert body["raw_unrecognised"] == {}
        assert datetime.fromisoformat(body["events"][1]["at"]) == parcel.shipped_at
    for parcel in parcels("delhivery", cancelled=True):
        assert answers[parcel.waybill]["status"] == "cancelled"
    assert delh.calls.summarize_calls()["by_name"][f"GET {PATH}"] == 1


def test_delhiverys_packing_slip_has_street_and_telephone(delh):
    parcel = parcels("delhivery")[0]
    body = gather_waybills(connect_delhivery(delh), [parcel.waybill])[parcel.waybill]
    assert body["consignee"]["address_lines"] == [parcel.consignee.address["address1"]]
    assert body["consignee"]["phones"] == [parcel.consignee.phone.removeprefix("+91")]
    assert body["packing_slip"]["raw_unrecognised"] == {}


def test_delhiverys_documents_exist_after_delivery(delh):
    delivered_waybill = next(one for one in parcels("delhivery") if one.delivered_at).waybill
    moving = next(one for one in parcels("delhivery") if not one.delivered_at).waybill
    connector = Delhivery(base_url=delh.base_url, token=DELHIVERY_TOKEN, ask_documents=True)
    answers = gather_waybills(connector, [delivered_waybill, moving])
    assert [one["held"] for one in answers[delivered_waybill]["documents"]] == [True, True, False, False]
    assert [one["held"] for one in answers[moving]["documents"]] == [False] * 4


def test_delhivery_may_refuse_a_batch_with_one_unknown_waybill(delh):
    known = parcels("delhivery")[0].waybill
    delh.faults.add("spoil_batch")
    assert gather_waybills(connect_delhivery(delh), [known, "99900010002332"])[known]["status"] != "not_found"


def test_delhivery_knows_returns_of_customers(delh):
    numbers = [back.waybill for order in WORLD.orders for back in order.returns]
    assert numbers
    assert {body["status"] for body in gather_waybills(connect_delhivery(delh), numbers).values()} == {"returned"}


def test_delhivery_leaves_out_what_it_does_not_know(delh):
    known = parcels("delhivery")[0].waybill
    answers = gather_waybills(connect_delhivery(delh), [known, "99900010002332"])
    assert answers[known]["status"] != "not_found"
    assert answers["99900010002332"]["status"] == "not_found"
    assert gather_waybills(connect_delhivery(delh), ["99900010002332"])["99900010002332"]["status"] == "not_found"


@pytest.mark.parametrize(("verbose", "has"), [("0", set()), ("1", {"Scans"}), ("2", {"Scans", "Consignee"})])
def test_delhivery_returns_the_requested_detail(delh, verbose, has):
    query = {"waybill": parcels("delhivery")[0].waybill, "verbose": verbose}
    headers = {"Authorization": f"Token {DELHIVERY_TOKEN}"}
    reply = requests.get(delh.base_url + PATH, params=query, headers=headers, timeout=5).json()
    shipment = reply["ShipmentData"][0]["Shipment"]
    assert shipment.keys() & {"Scans", "Consignee"} == has
    assert "RecievedBy" in shipment["Status"]


def test_delhivery_refuses_with_status_200(delh):
    query = {"waybill": ",".join(f"{number:014}" for number in range(51))}
    headers = {"Authorization": f"Token {DELHIVERY_TOKEN}"}
    reply = requests.get(delh.base_url + PATH, params=query, headers=headers, timeout=5)
    assert (reply.status_code, reply.json()["Error"]) == (200, "Package handler limit exceeded")


@pytest.mark.parametrize("token", ["wrong", "staging-token"])
def test_delhivery_refuses_a_wrong_token(delh, token):
    with pytest.raises(CredentialRejected):
        gather_waybills(connect_delhivery(delh, token), ["99900010002332"])
    assert [line.ok for line in connect_delhivery(delh, token).run_checks(WORLD.shop)] == [True, True, False]
    assert [line.ok for line in connect_delhivery(delh).run_checks(WORLD.shop)] == [True, True, True]


def test_delhivery_refuses_no_token_and_another_scheme(delh):
    for headers in ({}, {"Authorization": "Bearer x"}):
        assert requests.get(delh.base_url + PATH, headers=headers, timeout=5).status_code == 401
    assert requests.get(delh.base_url + "/elsewhere", timeout=5).status_code == 404


def test_delhiverys_firewall(delh):
    delh.faults.add("throttle")
    with pytest.raises(ConnectorThrottled):
        gather_waybills(connect_delhivery(delh), ["99900010002332"])


def test_carriers_do_not_show_parcels_of_an_aggregators_account(delh, blue):
    waybills = [one.waybill for one in WORLD.parcels if one.account_holder == "shiprocket"]
    for connector in (connect_delhivery(delh), connect_bluedart(blue)):
        assert {body["status"] for body in gather_waybills(connector, waybills).values()} == {"not_found"}


def test_bluedart_knows_every_parcel_with_street_and_phone(blue):
    answers = gather_waybills(connect_bluedart(blue), [parcel.waybill for parcel in parcels("bluedart")])
    for parcel in parcels("bluedart"):
        body = answers[parcel.waybill]
        assert body["consignee"]["address_lines"] == [parcel.consignee.address["address1"].upper()]
        assert body["consignee"]["phones"] == [parcel.consignee.phone.removeprefix("+91")]
        assert body["status"] in {"delivered", "in_transit", "returned"}
        assert body["raw_unrecognised"] == {}


def test_bluedart_gives_a_returned_parcel_a_second_number(blue):
    answers = gather_waybills(connect_bluedart(blue), [parcel.waybill for parcel in parcels("bluedart")])
    returned = {ref: body for ref, body in answers.items() if body["status"] == "returned"}
    assert returned
    for ref, body in returned.items():
        second = answers[body["return_waybill"]]
        assert (second["belongs_to"], second["order_reference"]) == (ref, f"074 - {ref}")
        assert is_plausible_waybill("bluedart", body["return_waybill"])


def test_bluedart_answers_a_cancelled_parcel_like_a_wrong_key(blue):
    cancelled_waybill, known_waybill = (parcels("bluedart", cancelled=True)[0].waybill, parcels("bluedart")[0].waybill)
    answers = gather_waybills(connect_bluedart(blue), [cancelled_waybill])
    assert (answers[cancelled_waybill]["status"], answers[cancelled_waybill]["ambiguous"]) == ("not_found", True)
    assert gather_waybills(connect_bluedart(blue), [known_waybill])[known_waybill]["status"] != "not_found"
    wrong = gather_waybills(connect_bluedart(blue, tracking_key="wrong"), [known_waybill])
    assert (wrong[known_waybill]["status"], wrong[known_waybill]["ambiguous"]) == ("not_found", True)
    with pytest.raises(CredentialRejected, match="known waybill"):
        gather_waybills(connect_bluedart(blue, tracking_key="wrong", known_waybill=known_waybill), [cancelled_waybill])
    answers = gather_waybills(connect_bluedart(blue, known_waybill=known_waybill), [cancelled_waybill])
    assert (answers[cancelled_waybill]["status"], answers[cancelled_waybill]["ambiguous"]) == ("not_found", False)


@pytest.mark.parametrize("fault", [(), ("other_form",)])
@pytest.mark.parametrize("form", ["xml", "json"])
def test_bluedart_answers_in_both_forms(blue, form, fault):
    for kind in fault:
        blue.faults.add(kind, times=None)
    parcel = parcels("bluedart")[0]
    body = gather_waybills(connect_bluedart(blue, answer_format=form), [parcel.waybill])[parcel.waybill]
    assert body["consignee"]["name"] == parcel.consignee.name.upper()
    assert body["events"][0]["status"] == "in_transit"


def test_bluedart_may_refuse_a_batch_with_one_unknown_waybill(blue):
    known = parcels("bluedart")[0].waybill
    blue.faults.add("spoil_batch")
    assert gather_waybills(connect_bluedart(blue), [known, "99900012343"])[known]["status"] != "not_found"


def test_bluedart_gives_a_token_without_credentials_but_not_for_a_wrong_secret(blue):
    assert requests.get(f"{blue.base_url}/token/v1/login", timeout=5).json()["JWTToken"]
    with pytest.raises(CredentialRejected):
        gather_waybills(connect_bluedart(blue, client_secret="wrong"), ["99900012343"])
    with pytest.raises(CredentialRejected):
        gather_waybills(connect_bluedart(blue, login_id="wrong"), ["99900012343"])
    assert requests.get(f"{blue.base_url}/elsewhere", timeout=5).status_code == 404


def test_bluedart_takes_both_paths_and_the_gateways_prefix(blue):
    known_waybill = parcels("bluedart")[0].waybill
    for path in ("/in/transportation/tracking/v1/shipment", "/tracking/v1"):
        assert (
            gather_waybills(connect_bluedart(blue, tracking_path=path), [known_waybill])[known_waybill]["status"]
            != "not_found"
        )


def test_bluedarts_token_expires_and_is_renewed(blue):
    connector, known_waybill = connect_bluedart(blue), parcels("bluedart")[0].waybill
    gather_waybills(connector, [known_waybill])
    blue.faults.add("token_expired")
    assert gather_waybills(connector, [known_waybill])[known_waybill]["status"] != "not_found"
    assert blue.calls.summarize_calls()["by_name"]["GET /token/v1/login"] == 2
    blue.reset()
    assert gather_waybills(connector, [known_waybill])[known_waybill]["status"] != "not_found"


def test_bluedart_throttles(blue):
    blue.faults.add("throttle", match="tracking")
    with pytest.raises(ConnectorThrottled):
        gather_waybills(connect_bluedart(blue), ["99900012343"])


def test_bluedart_writes_latin_1(blue):
    token = requests.get(f"{blue.base_url}/token/v1/login", timeout=5).json()["JWTToken"]
    reply = requests.get(f"{blue.base_url}/tracking/v1", headers={"JWTToken": token}, timeout=5)
    assert reply.content.startswith(b'<?xml version="1.0" encoding="ISO-8859-1"?>')
    assert ElementTree.fromstring(reply.content).findtext("Error") == "License Mismatch"


@pytest.mark.parametrize("kind", ["html", "truncated", "empty", "reset", "http_502"])
def test_a_lasting_fault_is_unavailable_and_a_single_one_is_retried(delh, kind, caplog):
    caplog.set_level(logging.DEBUG)
    number = parcels("delhivery")[0].waybill
    delh.faults.add(kind, times=10)
    with pytest.raises(ConnectorUnavailable):
        gather_waybills(connect_delhivery(delh), [number])
    delh.reset()
    if kind in {"reset", "truncated", "http_502"}:
        delh.faults.add(kind)
        assert gather_waybills(connect_delhivery(delh), [number])[number]["status"] != "not_found"
    assert number not in caplog.text
    assert DELHIVERY_TOKEN not in caplog.text
