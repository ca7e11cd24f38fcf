"""Loading: production lists all that is missing at once; development starts and knows the same list."""

import base64
from pathlib import Path

import pytest

from bridge.errors import SettingsInvalid
from config.load import read_configuration
from config.readiness import list_startup_blockers
from tests.kit.config_files import copy_changed

CONFIG = Path(__file__).parents[2] / "config"
KEY = base64.b64encode(bytes(32)).decode()
PRODUCTION = {
    "BRIDGE_ENV": "production",
    "DATABASE_URL": "postgres://db.example/bridge",
    "REDIS_URL": "rediss://redis.example:6379",
    "SHOPIFY_CLIENT_ID": "client",
    "SHOPIFY_CLIENT_SECRETS": "secret",
    "BRIDGE_KEYS": f"k1:{KEY}",
    "BRIDGE_PSEUDONYM_KEY": KEY,
    "BRIDGE_EVIDENCE_KEY": KEY,
}
DECIDED = {
    "merchant": (
        ('legal_name = { value = "",', 'legal_name = "Mini Miss" #'),
        ('trading_name = { value = "Example Silver",', 'trading_name = "MINI MISS" #'),
        ('website_url = { value = "https://shop.example.in/",', 'website_url = "https://shop.example.in/" #'),
        ('address = { value = "1 Example Road, Agra, Uttar Pradesh 282001",', 'address = "Agra" #'),
        ('email = { value = "privacy@example.in",', 'email = "privacy@example.in" #'),
        ('policy_sha256 = { value = "",', f'policy_sha256 = "{"3a" * 32}" #'),
        ('legal_entity_type = { value = "unknown",', 'legal_entity_type = "partnership" #'),
        ("shops = []", 'shops = ["mini-miss.myshopify.com"]'),
        ('policy_last_updated = { value = "",', 'policy_last_updated = "2026-11-01" #'),
        ('name = { value = "", status = "unset" }\ndesignation = { value = "",', 'name = "A"\ndesignation = "B" #'),
        ('phone = { value = "", status = "unset" }', 'phone = "+91 562 000 0000"'),
        ('privacy_contact = { value = "",', 'privacy_contact = "a@example.org" #'),
        ('privacy_contact = { value = "",', 'privacy_contact = "b@example.org" #'),
    ),
    "retention": (
        ('policy_sha256 = { value = "",', f'policy_sha256 = "{"3a" * 32}" #'),
        ('reviewed_by = ""', 'reviewed_by = "A. Counsel"'),
        ('reviewed_on = "" ', "reviewed_on = 2026-12-01"),
        ('legal_entity_type = { value = "unknown", status = "unset" }', 'legal_entity_type = "partnership"'),
        ("warranty_days = { value = 0,", "warranty_days = 180 #"),
        ("return_window_days = { value = 0,", "return_window_days = 7 #"),
    ),
}


@pytest.fixture
def files(tmp_path):
    """Writes both files, decided, then with further changes; gives the variables that name them."""

    def write(merchant=(), retention=()):
        environ = {}
        for name, more in (("merchant", merchant), ("retention", retention)):
            path = copy_changed(CONFIG / f"{name}.toml", tmp_path / f"{name}.toml", (*DECIDED[name], *more))
            environ[f"BRIDGE_{name.upper()}_FILE"] = str(path)
        return environ

    return write


def list_faults(environ):
    with pytest.raises(SettingsInvalid) as caught:
        read_configuration(environ)
    return caught.value.faults


def test_production_starts_when_everything_is_decided(files):
    start = read_configuration(PRODUCTION | files())

    assert start.settings.is_production
    assert start.missing == ()
    assert start.merchant.legal_entity_type == "partnership"
    assert any("contract_ref" in warning for warning in start.warnings)
    assert list_startup_blockers(start.settings, start.merchant, start.retention) == []


def test_production_with_the_files_as_shipped_names_all_that_is_missing():
    faults = list_faults(PRODUCTION)

    for each in (
        "config/merchant.toml: [merchant] legal_name is not set",
        "config/merchant.toml: [merchant] shops is not set",
        "config/merchant.toml: [grievance_officer] phone is not set",
        "config/merchant.toml: [processor.bluedart] privacy_contact is not set",
        "config/retention.toml: [merchant] warranty_days is not set",
        "config/retention.toml: reviewed_by is not set",
    ):
        assert each in faults


def test_t23_production_refuses_a_placeholder_and_names_its_place(files):
    """Requirement P-04."""
    environ = files(merchant=[('phone = "+91 562 000 0000"', 'phone = "[Insert Contact Number]"')])

    assert list_faults(PRODUCTION | environ) == [
        f"{environ['BRIDGE_MERCHANT_FILE']}: [grievance_officer] phone is not set"
    ]


def test_faults_of_the_environment_and_of_both_files_come_together(files):
    environ = files(
        merchant=[("ack_hours_law = 48", "ack_hours_law = []"), ('designation = "B"', 'designation = ""')],
        retention=[('reviewed_by = "A. Counsel"', 'reviewed_by = ""')],
    )

    faults = list_faults(PRODUCTION | environ | {"REDIS_URL": "", "PORT": "http"})

    for part in (
        "PORT must be a whole number between 1 and 65535",
        "REDIS_URL is not set",
        "[clocks] ack_hours_law",
        "reviewed_by is not set",
    ):
        assert any(part in fault for fault in faults), part


def test_a_readable_merchant_file_is_checked_although_the_retention_file_is_not_readable(files):
    environ = files(merchant=[('phone = "+91 562 000 0000"', 'phone = ""')], retention=[("[calendar]", "[calendars]")])

    faults = list_faults(PRODUCTION | environ)

    assert any("[grievance_officer] phone is not set" in fault for fault in faults)
    assert any("calendar is missing" in fault for fault in faults)


def test_production_refuses_a_broken_rule(files):
    environ = files(retention=[('law = "cgst"', 'law = "gst"')])

    assert list_faults(PRODUCTION | environ) == [
        f"{environ['BRIDGE_RETENTION_FILE']}: [hold.gst_books] law names a law the file does not have: write the name of a [law.…] table"
    ]


def test_production_refuses_files_that_contradict_each_other(files):
    environ = files(retention=[('"partnership"', '"company"'), ('sha256 = "3a3a', 'sha256 = "4a3a')])

    faults = list_faults(PRODUCTION | environ)

    assert [fault.partition(": ")[2] for fault in faults] == [
        "[merchant] legal_entity_type differs from the merchant's file",
        "privacy_policy_sha256 differs from the merchant's file",
    ]


def test_development_starts_with_what_it_has_and_knows_the_list_of_production(tmp_path):
    start = read_configuration({}, var_dir=tmp_path)

    assert not start.settings.is_production
    assert start.settings.keys
    production = list_faults({"BRIDGE_ENV": "production"})
    assert {"BRIDGE_KEYS is not set", "DATABASE_URL is not set"} < set(start.missing)
    assert set(start.missing) == set(production)


def test_development_refuses_what_is_malformed_and_only_that(tmp_path, files):
    environ = files(merchant=[("ack_hours_law = 48", "ack_hours_law = []")])

    with pytest.raises(SettingsInvalid) as caught:
        read_configuration(environ, var_dir=tmp_path)

    assert caught.value.faults == [f"{environ['BRIDGE_MERCHANT_FILE']}: [clocks] ack_hours_law must be a whole number"]
