"""Helpers of Delhivery's tests: sample answers, and a connector."""

import json
from pathlib import Path

from bridge.connectors.delhivery.client import Delhivery
from bridge.connectors.http import HttpClient
from tests.connectors.contract import SHOP
from tests.kit.gathering import gather_bodies, make_parcel

FIXTURES = Path(__file__).parents[2] / "fixtures" / "carriers"
BASE = "https://delhivery.example"
URL = f"{BASE}/api/v1/packages/json/"
SLIP = f"{BASE}/api/p/packing_slip"
NO_SLIP = {"packages": [], "packages_found": 0}
TOKEN = "token-nobody-may-read"


def sample(case):
    return json.loads((FIXTURES / f"delhivery_track__{case}.json").read_text())


def load_sample(case):
    return json.loads((FIXTURES / f"delhivery_{case}.json").read_text())["body"]


def joined(*cases):
    rows = [row for case in cases for row in sample(case)["ShipmentData"]]
    return json.dumps({"ShipmentData": rows}).encode()


def make_connector(waits=None):
    waits = [] if waits is None else waits
    return Delhivery(base_url=BASE, token=TOKEN, http=HttpClient("delhivery", sleep=waits.append))


def gather_by_number(*numbers, cursor=""):
    return gather_bodies(make_connector(), [make_parcel(number) for number in numbers], shop=SHOP, cursor=cursor)
