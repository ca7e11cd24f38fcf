"""Blue Dart's client: login, requests, the ambiguous "not found", second waybills."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import responses

from bridge.errors import ConnectorRefused, ConnectorThrottled, ConnectorUnavailable, CredentialRejected
from bridge.model import Principal
from tests.connectors.bluedart.bluedart_answers import (
    BASE,
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
from tests.connectors.contract import SHOP, ConnectorContract
from tests.connectors.contract_verbs import CancellerContract, TrackerContract
from tests.kit.gathering import make_parcel

ALWAYS_ANSWERED = [LOGGED_IN]


class TestContract(CancellerContract, TrackerContract, ConnectorContract):
    verbs = ("gather", "track", "cancel")
    never_retried = ("cancel",)
    url = URL
    content_type = "text/xml"
    found = xml(one("99900012343", more="<Consignee>ASHA QWERTZUIOP</Consignee>"), one("99900022224", "UD"))
    person = "asha qwertzuiop"
    partial = xml(one("99900012343"))
    nothing = sample("not_found")
    numbers = ("99900012343", "99900022224")
    secrets = SECRETS
    unconfigured = make_connector(tracking_key="")
    cancelling = ("POST", CANCEL, json.dumps(reply("cancel__done")).encode())
    refusals = (
        json.dumps(reply("cancel__refused")).encode(),
        b'{"error-response": [{"StatusCode": "InvalidAWB", "StatusInformation": "no"}]}',
    )

    def connector(self, waits):
        return make_connector(waits)

    def prepare(self, mock):
        mock.get(LOGIN, json={"JWTToken": "jwt-nobody"})


class TestContractInJson(TestContract):
    content_type = "application/json"
    found = joined("99900012343", "99900022224")
    partial = joined("99900012343")
    nothing = b'{"ShipmentData": {"Error": "Incorrect waybill number or No information"}}'

    def connector(self, waits):
        return make_connector(waits, answer_format="json")


@pytest.mark.parametrize(("verno", "expected"), [("1", {"verno": "1"}), ("1.3", {"verno": "1.3"}), ("", {})])
def test_the_request_has_all_parameters(mock, verno, expected):
    asked = mock.get(URL, body=xml(one("99900012343"), one("99900022224")))
    gather_by_number("99900012343", "99900022224", connector=make_connector(verno=verno))
    request = asked.calls[0].request
    assert request.headers["JWTToken"] == "jwt-nobody"
    assert request.params == expected | {
        "handler": "tnt",
        "action": "custawbquery",
        "loginid": "login-nobody",
        "awb": "awb",
        "numbers": "99900012343,99900022224",
        "format": "xml",
        "lickey": "track-nobody",
        "scan": "1",
    }
    login = mock.calls[0].request
    assert (login.headers["ClientID"], login.headers["clientSecret"]) == ("id-nobody", "secret-nobody")


def test_the_tracking_path_is_a_setting(mock):
    mock.get(f"{BASE}/tracking/v1", body=sample("delivered"))
    assert gather_by_number("99900012343", connector=make_connector(tracking_path="tracking/v1"))


def test_the_login_path_is_a_setting(mock):
    mock.remove(responses.GET, LOGIN)
    mock.get(f"{BASE}/token/v2/login", json={"JWTToken": "jwt-nobody"})
    mock.get(URL, body=sample("delivered"))
    assert gather_by_number("99900012343", connector=make_connector(login_path="token/v2/login"))


def test_one_login_serves_a_day_and_no_longer(mock):
    mock.get(URL, body=xml(one("99900012343")))
    moment = [datetime(2026, 11, 22, tzinfo=UTC)]
    connector = make_connector(now=lambda: moment[0])
    for hours in (0, 22, 0.9, 0.2):
        moment[0] += timedelta(hours=hours)
        gather_by_number("99900012343", connector=connector)
    assert sum(call.request.url == LOGIN for call in mock.calls) == 2


def test_a_token_that_expired_early_is_renewed_once(mock):
    mock.get(URL, json={"title": "Unauthorized"}, status=401)
    mock.get(URL, body=xml(one("99900012343")))
    assert gather_by_number("99900012343")
    assert sum(call.request.url == LOGIN for call in mock.calls) == 2


def test_a_token_that_is_refused_twice_needs_a_person(mock):
    asked = mock.get(URL, json={"title": "Unauthorized"}, status=401)
    with pytest.raises(CredentialRejected):
        gather_by_number("99900012343")
    assert asked.call_count == 2


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, '{"title": "Invalid Client Id or Secret"}', CredentialRejected),
        (429, '{"title": "Too Many Requests"}', ConnectorThrottled),
        (200, "<html>", ConnectorUnavailable),
        (200, "[" * 100_000, ConnectorUnavailable),
        (200, '{"JWTToken": ""}', ConnectorUnavailable),
        (200, "[]", ConnectorUnavailable),
    ],
)
def test_a_login_that_fails(mock, status, body, kind):
    mock.replace(responses.GET, LOGIN, body=body, status=status)
    with pytest.raises(kind):
        gather_by_number("99900012343")


def test_not_found_is_ambiguous(mock):
    mock.get(URL, body=sample("not_found"))
    body = gather_by_number("99900012343")["99900012343"]
    assert (body["status"], body["ambiguous"], body["consignee"]) == ("not_found", True, None)


def test_not_found_per_waybill(mock):
    lost = '<Shipment WaybillNo="1234567"><Status>Incorrect Waybill number or No Information</Status></Shipment>'
    asked = mock.get(URL, body=xml(one("99900012343", "NF"), one("99900022224"), lost))
    bodies = {ref: body["status"] for ref, body in gather_by_number("99900012343", "99900022224", "1234567").items()}
    assert bodies == {"99900012343": "not_found", "99900022224": "delivered", "1234567": "not_found"}
    assert asked.call_count == 1


def test_a_number_that_a_long_list_skips_is_requested_alone(mock):
    def capped(request):
        return 200, {}, xml(*map(one, request.params["numbers"].split(",")[:2]))

    mock.add_callback(responses.GET, URL, capped)
    bodies = gather_by_number("99900000001", "99900000002", "99900000003", "99900000004")
    assert [body["status"] for body in bodies.values()] == ["delivered"] * 4


def test_one_unknown_number_that_invalidates_the_list_costs_no_other(mock):
    def spoilt(request):
        numbers = request.params["numbers"].split(",")
        return 200, {}, sample("not_found") if "99900000001" in numbers else xml(*map(one, numbers))

    mock.add_callback(responses.GET, URL, spoilt)
    bodies = gather_by_number("99900000001", "99900000002", "99900000003")
    assert [body["status"] for body in bodies.values()] == ["not_found", "delivered", "delivered"]


def test_a_wrong_licence_key_that_is_named_needs_a_person(mock):
    mock.get(URL, body=sample("license_mismatch"))
    with pytest.raises(CredentialRejected):
        gather_by_number("99900012343")
    assert make_connector().run_checks(SHOP)[-1].ok is False


def test_an_unknown_error_is_never_not_found(mock):
    mock.get(URL, body=xml("<Error>Something new</Error>"))
    with pytest.raises(ConnectorRefused):
        gather_by_number("99900012343")


def test_a_return_is_followed_to_its_second_waybill(mock):
    def answer(request):
        if request.params["numbers"] == "99900012343":
            return 200, {}, xml(one("99900012343", "RT", "<NewWaybillNo>99900022224</NewWaybillNo>"))
        return 200, {}, xml(one("99900022224", "DL"))

    mock.add_callback(responses.GET, URL, answer)
    bodies = gather_by_number("99900012343")
    assert bodies["99900012343"]["return_waybill"] == "99900022224"
    assert bodies["99900022224"]["belongs_to"] == "99900012343"
    assert bodies["99900022224"]["status"] == "delivered"


def test_a_cycle_of_second_waybills_ends(mock):
    ring = {"99900012343": "99900022224", "99900022224": "99900012343", "99900000001": "99900000001"}

    def answer(request):
        numbers = request.params["numbers"].split(",")
        rows = [one(n, "RT", f"<NewWaybillNo>{ring.get(n, '99900000009')}</NewWaybillNo>") for n in numbers]
        return 200, {}, xml(*rows)

    mock.add_callback(responses.GET, URL, answer)
    assert set(gather_by_number("99900012343")) == {"99900012343", "99900022224"}
    assert set(gather_by_number("99900000001")) == {"99900000001"}


def test_a_malformed_second_waybill_is_not_requested(mock):
    asked = mock.get(URL, body=xml(one("99900012343", "RT", "<NewWaybillNo>see note, please</NewWaybillNo>")))
    assert gather_by_number("99900012343")["99900012343"]["return_waybill"] == "see note, please"
    assert asked.call_count == 1


def test_25_numbers_are_requested_at_once(mock):
    numbers = [f"{number:011}" for number in range(60)]
    mock.add_callback(
        responses.GET, URL, lambda request: (200, {}, xml(*map(one, request.params["numbers"].split(","))))
    )
    pages = list(make_connector().gather(Principal(), shop=SHOP, parcels=[make_parcel(n, "bluedart") for n in numbers]))
    assert [page.cursor for page in pages] == ["25", "50", "60"]
    assert [len(page.findings) for page in pages] == [25, 25, 10]


def test_check_names_every_unset_setting():
    (line,) = make_connector(client_id="", tracking_key="").run_checks(SHOP)
    assert line.detail == "BLUEDART_CLIENT_ID, BLUEDART_TRACKING_KEY are not set"


def test_check_never_takes_not_found_as_proof_of_the_key(mock):
    mock.get(URL, body=sample("not_found"))
    assert make_connector().run_checks(SHOP)[-1].ok is None
    assert "equals the shipping key" in make_connector(licence_key="track-nobody").run_checks(SHOP)[-1].detail
