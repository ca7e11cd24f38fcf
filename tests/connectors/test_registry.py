"""The carriers that can be asked come from the settings, and an unset one is there too."""

from bridge.connectors.registry import carriers
from config.settings import Settings

SET = {
    "DELHIVERY_TOKEN": "token",
    "BLUEDART_CLIENT_ID": "a",
    "BLUEDART_CLIENT_SECRET": "b",
    "BLUEDART_LOGIN_ID": "c",
    "BLUEDART_LICENCE_KEY": "d",
    "BLUEDART_TRACKING_KEY": "e",
}


def test_both_carriers_stand_under_their_id():
    found = carriers(Settings.from_env(SET))
    assert {name: one.system for name, one in found.items()} == {
        "bluedart": "bluedart",
        "delhivery": "delhivery",
    }


def test_unset_carriers_are_there_and_say_so():
    for connector in carriers(Settings.from_env({})).values():
        (line,) = connector.check("shop.myshopify.com")
        assert line.ok is False
        assert "not set" in line.detail
