"""How long Shopify supports a version is computed from its name; what it answered in is compared with what was asked."""

from __future__ import annotations

from datetime import date

import pytest

from bridge.connectors.shopify import Shopify
from bridge.connectors.shopify.api.versions import SUPPORTED_VERSIONS, check_version, list_version_gaps
from bridge.errors import SettingsInvalid
from bridge.sandbox.shopify.server import CLIENT_ID, CLIENT_SECRET
from bridge.sandbox.world import INVENTED_SHOP
from config.settings import Settings


@pytest.mark.parametrize(
    ("version", "today", "ok"),
    [
        ("2026-01", date(2026, 9, 30), True),
        ("2026-01", date(2026, 10, 1), None),
        ("2026-01", date(2026, 12, 31), None),
        ("2026-01", date(2027, 1, 1), False),
        ("2026-10", date(2027, 6, 30), True),
        ("2026-10", date(2027, 7, 1), None),
        ("2026-10", date(2027, 10, 1), False),
        ("2027-01", date(2027, 1, 2), None),
        ("2027-01", date(2028, 1, 1), False),
        ("unstable", date(2026, 11, 30), None),
    ],
)
def test_a_version_is_warned_of_for_three_months_and_fails_afterwards(version, today, ok):
    line = check_version(version, today)
    assert line.ok is ok
    assert version in line.detail


def test_the_day_is_named_and_the_version_to_change_to():
    assert "until 2027-04-01" in check_version("2026-04", date(2026, 5, 1)).detail
    assert "on 2027-04-01" in check_version("2026-04", date(2027, 2, 1)).detail
    assert f"set SHOPIFY_API_VERSION to {SUPPORTED_VERSIONS[-1]}" in check_version("2026-04", date(2027, 5, 1)).detail
    assert f"the documents of {SUPPORTED_VERSIONS[-1]}" in check_version("2027-04", date(2027, 5, 1)).detail


@pytest.mark.parametrize("version", ["2025-10", "2025-07", "2024-01", "2020-04"])
def test_a_retired_version_is_refused_with_the_supported_ones(version):
    with pytest.raises(SettingsInvalid) as caught:
        Settings.from_env({"SHOPIFY_API_VERSION": version})
    [fault] = caught.value.faults
    assert fault.startswith("SHOPIFY_API_VERSION must be one of 2026-01, 2026-04, 2026-07, 2026-10 or newer")


@pytest.mark.parametrize(
    "version", ["2026-02", "26-10", "2026-10 ", "stable", "latest", "2026-10-01", "1999-10", "Unstable"]
)
def test_what_is_no_version_is_refused(version):
    given = {"SHOPIFY_API_VERSION": version}
    if version.strip() == "2026-10":
        assert Settings.from_env(given).shopify_api_version == "2026-10"
    else:
        with pytest.raises(SettingsInvalid, match="must be a dated version"):
            Settings.from_env(given)


@pytest.mark.parametrize("version", [*SUPPORTED_VERSIONS, "2027-01", "2030-10", "unstable"])
def test_a_known_or_newer_version_is_taken_and_can_be_asked(stand_in, version):
    assert Settings.from_env({"SHOPIFY_API_VERSION": version}).shopify_api_version == version
    shopify = Shopify(api_version=version, base_url=stand_in.url, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    lines = {line.name: line for line in shopify.run_checks(INVENTED_SHOP)}
    assert lines["shopify reachable"].ok
    if version in SUPPORTED_VERSIONS:
        assert "shopify version answered" not in lines
    else:
        line = lines["shopify version answered"]
        assert (line.ok, f"asked in {version}, Shopify answered in 2026-10" in line.detail) == (None, True)


def test_a_newer_version_lacks_nothing():
    assert [list_version_gaps(version) for version in ("2026-10", "2027-01", "unstable")] == [(), (), ()]
    assert len(list_version_gaps("2026-01")) == 4
