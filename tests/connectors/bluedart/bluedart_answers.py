"""Helpers of Blue Dart's tests: sample answers, constructed answers, and a connector."""

import json
from pathlib import Path

from bridge.connectors.bluedart.client import BlueDart
from bridge.connectors.http import HttpClient
from tests.connectors.contract import SHOP
from tests.kit.gathering import gather_bodies, make_parcel

FIXTURES = Path(__file__).parents[2] / "fixtures" / "carriers"
BASE = "https://bluedart.example/in/transportation"
URL = f"{BASE}/tracking/v1/shipment"
CANCEL = f"{BASE}/waybill/v1/CancelWaybill"
LOGIN = f"{BASE}/token/v1/login"
LOGGED_IN = ("GET", LOGIN, {"JWTToken": "jwt-nobody"})
SECRETS = ("id-nobody", "secret-nobody", "login-nobody", "ship-nobody", "track-nobody", "jwt-nobody")


def sample(case):
    return (FIXTURES / f"bluedart_track__{case}.xml").read_bytes()


def reply(case):
    return json.loads((FIXTURES / f"bluedart_{case}.json").read_text())["body"]


def joined(*numbers):
    """Return the JSON form of the sample's shipments, with these numbers."""
    (sampled,) = reply("track__json")["ShipmentData"]["Shipment"]
    return json.dumps({"ShipmentData": {"Shipment": [sampled | {"WaybillNo": number} for number in numbers]}}).encode()


def xml(*shipments):
    return b'<?xml version="1.0" encoding="ISO-8859-1"?><ShipmentData>%b</ShipmentData>' % b"".join(
        shipment.encode("latin-1") for shipment in shipments
    )


def one(number, kind="DL", more=""):
    return f'<Shipment WaybillNo="{number}"><Status>X</Status><StatusType>{kind}</StatusType>{more}</Shipment>'


def make_connector(waits=None, **more):
    settings = dict(
        zip(("client_id", "client_secret", "login_id", "licence_key", "tracking_key"), SECRETS, strict=False)
    )
    waits = [] if waits is None else waits
    return BlueDart(base_url=BASE, **(settings | {"http": HttpClient("bluedart", sleep=waits.append)} | more))


def gather_by_number(*numbers, connector=None):
    return gather_bodies(
        connector or make_connector(), [make_parcel(number, "bluedart") for number in numbers], shop=SHOP
    )
