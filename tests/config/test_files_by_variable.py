"""On a host without disk the merchant's two files come in variables; keys may be what the host generated."""

import base64
import gzip
import secrets

import pytest

from bridge.errors import SettingsInvalid
from config.env_parsers import ParseFault, parse_key, parse_key_ring, parse_toml_text
from config.load import load_merchant_of, load_retention_of, read_configuration
from config.settings import MERCHANT_FILE, RETENTION_FILE
from config.toml_reader import ROOT

MERCHANT = MERCHANT_FILE.read_text().replace("shops = []", 'shops = ["kiran-toys.myshopify.com"]')
RETENTION = RETENTION_FILE.read_text().replace('reviewed_by = ""', 'reviewed_by = "A. Counsel"')


def pack(text: str) -> str:
    return base64.b64encode(gzip.compress(text.encode())).decode()


@pytest.mark.parametrize(
    "form", [str, pack, lambda text: base64.encodebytes(text.encode()).decode()], ids=["text", "gzip", "base64"]
)
def test_the_content_of_both_files_may_be_given(tmp_path, form):
    environ = {"BRIDGE_MERCHANT_TOML": form(MERCHANT), "BRIDGE_RETENTION_TOML": form(RETENTION)}
    configuration = read_configuration(environ, var_dir=tmp_path)
    assert configuration.merchant.shops == load_merchant_of(environ).shops == ("kiran-toys.myshopify.com",)
    assert configuration.retention.reviewed_by == load_retention_of(environ).reviewed_by == "A. Counsel"
    assert "BRIDGE_MERCHANT_TOML: [merchant] legal_name is not set" in configuration.missing
    assert "BRIDGE_RETENTION_TOML: [merchant] warranty_days is not set" in configuration.missing


def test_faults_of_a_content_name_the_variable(tmp_path):
    broken = MERCHANT.replace("ack_hours_law = 48", "ack_hours_law = []")
    with pytest.raises(SettingsInvalid) as caught:
        read_configuration({"BRIDGE_MERCHANT_TOML": broken, "BRIDGE_RETENTION_TOML": "!"}, var_dir=tmp_path)
    assert caught.value.faults == [
        "BRIDGE_RETENTION_TOML must be TOML, or base64 of it",
        "BRIDGE_MERCHANT_TOML: [clocks] ack_hours_law must be a whole number",
    ]


def test_file_and_content_are_not_both_given(tmp_path):
    with pytest.raises(SettingsInvalid) as caught:
        read_configuration(
            {"BRIDGE_MERCHANT_TOML": MERCHANT, "BRIDGE_MERCHANT_FILE": str(MERCHANT_FILE)}, var_dir=tmp_path
        )
    assert caught.value.faults == ["BRIDGE_MERCHANT_TOML and BRIDGE_MERCHANT_FILE are both set: remove one"]


@pytest.mark.parametrize(
    "value",
    ["AAA", "nothing", base64.b64encode(b"\xff\xfe\xff").decode(), pack("a = 1")[:-12]],
    ids=["no base64", "a word", "no text", "cut off"],
)
def test_what_is_neither_toml_nor_base64_of_it_is_refused(value):
    with pytest.raises((ParseFault, SettingsInvalid)):
        load_merchant_of({"BRIDGE_MERCHANT_TOML": value})


def test_a_small_text_cannot_grow_without_bound():
    assert len(parse_toml_text(pack("a = 1\n" + "#" * 5_000_000))) <= 1_000_000


@pytest.mark.parametrize(
    "made", [secrets.token_hex(32), base64.b64encode(secrets.token_bytes(32)).decode()], ids=["Heroku", "Render"]
)
def test_keys_may_be_what_a_host_generates(made):
    ((name, key),) = parse_key_ring(made)
    assert (name, len(key.reveal_bytes())) == ("k1", 32)
    assert key == parse_key(made)
    with pytest.raises(ParseFault, match="names a key id twice"):
        parse_key_ring(f"{made},k1:{base64.b64encode(bytes(32)).decode()}")


@pytest.mark.parametrize("value", ["ab" * 31, "ab" * 33, "g" * 64, "AB" * 32])
def test_what_only_resembles_a_generated_key_is_refused(value):
    with pytest.raises(ParseFault):
        parse_key(value)


@pytest.mark.parametrize("name", ["merchant", "retention"])
def test_the_drafts_of_a_real_shop_can_be_read(name):
    variables = {"BRIDGE_MERCHANT_FILE": ROOT / "docs" / "examples" / "minimiss-merchant.toml"}
    variables["BRIDGE_RETENTION_FILE"] = ROOT / "docs" / "examples" / "minimiss-retention.toml"
    environ = {variable: str(path) for variable, path in variables.items()}
    read = load_merchant_of(environ) if name == "merchant" else load_retention_of(environ)
    assert read.policy_sha256.startswith("3a7195651a46")
