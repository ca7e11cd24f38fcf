"""Settings: one reader of the environment, one list of variables, no value in a fault."""

import ast
import base64
import re
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding

from bridge.errors import SettingsInvalid
from config.development_keys import DEVELOPMENT_KEYS, load_development_keys
from config.settings import Settings, list_variables, load_settings

ROOT = Path(__file__).parents[2]
KEY = base64.b64encode(bytes(range(32))).decode()


def test_env_example_lists_every_variable_in_order_with_its_default_and_meaning():
    text = (ROOT / "config" / "env.example").read_text()
    listed = re.findall(r"^# (.*)\n([A-Z_]+)=(.*)$", text, re.MULTILINE)

    assert [(name, default) for _, name, default in listed] == [
        (name, default) for name, default, _ in list_variables()
    ]
    required = set(Settings.unset_required({}))
    for (comment, name, _), (_, _, meaning) in zip(listed, list_variables(), strict=True):
        assert comment == meaning + (" (required in production)" if name in required else "")


def test_env_example_is_itself_a_valid_environment():
    lines = (ROOT / "config" / "env.example").read_text().splitlines()
    environ = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))

    assert Settings.from_env(environ).port == 8000


def environment_readers(source):
    """Names by which a module reads the environment; to set a variable for a library is no reading."""
    names = {"environ", "environb", "getenv", "getenvb", "putenv"}
    if not any(name in source for name in names):
        return
    nodes = list(ast.walk(ast.parse(source)))
    set_ones = {id(node.value) for node in nodes if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store)}
    for node in nodes:
        if id(node) in set_ones:
            continue
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os":
            yield from {node.attr} & names
        if isinstance(node, ast.ImportFrom) and node.module == "os":
            yield from {alias.name for alias in node.names} & names


def test_only_settings_read_the_environment():
    sources = [
        ROOT / "app.py",
        *(path for top in ("bridge", "workers", "config") for path in (ROOT / top).rglob("*.py")),
    ]
    readers = {
        path.relative_to(ROOT).as_posix()
        for path in sources
        if path.exists() and any(environment_readers(path.read_text()))
    }

    assert list(environment_readers("import os\nos.environ['X']")) == ["environ"]
    assert list(environment_readers("import os\nos.environ['X'] = os.environ['Y']")) == ["environ"]
    assert list(environment_readers("import os\nos.environ['X'] = 'y'")) == []
    assert list(environment_readers("from os import getenv")) == ["getenv"]
    assert readers == {"config/settings.py"}


def test_every_malformed_variable_is_named_and_no_value_is_repeated():
    with pytest.raises(SettingsInvalid) as caught:
        Settings.from_env(
            {
                "PORT": "must names 1",
                "BODY_DEADLINE_S": "900",
                "LEASE_S": "1e400",
                "WEB_CONCURRENCY": "0",
                "LOG_LEVEL": "loud",
                "BRIDGE_KEYS": "hunter2",
                "DATABASE_URL": "mysql://hunter2",
                "SHOPIFY_API_VERSION": "latest",
                "PUBLIC_URL": "ftp://x",
                "BRIDGE_PSEUDONYM_KEY": "ä",
            }
        )

    assert sorted(caught.value.faults) == [
        "BODY_DEADLINE_S must be a number between 0.1 and 60",
        "BRIDGE_KEYS must be id:base64(32 bytes), comma-separated",
        "BRIDGE_PSEUDONYM_KEY must be base64 of 32 random bytes: `openssl rand -base64 32` makes one",
        "DATABASE_URL must start with postgres://, postgresql:// or sqlite:///",
        "LEASE_S must be a number between 1 and 3600",
        "LOG_LEVEL must be one of DEBUG, INFO, WARNING, ERROR",
        "PORT must be a whole number between 1 and 65535",
        "PUBLIC_URL must start with https:// or http://",
        "SHOPIFY_API_VERSION must be a dated version such as 2026-10",
        "WEB_CONCURRENCY must be a whole number between 1 and 64",
    ]


@pytest.mark.parametrize(
    ("ring", "fault"),
    [
        (f"a:{KEY},a:{KEY}", "BRIDGE_KEYS names a key id twice: give each key an id of its own"),
        ("a:AAAA", "BRIDGE_KEYS must be base64 of 32 random bytes: `openssl rand -base64 32` makes one"),
    ],
)
def test_a_key_ring_is_checked(ring, fault):
    with pytest.raises(SettingsInvalid, match=re.escape(fault)):
        Settings.from_env({"BRIDGE_KEYS": ring})


def test_values_are_parsed_and_secrets_stay_hidden():
    settings = Settings.from_env(
        {
            "DATABASE_URL": "postgres://u:p@db/bridge",
            "SHOPIFY_CLIENT_SECRETS": " one, two ,",
            "BRIDGE_KEYS": f"k2:{KEY}, k1:{KEY}",
            "PUBLIC_URL": "https://bridge.example/",
            "PORT": " 9000 ",
            "LOG_LEVEL": "  ",
        }
    )

    assert settings.database_url == "postgresql+psycopg://u:p@db/bridge"
    assert [secret.reveal() for secret in settings.shopify_client_secrets] == ["one", "two"]
    assert [name for name, _ in settings.keys] == ["k2", "k1"]
    assert settings.keys[0][1].reveal_bytes() == bytes(range(32))
    assert (settings.public_url, settings.port, settings.log_level) == ("https://bridge.example", 9000, "INFO")
    assert KEY not in repr(settings)
    assert "two" not in repr(settings.shopify_client_secrets)


def test_secrets_compare_by_value_and_are_false_when_empty():
    one, same = Settings.from_env({"SHOPIFY_CLIENT_SECRETS": "x,x"}).shopify_client_secrets

    assert one == same
    assert one != "x"
    assert len({one, same}) == 2
    assert not Settings.from_env({}).delhivery_token


def test_production_wants_every_required_variable_and_https():
    """Requirement P-66."""
    with pytest.raises(SettingsInvalid) as caught:
        Settings.from_env(
            {
                "BRIDGE_ENV": "production",
                "SHOPIFY_BASE_URL": "http://localhost",
                "PUBLIC_URL": "http://bridge.example.com",
                "SHIPROCKET_BASE_URL": "http://localhost",
            }
        )

    assert "REDIS_URL is not set" in caught.value.faults
    for name in ("SHOPIFY_BASE_URL", "PUBLIC_URL", "SHIPROCKET_BASE_URL"):
        assert f"{name} must start with https:// in production" in caught.value.faults


@pytest.fixture
def root_pem():
    key, name = ed25519.Ed25519PrivateKey.generate(), x509.Name([])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(datetime(2020, 1, 1, tzinfo=UTC)).not_valid_after(
        datetime(2020, 1, 2, tzinfo=UTC)
    )
    return builder.sign(key, None).public_bytes(Encoding.PEM).decode()


def read_roots(path):
    return Settings.from_env({"BRIDGE_TSA_ROOT_FILE": str(path)}).tsa_roots


def test_the_certificates_are_read_from_a_file_and_nothing_else_in_it(tmp_path, root_pem):
    path = tmp_path / "roots.pem"
    path.write_text(
        f"an authority, in March\n{root_pem}\n-----BEGIN PRIVATE KEY-----\nAA\n-----END PRIVATE KEY-----\n{root_pem}"
    )
    assert read_roots(path) == root_pem * 2
    path.write_bytes(root_pem.replace("\n", "\r\n").encode() + "für uns".encode("latin-1"))
    assert read_roots(path) == root_pem
    assert Settings.from_env({}).tsa_roots == ""


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "",
        lambda text: "no certificate",
        lambda text: text.replace("CERTIFICATE", "PUBLIC KEY"),
        lambda text: text[:80] + text[90:],
        lambda text: text + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ],
    ids=["empty", "text", "a key", "damaged", "one of two is damaged"],
)
def test_a_file_without_certificates_is_refused_and_not_quoted(tmp_path, root_pem, change):
    path = tmp_path / "roots.pem"
    path.write_text(change(root_pem))
    with pytest.raises(SettingsInvalid) as caught:
        read_roots(path)
    assert caught.value.faults == [
        "BRIDGE_TSA_ROOT_FILE names a file that holds no certificate in PEM, or a damaged one"
    ]
    for missing in (tmp_path / "none.pem", tmp_path):
        with pytest.raises(SettingsInvalid) as caught:
            read_roots(missing)
        assert caught.value.faults == ["BRIDGE_TSA_ROOT_FILE names a file that cannot be read"]


def test_development_makes_its_keys_once_and_reports_them_as_unset(tmp_path):
    var = tmp_path / "var"

    first, second = load_settings({}, var_dir=var), load_settings({"BRIDGE_PSEUDONYM_KEY": KEY}, var_dir=var)

    assert first.keys == second.keys
    assert first.pseudonym_key != second.pseudonym_key
    assert stat.S_IMODE((var / "development.env").stat().st_mode) == 0o600
    assert list(var.iterdir()) == [var / "development.env"]
    assert set(DEVELOPMENT_KEYS) <= set(first.unset)
    assert "BRIDGE_PSEUDONYM_KEY" not in second.unset


def test_of_two_processes_that_make_keys_the_first_wins(tmp_path, monkeypatch):
    first = load_development_keys(tmp_path)
    real = Path.exists
    monkeypatch.setattr(Path, "exists", lambda path: path.name != "development.env" and real(path))

    assert load_development_keys(tmp_path) == first
    assert [path.name for path in tmp_path.iterdir()] == ["development.env"]


def test_production_makes_no_keys(tmp_path):
    with pytest.raises(SettingsInvalid):
        load_settings({"BRIDGE_ENV": "production"}, var_dir=tmp_path)

    assert list(tmp_path.iterdir()) == []
