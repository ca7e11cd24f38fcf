"""No answer of a carrier, however odd, raises anything but the four families, and an odd row costs no other row."""

from __future__ import annotations

import json
import re
from xml.sax.saxutils import escape, quoteattr

import pytest
import responses
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.connectors.aftership.client import AfterShip
from bridge.connectors.delhivery.client import Delhivery
from bridge.connectors.http import HttpClient
from bridge.errors import NeedsOperator, Permanent, Retryable
from bridge.model import Principal, TrackingResult, Waybill
from tests.connectors.aftership import test_client as aftership
from tests.connectors.bluedart import bluedart_answers as blue
from tests.connectors.contract import SHOP
from tests.connectors.delhivery import delhivery_answers as delhivery
from tests.connectors.odd_answers.mutations import mutated, spoiled
from tests.connectors.shiprocket import test_client as shiprocket
from tests.kit.suite.examples import count_examples

FAMILIES = (Retryable, Permanent, NeedsOperator)
ROWS = settings(
    max_examples=count_examples(50), deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
ANSWERS = settings(
    max_examples=count_examples(50), deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
NUMBERS = ("99900012343", "99900022224", "99900033335")
ODD = NUMBERS[1]
STATUSES = (200, 200, 200, 201, 204, 206, 301, 302, 304, 400, 401, 403, 404, 408, 418, 422, 429, 500, 502, 599)
MEDIA_TYPES = (
    "application/json",
    "text/html",
    "text/xml; charset=utf-16",
    "",
    "image/png",
    "\N{LATIN SMALL LETTER E WITH ACUTE}",
)


class Carrier:
    """One carrier: its connector, its rows by number, and the answer to a request for some of them."""

    def http(self):
        return HttpClient(self.name, sleep=lambda _: None)

    def serve(self, mock, answer):
        """Let the tracking call answer with `answer(numbers)`: a status, a media type and a body."""

        def respond(request):
            status, media_type, body = answer(self.read_numbers(request))
            return status, {"Content-Type": media_type}, body

        mock.add_callback(self.method, self.url, callback=respond, content_type=None)


class DelhiveryCarrier(Carrier):
    name, method, url = "delhivery", "GET", delhivery.URL
    keep = (("Shipment", "AWB"),)
    row = delhivery.sample("delivered")["ShipmentData"][0]

    def connect(self, mock):
        mock.get(delhivery.SLIP, json=delhivery.load_sample("packing_slip"))
        return Delhivery(base_url=delhivery.BASE, token="t", http=self.http())

    def number(self, row, number):
        return {"Shipment": row["Shipment"] | {"AWB": number}}

    def read_numbers(self, request):
        return request.params["waybill"].split(",")

    def join(self, rows):
        return dump({"ShipmentData": list(rows.values())})


class ShiprocketCarrier(Carrier):
    name, method, url = "shiprocket", "POST", shiprocket.URL
    keep = ()
    row = shiprocket.TWO[shiprocket.DELIVERED]

    def connect(self, mock):
        mock.post(shiprocket.LOGIN, json={"token": "t"})
        mock.get(shiprocket.ORDER, json=shiprocket.COD)
        return shiprocket.make_connector(http=self.http())

    def number(self, row, number):
        text = json.dumps(row).replace(shiprocket.DELIVERED, number)
        return json.loads(text)

    def read_numbers(self, request):
        return json.loads(request.body)["awbs"]

    def join(self, rows):
        return dump(rows)


class AfterShipCarrier(Carrier):
    name, method, url = "aftership", "GET", aftership.URL
    keep = (("tracking_number",),)
    row = aftership.TWO["data"]["trackings"][0]

    def connect(self, mock):
        return AfterShip(base_url=aftership.BASE, api_key="k", http=self.http())

    def number(self, row, number):
        return row | {"tracking_number": number, "id": f"id{number}"}

    def read_numbers(self, request):
        return request.params["tracking_numbers"].split(",")

    def join(self, rows):
        return dump({"meta": {"code": 200}, "data": {"trackings": list(rows.values()), "pagination": {}}})


class BlueDartCarrier(Carrier):
    name, method, url = "bluedart", "GET", blue.URL
    keep = (("WaybillNo",),)
    row = blue.reply("track__json")["ShipmentData"]["Shipment"][0]

    def connect(self, mock):
        mock.get(blue.LOGIN, json={"JWTToken": "t"})
        return blue.make_connector(http=self.http())

    def number(self, row, number):
        return row | {"WaybillNo": number}

    def read_numbers(self, request):
        return request.params["numbers"].split(",")

    def join(self, rows):
        return dump({"ShipmentData": {"Shipment": list(rows.values())}})


class BlueDartXmlCarrier(BlueDartCarrier):
    name = "bluedart"

    def join(self, rows):
        return b"<ShipmentData>%b</ShipmentData>" % b"".join(map(render_xml, rows.values()))


CARRIERS = [DelhiveryCarrier(), ShiprocketCarrier(), AfterShipCarrier(), BlueDartCarrier(), BlueDartXmlCarrier()]
each_carrier = pytest.mark.parametrize("carrier", CARRIERS, ids=lambda one: type(one).__name__)


def dump(value):
    return json.dumps(value).encode("utf-8", "surrogatepass")


def render_xml(row):
    """Return a row of the JSON form as XML, as far as its names and values allow it."""

    def render(name, value):
        if not re.fullmatch("[A-Za-z]+", name):
            return ""
        if isinstance(value, list):
            return "".join(render(name, part) for part in value[:50])
        inner = "".join(render(*part) for part in value.items()) if isinstance(value, dict) else escape(clean(value))
        return f"<{name}>{inner}</{name}>"

    def clean(value):
        return re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd]", "?", "" if value is None else str(value))

    if not isinstance(row, dict):
        return f"<Shipment>{escape(clean(row)[:1000])}</Shipment>".encode()
    attributes = "".join(f" {name}={quoteattr(clean(row.get(name, '')))}" for name in ("WaybillNo", "RefNo"))
    inner = "".join(render(name, value) for name, value in row.items() if name not in ("WaybillNo", "RefNo"))
    return f"<Shipment{attributes}>{inner}</Shipment>".encode()


def parcels_of(carrier):
    if carrier.name == "shiprocket":
        return [Waybill(number=number, carrier="bluedart", account_holder="shiprocket") for number in NUMBERS]
    return [Waybill(number=number, carrier=carrier.name) for number in NUMBERS]


def read_all(carrier, connector, numbers=NUMBERS):
    """Return what the connector says of each number, by verb; a family of errors where it raises."""
    parcels = [parcel for parcel in parcels_of(carrier) if parcel.number in numbers]
    verbs = {"gather": lambda: list(connector.gather(Principal(), shop=SHOP, parcels=parcels))}
    if hasattr(connector, "track_parcels"):
        verbs["track"] = lambda: list(connector.track_parcels(numbers))
        verbs["consignees"] = lambda: list(connector.track_parcels(numbers, include_consignees=True))
    answers = {}
    for verb, call in verbs.items():
        try:
            answers[verb] = call()
        except FAMILIES as fault:
            answers[verb] = fault
    return answers


def by_number(answers):
    """Return what was answers of each number but the odd one, ready to compare."""
    found = {}
    for verb, answer in answers.items():
        assert not isinstance(answer, FAMILIES), (verb, answer)
        for page in answer:
            for one in page if verb != "gather" else page.findings:
                is_result = isinstance(one, TrackingResult)
                number = one.number if is_result else one.ref
                owner = None if is_result else one.body.get("belongs_to")
                if number in NUMBERS and ODD not in (number, owner):
                    found.setdefault((verb, number), []).append(one if is_result else dict(one.body))
    return found


@each_carrier
def test_an_odd_row_costs_no_other_row(carrier):
    rows = {number: carrier.number(carrier.row, number) for number in NUMBERS}

    @ROWS
    @given(odd=mutated(rows[ODD]), keeps_number=mutated(rows[ODD], keep=carrier.keep), is_kept=st.booleans())
    def check(odd, keeps_number, is_kept):
        served = rows | {ODD: keeps_number if is_kept else odd}
        with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
            connector = carrier.connect(mock)
            carrier.serve(mock, lambda asked: (200, "x", carrier.join({n: rows[n] for n in asked if n in rows})))
            expected = by_number(read_all(carrier, connector))
        with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
            connector = carrier.connect(mock)
            carrier.serve(mock, lambda asked: (200, "x", carrier.join({n: served[n] for n in asked if n in served})))
            answers = read_all(carrier, connector)
            assert by_number(answers) == expected
            json.dumps(
                [finding.body for page in answers["gather"] for finding in page.findings], allow_nan=False
            ).encode()
            read_all(carrier, connector, (ODD,))

    check()


@each_carrier
def test_a_spoiled_answer_raises_one_of_four_families(carrier):
    rows = {number: carrier.number(carrier.row, number) for number in NUMBERS}

    @ANSWERS
    @given(body=spoiled(carrier.join(rows)), status=st.sampled_from(STATUSES), media_type=st.sampled_from(MEDIA_TYPES))
    def check(body, status, media_type):
        with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
            connector = carrier.connect(mock)
            carrier.serve(mock, lambda _: (status, media_type, body))
            read_all(carrier, connector)
            connector.run_checks(SHOP)

    check()


@pytest.mark.parametrize(
    ("carrier", "url", "sampled"),
    [
        (CARRIERS[0], delhivery.SLIP, delhivery.load_sample("packing_slip")),
        (CARRIERS[1], shiprocket.ORDER, shiprocket.COD),
    ],
    ids=["slip", "order"],
)
def test_orders_and_slips_may_be_odd_too(carrier, url, sampled):
    rows = {number: carrier.number(carrier.row, number) for number in NUMBERS}

    @ANSWERS
    @given(odd=mutated(sampled), status=st.sampled_from(STATUSES))
    def check(odd, status):
        with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
            connector = carrier.connect(mock)
            mock.replace(responses.GET, url, body=dump(odd), status=status)
            carrier.serve(mock, lambda asked: (200, "x", carrier.join({n: rows[n] for n in asked if n in rows})))
            read_all(carrier, connector)

    check()
