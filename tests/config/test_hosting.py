"""What an unset BRIDGE_ENV means, and how a database of another machine is reached."""

from __future__ import annotations

import pytest

from bridge.errors import SettingsInvalid
from config.hosting import (
    HOST_MARKS,
    decide_environment,
    describe_database_tls,
    is_local_database,
    require_database_tls,
)
from config.load import read_configuration
from config.settings import Settings, load_settings

AWAY = "postgresql+psycopg://user:pass@db.example.com/bridge"
LOCAL = [
    "",
    "sqlite:///var/bridge.db",
    "postgres://localhost/bridge",
    "postgres://user:p%40ss@127.0.0.1:5433/bridge",
    "postgres://user@[::1]:5432/bridge",
    "postgres:///bridge?host=/var/run/postgresql",
    "postgres://%2Fvar%2Frun/bridge",
]
FOREIGN = [
    "postgres://db/bridge",
    "postgres://10.0.0.5/bridge",
    "postgres://localhost,db.example.com/bridge",
    "postgres:///bridge?host=db.example.com",
    "postgres://localhost/bridge?host=db.example.com",
    "postgres://localhost/bridge?hostaddr=10.0.0.5",
    "postgres://localhost.example.com/bridge",
    "postgres://localhost:x@db.example.com/bridge",
    "postgres://[::1/bridge",
]


@pytest.mark.parametrize("mark", HOST_MARKS)
def test_on_a_host_an_unset_environment_is_production(mark):
    assert decide_environment({mark: "x"})[0] == "production"
    assert mark in decide_environment({mark: "x", "BRIDGE_ENV": " "})[1]
    assert decide_environment({mark: "x", "BRIDGE_ENV": "development"})[0] == "development"
    assert decide_environment({mark: " "})[0] == "development"


@pytest.mark.parametrize(("urls", "env"), [(LOCAL, "development"), (FOREIGN, "production")])
def test_the_database_decides_elsewhere(urls, env):
    for url in urls:
        assert is_local_database(url) == (env == "development"), url
        assert decide_environment({"DATABASE_URL": url})[0] == env, url


def test_an_assumed_production_starts_with_no_keys_of_its_own_and_says_why(tmp_path):
    with pytest.raises(SettingsInvalid) as caught:
        read_configuration({"DYNO": "web.1"}, var_dir=tmp_path)
    assert "BRIDGE_KEYS is not set" in caught.value.faults
    assert any("DYNO" in fault for fault in caught.value.faults)
    assert list(tmp_path.iterdir()) == []
    assert (
        load_settings({}, var_dir=tmp_path).env_reason == "BRIDGE_ENV is not set, and the database is on this machine"
    )


@pytest.mark.parametrize(
    ("query", "mode"),
    [
        ("", "require"),
        ("?sslmode=require", "require"),
        ("?sslmode=verify-ca&sslrootcert=/root.pem", "verify-ca"),
        ("?sslmode=require&sslrootcert=/root.pem", "verify-full"),
        ("?sslrootcert=/root.pem", "verify-full"),
        ("?application_name=bridge", "require"),
    ],
)
def test_a_foreign_database_is_reached_by_tls(query, mode):
    assert describe_database_tls(require_database_tls(AWAY + query)) == mode
    assert ("application_name=bridge" in require_database_tls(AWAY + query)) == ("application" in query)


def settings_faults(**given):
    with pytest.raises(SettingsInvalid) as caught:
        Settings.from_env({"BRIDGE_ENV": "production", **given})
    return [fault for fault in caught.value.faults if "without TLS" in fault]


@pytest.mark.parametrize("weak", ["disable", "allow", "prefer", "", "bogus", "require&sslmode=disable"])
@pytest.mark.parametrize("name", ["DATABASE_URL", "MIGRATE_DATABASE_URL", "BRIDGE_LEDGER_URL"])
def test_production_refuses_less_unless_it_is_waived(name, weak):
    url = f"{AWAY}?sslmode={weak}"
    assert [fault.split()[0] for fault in settings_faults(**{name: url})] == [name]
    assert "pass" not in str(settings_faults(**{name: url}))
    assert settings_faults(**{name: url, "DATABASE_TLS": "waive"}) == []
    assert describe_database_tls(url) == "none"


def test_a_local_database_needs_no_tls():
    for url in LOCAL:
        assert require_database_tls(url) == url
    assert describe_database_tls(LOCAL[2]) == "local"


def test_a_router_is_believed_where_one_is_known(tmp_path):
    def proxies(**given):
        return load_settings({"BRIDGE_ENV": "development", **given}, var_dir=tmp_path).proxies

    assert proxies() == ()
    assert proxies(DYNO="web.1") == ("private",)
    assert proxies(DYNO="web.1", BRIDGE_TRUSTED_PROXIES="10.1.0.0/16, 192.168.1.1") == ("10.1.0.0/16", "192.168.1.1/32")
    with pytest.raises(SettingsInvalid):
        proxies(BRIDGE_TRUSTED_PROXIES="the-router")
