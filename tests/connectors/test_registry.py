"""Connectors are built from the settings; an unset carrier is registered too."""

import responses

from bridge.connectors.registry import build_connectors
from bridge.ports import CopiesAllParcels, Eraser, Tracker
from config.settings import Settings
from tests.connectors.bluedart.bluedart_answers import sample

NOT_FOUND = sample("not_found")
SET = {
    "DELHIVERY_TOKEN": "token",
    "BLUEDART_CLIENT_ID": "a",
    "BLUEDART_CLIENT_SECRET": "b",
    "BLUEDART_LOGIN_ID": "c",
    "BLUEDART_LICENCE_KEY": "d",
    "BLUEDART_TRACKING_KEY": "e",
}


def test_carriers_are_registered_by_id_and_aggregators_only_if_set():
    assert set(build_connectors(Settings.from_env(SET))) == {"bluedart", "delhivery"}
    more = {"SHIPROCKET_EMAIL": "f", "SHIPROCKET_PASSWORD": "g", "AFTERSHIP_API_KEY": "h"}
    found = build_connectors(Settings.from_env(SET | more))
    assert set(found) == {"bluedart", "delhivery", "shiprocket", "aftership"}
    assert all(one.system == name and one.configured for name, one in found.items())


def test_blue_darts_login_path_comes_from_the_settings():
    with responses.RequestsMock() as mock:
        login = mock.get("https://apigateway.bluedart.com/in/transportation/token/v2/login", json={"JWTToken": "jwt"})
        mock.get("https://apigateway.bluedart.com/in/transportation/tracking/v1/shipment", body=NOT_FOUND)
        found = build_connectors(Settings.from_env(SET | {"BLUEDART_LOGIN_PATH": "/token/v2/login"}))
        found["bluedart"].run_checks("shop.myshopify.com")
        assert login.call_count == 1


def test_unset_carriers_are_registered_as_unconfigured():
    found = build_connectors(Settings.from_env({"SHIPROCKET_EMAIL": "f"}))
    assert set(found) == {"bluedart", "delhivery", "shiprocket"}
    for connector in found.values():
        (line,) = connector.run_checks("shop.myshopify.com")
        assert line.ok is False
        assert "not set" in line.detail


def test_each_connector_has_its_capabilities():
    found = build_connectors(Settings.from_env(SET | {"SHIPROCKET_EMAIL": "f", "AFTERSHIP_API_KEY": "h"}))
    assert {name for name, one in found.items() if isinstance(one, Tracker)} == {"bluedart", "delhivery", "shiprocket"}
    assert {name for name, one in found.items() if isinstance(one, Eraser)} == {"aftership"}
    assert {name for name, one in found.items() if isinstance(one, CopiesAllParcels)} == {"aftership"}
